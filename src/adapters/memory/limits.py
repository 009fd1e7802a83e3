"""Limits of queues in memory: what a claim may take of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import attrs

from ...application.ports.queues import StoredQueue
from ...domain.job import Job
from ...domain.lease import ClaimOrder
from ...domain.limits import Allowance, OldestFirst, filled
from ...domain.queue import Pause
from ...domain.status import JobStatus
from .store import Transaction


@attrs.frozen
class Limited:
    """The queues of a claim that pause or have limits."""

    allowances: Mapping[str, Allowance]
    pauses: Mapping[str, Pause]

    def __bool__(self) -> bool:
        return bool(self.allowances or self.pauses)

    def admits(self, job: Job) -> bool:
        """Tell whether the job may start; one that may is counted once `take` is told."""
        allowance = self.allowances.get(job.queue)
        return job.queue not in self.pauses and (allowance is None or allowance.admits(job.concurrency_key))

    def ahead(self, order: ClaimOrder) -> ClaimOrder:
        """Return what of a prefetch may be had."""
        room = {name: allowance.ahead for name, allowance in self.allowances.items()}
        far = tuple(name for name in order.queues if room.get(name, 1))
        return attrs.evolve(order, queues=far, limit=min([order.limit, *(room[name] for name in far if name in room)]))

    def take(self, job: Job) -> None:
        """Count a job that starts."""
        if job.queue in self.allowances:
            self.allowances[job.queue].take(job.concurrency_key)

    def keep(self, transaction: Transaction) -> None:
        """Keep what is left of the rates."""
        for name, allowance in self.allowances.items():
            if allowance.left is not None:
                transaction.store.buckets[name] = allowance.left

    @property
    def shared(self) -> bool:
        """Tell whether a share of each claim is for the oldest of some queue, of which any may start."""
        open_ones = (each for each in self.allowances.values() if each.room != 0)
        return any(each.limits.oldest_share is not None for each in open_ones)

    def again_in(self, transaction: Transaction) -> timedelta | None:
        """Return when to look again."""
        ends = [pause.until - transaction.now for pause in self.pauses.values() if pause.until is not None]
        waits = [allowance.again_in for allowance in self.allowances.values()]
        return min([*ends, *(wait for wait in waits if wait is not None)], default=None)


def limited(transaction: Transaction, order: ClaimOrder) -> Limited:
    """Return what stands in the way of a claim."""
    found = [stored for name in order.queues if (stored := transaction.queues.get(name)) is not None]
    pauses = {stored.name: stored.pause for stored in found if stored.pause and stored.pause.holds(transaction.now)}
    steered = [stored for stored in found if stored.settings.limits.steered and stored.name not in pauses]
    return Limited({stored.name: _allowance(transaction, stored) for stored in steered}, pauses)


def in_turn(wanted: Sequence[Job], transaction: Transaction, order: ClaimOrder, oldest: OldestFirst) -> Iterator[Job]:
    """Yield jobs in the order of claims, after those that come first because they have been due longest."""
    first: dict[object, Job] = {}
    for name in order.queues if order.begun else ():
        stored = transaction.queues.get(name)
        share = None if stored is None else stored.settings.limits.oldest_share
        if share is not None:
            mine = sorted((job for job in wanted if job.queue == name), key=lambda job: (job.run_at, job.id))
            first.update((job.id, job) for job in mine[: oldest.places(name, share, order.limit)])
    yield from first.values()
    yield from (job for job in wanted if job.id not in first)


def _allowance(transaction: Transaction, stored: StoredQueue) -> Allowance:
    limits, running = stored.settings.limits, dict[str | None, int]()
    for job in _running(transaction.jobs.values(), stored.name):
        running[job.concurrency_key] = running.get(job.concurrency_key, 0) + 1
    bucket = transaction.store.buckets.get(stored.name)
    return Allowance(limits, running, None if limits.rate is None else filled(bucket, limits.rate, transaction.now))


def _running(jobs: Iterable[Job], queue: str) -> Iterator[Job]:
    return (job for job in jobs if job.queue == queue and job.status is JobStatus.RUNNING)
