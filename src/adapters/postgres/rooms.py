"""What a claim under limits reads: which queues pause, what runs there, and the jobs that were found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from ...domain.ids import JobId
from ...domain.lease import ClaimOrder
from ...domain.limits import Allowance, Bucket, QueueLimits, Rate, filled


@attrs.frozen
class Found:
    """A job that is due, as far as the choice needs it; without an id only how far a walk along the keys came."""

    job_id: JobId
    queue: str
    priority: int
    run_at: datetime
    key: str | None

    @property
    def lane(self) -> tuple[str, int]:
        """Where it waits."""
        return self.queue, self.priority

    @property
    def mark(self) -> tuple[datetime, JobId]:
        """What comes after it lies behind this."""
        return self.run_at, self.job_id


@attrs.frozen
class Room:
    """What may be taken of one queue. `resumes_in` tells how long it pauses, if that has an end."""

    allowance: Allowance
    paused: bool = False
    resumes_in: timedelta | None = None

    @property
    def open(self) -> bool:
        """Tell whether any job may start."""
        return not self.paused and self.allowance.room != 0

    @property
    def ahead(self) -> int:
        """How many jobs may be prefetched."""
        return 0 if self.paused else self.allowance.ahead

    def fits(self, jobs: int) -> bool:
        """Tell whether so many jobs may start, whichever they are, in the order of claims."""
        sure = self.allowance.sure
        return self.allowance.limits.oldest_share is None and (sure is None or jobs <= sure)

    @property
    def shared(self) -> bool:
        """Tell whether a share of each claim is for the oldest, and any may start."""
        return self.open and self.allowance.limits.oldest_share is not None

    @property
    def keyed(self) -> bool:
        """Tell whether keys have limits here."""
        return self.allowance.limits.max_running_per_key is not None

    @property
    def again_in(self) -> timedelta | None:
        """When to look again."""
        return self.resumes_in if self.paused else self.allowance.again_in

    def admits(self, key: str | None) -> bool:
        """Tell whether one more job with this key may start."""
        return not self.paused and self.allowance.admits(key)


def ahead(order: ClaimOrder, rooms: Mapping[str, Room]) -> ClaimOrder:
    """Return what of a prefetch may be had: nothing of queues near their limits, and of others a part of their room."""
    far = tuple(name for name in order.queues if name not in rooms or rooms[name].ahead)
    limit = min([order.limit, *(rooms[name].ahead for name in far if name in rooms)])
    return attrs.evolve(order, queues=far, limit=limit)


def rooms_of(rows: Sequence[Sequence[Any]]) -> dict[str, Room]:
    """Return the steered queues by name, of rows with one key that runs there each."""
    running: dict[str, dict[str | None, int]] = {}
    for name, *_, key, jobs in rows:
        counts = running.setdefault(name, {})
        if jobs is not None:
            counts[key] = jobs
    facts = {row[0]: row[1:12] for row in rows}
    return {name: _room(running[name], *facts[name]) for name in facts}


def _room(
    running: dict[str | None, int],
    now: datetime,
    paused: bool,  # noqa: FBT001 - a column
    until: datetime | None,
    max_running: int | None,
    per_key: int | None,
    limit: int | None,
    period_s: float | None,
    burst: int | None,
    tokens: float | None,
    at: datetime | None,
    oldest_share: float | None,
) -> Room:
    rate = None if limit is None or period_s is None else Rate(limit, timedelta(seconds=period_s), burst)
    limits = QueueLimits(max_running, per_key, rate, oldest_share=oldest_share)
    kept = None if tokens is None or at is None else Bucket(tokens, at)
    bucket = None if rate is None else filled(kept, rate, now)
    return Room(Allowance(limits, running, bucket), paused, until - now if paused and until else None)
