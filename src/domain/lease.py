"""The right to run a job for a while: fences, claims, and what keeps them alive."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs

from .ids import JobId, Json, UserId, WorkerId
from .retry import Backoff


@attrs.frozen(order=True)
class Fence:
    """What every write of a worker carries: which job, and under which lease.

    `token` grows by one at each claim and each take-over of the job and is never reset, so a late write by a
    former holder can always be told from the present holder's.
    """

    job_id: JobId
    token: int

    def __str__(self) -> str:
        return f"{self.job_id}:{self.token}"


@attrs.frozen
class Claim:
    """A job held under a lease, with all that is needed to run it and to decide its fate.

    `begun` says whether the attempt counts as started: a crash of a begun attempt is charged to the retry budget.
    `lapse_count` is how many leases of this job have run out. `worker_id` is who holds (or held) the lease.
    """

    fence: Fence
    task: str
    queue: str
    payload: Json
    attempt: int
    retry_count: int
    max_retries: int
    backoff: Backoff | None
    timeout: timedelta
    begun: bool
    lapse_count: int
    cancel_requested: bool
    priority: int
    created_at: datetime
    run_at: datetime
    lease_expires_at: datetime
    worker_id: WorkerId
    tags: tuple[str, ...] = ()
    user_id: UserId | None = None
    parent_id: JobId | None = None
    traceparent: str | None = None

    @property
    def job_id(self) -> JobId:
        """The job's id."""
        return self.fence.job_id

    def with_cancel_requested(self) -> Self:
        """Return the claim as it is once somebody asked to cancel it."""
        return attrs.evolve(self, cancel_requested=True)


@attrs.frozen
class ClaimOrder:
    """What a worker asks for: at most `limit` due jobs of `queues`, each under a lease of length `lease`.

    Queues are served in the order given where priorities are equal. `tasks` narrows the claim to tasks that the
    worker knows; `None` is all of them. `begun` is false for a prefetch: it does not count as started until a
    heartbeat says so, and never takes a job whose lease ran out before.
    """

    worker_id: WorkerId
    queues: tuple[str, ...]
    limit: int
    lease: timedelta
    tasks: frozenset[str] | None = None
    begun: bool = True


class Granted(tuple[Claim, ...]):  # noqa: SLOT001 - a tuple's length is its own
    """Claims from queues of which some have limits or pause.

    Where these kept jobs back, look again after `again_in`, or once a job in hand has ended.
    """

    again_in: timedelta | None = None

    @classmethod
    def of(cls, claims: Iterable[Claim], again_in: timedelta | None) -> Self:
        """Return `claims` with when to look again; `None` where no limit kept anything back."""
        granted = cls(claims)
        granted.again_in = again_in
        return granted


def again_in(*answers: Sequence[Claim]) -> timedelta | None:
    """Return when to look again for what limits kept back from any of these answers; `None` if nothing was."""
    times = [answer.again_in for answer in answers if isinstance(answer, Granted) and answer.again_in is not None]
    return min(times, default=None)


@attrs.frozen
class Pulse:
    """One held job in a heartbeat: extend it; `begun` once its handler has started; `progress` if it moved."""

    fence: Fence
    begun: bool = True
    progress: Json | None = None


@attrs.frozen
class Heartbeat:
    """The answer to a set of pulses: all leases were extended but `lost`; `cancel` are asked to stop."""

    lost: frozenset[Fence] = frozenset()
    cancel: frozenset[Fence] = frozenset()
