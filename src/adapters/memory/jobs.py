"""Jobs as people change them, in memory."""

from collections.abc import Collection, Sequence

import attrs

from ...application.ports.jobs import Change, Created, Enqueued, Existing, Rejected
from ...domain.errors import InvalidJob, Violation
from ...domain.ids import JobId, Json
from ...domain.job import Job
from ...domain.spec import PAYLOAD_BYTES, Birth, OnConflict
from ...domain.status import JobStatus
from .documents import storable
from .store import Transaction


@attrs.frozen
class MemoryJobRepository:
    """A `JobRepository` on a transaction in memory."""

    _transaction: Transaction

    async def add(self, births: Sequence[Birth]) -> Sequence[Enqueued]:
        """Store new jobs; a unique key that is held yields the holder."""
        _check(births)
        await self._transaction.hold(birth.unique_slot for birth in births if birth.unique_slot is not None)
        return [store_birth(self._transaction, birth) for birth in births]

    async def load(self, job_ids: Collection[JobId]) -> Sequence[Job]:
        """Return those of the jobs that exist."""
        jobs = self._transaction.jobs
        return [jobs[job_id] for job_id in job_ids if job_id in jobs]

    async def change(self, changes: Sequence[Change]) -> frozenset[JobId]:
        """Write the moves; return the ids of jobs that had moved on."""
        if any(change.after.payload != change.before.payload and not _fits(change.after.payload) for change in changes):
            raise InvalidJob((Violation("/payload", "cannot be stored", "unstorable"),))
        await self._transaction.hold(change.before.id for change in changes)
        refused = {change.before.id for change in changes if self._moved_on(change.before)}
        for change in changes:
            if change.before.id not in refused:
                self._write(change)
        return frozenset(refused)

    async def remove(self, jobs: Collection[Job]) -> frozenset[JobId]:
        """Forget jobs and their attempts; return the ids of those that had moved on."""
        await self._transaction.hold(job.id for job in jobs)
        refused = {job.id for job in jobs if self._moved_on(job)}
        self._transaction.forget(job.id for job in jobs if job.id not in refused)
        return frozenset(refused)

    async def depth(self, queue: str, cap: int) -> int:
        """Return how many jobs wait in a queue, counted up to `cap`."""
        waiting = (job for job in self._transaction.jobs.values() if job.queue == queue)
        return min(sum(job.status is JobStatus.QUEUED for job in waiting), cap)

    def _write(self, change: Change) -> None:
        """Write what the move changed and nothing else: a heartbeat may have renewed the lease since `before`."""
        before, after = (attrs.asdict(job, recurse=False) for job in (change.before, change.after))
        moved = {name: value for name, value in after.items() if value != before[name]}
        job = self._transaction.jobs[change.before.id]
        self._transaction.jobs[job.id] = attrs.evolve(job, **moved)

    def _moved_on(self, before: Job) -> bool:
        job = self._transaction.jobs.get(before.id)
        return job is None or _facts(job) != _facts(before)


def _check(births: Sequence[Birth]) -> None:
    bad = [place for place, birth in enumerate(births) if not _fits(birth.spec.payload)]
    if bad:
        raise InvalidJob(tuple(Violation(f"/{place}/payload", "cannot be stored", "unstorable") for place in bad))


def _fits(payload: Json) -> bool:
    return payload.lstrip().startswith(b"{") and storable(payload, PAYLOAD_BYTES)


def store_birth(transaction: Transaction, birth: Birth) -> Enqueued:
    """Store one new job, unless another holds its unique key."""
    holder = _holder(transaction, birth.unique_slot)
    if holder is None:
        job = Job.born(birth, transaction.now)
        transaction.jobs[job.id] = job
        return Created(job)
    unique = birth.spec.unique
    if unique is not None and unique.on_conflict is OnConflict.REJECT:
        return Rejected(holder.id)
    return Existing(holder)


def _holder(transaction: Transaction, slot: str | None) -> Job | None:
    if slot is None:
        return None
    return next((job for job in transaction.jobs.values() if job.unique_slot == slot), None)


def _facts(job: Job) -> tuple[object, ...]:
    return job.status, job.lease_token, job.revision, job.cancel_requested_at
