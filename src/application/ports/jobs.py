"""Where jobs are kept: the cold repository for people's moves, the hot leases for workers' moves."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

import attrs

from ...domain.ids import JobId
from ...domain.job import Job
from ...domain.lease import Claim, ClaimOrder, Fence, Heartbeat, Pulse
from ...domain.settlement import Settlement
from ...domain.spec import Birth
from ...domain.status import JobStatus


@attrs.frozen
class Created:
    """The job was stored."""

    job: Job


@attrs.frozen
class Existing:
    """Another job of the same owner holds the unique key, and the caller is content with that one."""

    job: Job


@attrs.frozen
class Rejected:
    """Another job of the same owner holds the unique key, and the caller wanted to be refused then."""

    existing_job_id: JobId


Enqueued: TypeAlias = Created | Existing | Rejected


@attrs.frozen
class Change:
    """One decided move: it is written only if the job is still as it was `before`."""

    before: Job
    after: Job


class JobRepository(Protocol):
    """Jobs as people change them, inside a unit of work: nothing is kept unless the unit commits."""

    async def add(self, births: Sequence[Birth]) -> Sequence[Enqueued]:
        """Store new jobs, all in one go, and tell for each what came of it, in order.

        Delays count from the database's clock. A unique key that is held yields `Existing` or `Rejected` as its
        birth wishes; two births of one call with the same key: the first wins. Raises `InvalidJob` if a payload
        outgrows its bound once stored.
        """
        ...

    async def load(self, job_ids: Collection[JobId]) -> Sequence[Job]:
        """Return those of the jobs that exist, in no given order."""
        ...

    async def change(self, changes: Sequence[Change]) -> frozenset[JobId]:
        """Write the moves and return the ids of those refused because the job had moved on meanwhile.

        A job counts as moved if its status, lease token, revision or cancel request differs from `before`. Raises
        `InvalidJob` if a payload outgrows its bound once stored.
        """
        ...

    async def remove(self, jobs: Collection[Job]) -> frozenset[JobId]:
        """Forget jobs with all their attempts; return the ids of those refused because they had moved on meanwhile.

        What counts as moved on is as for `change`; a job that is gone has.
        """
        ...

    async def depth(self, queue: str, cap: int) -> int:
        """Return how many jobs wait in a queue, due or not, counted up to `cap`."""
        ...


class SettleAnswer(StrEnum):
    """What became of one settlement."""

    APPLIED = "applied"
    REPEATED = "repeated"
    LEASE_LOST = "lease-lost"
    CANCEL_REQUESTED = "cancel-requested"
    UNSTORABLE = "unstorable"


@attrs.frozen
class Settled:
    """The answer to one settlement; `status` is the job's status now, `None` if there is no such job.

    `REPEATED`: the same fence was settled with the same outcome before; nothing changed now. `CANCEL_REQUESTED`:
    the decision stood on nobody wanting to cancel; decide again with the cancel request known. `UNSTORABLE`: the
    result cannot be kept (too large once stored, or no storable JSON); nothing changed, decide again without it.
    """

    fence: Fence
    answer: SettleAnswer
    status: JobStatus | None


Decide: TypeAlias = Callable[[Sequence[Claim]], Sequence[Settlement]]
"""A pure decision about claims that were taken over."""


class JobLeases(Protocol):
    """Jobs as workers hold them. Each call is one short transaction of its own; its time is the database's.

    Each raises `Unavailable` when the database does not answer; then the call may or may not have taken effect.
    """

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        """Lease due jobs to a worker, lowest priority number first, then longest due; never one job twice.

        `only` narrows the claim to these ids. Rows that another claimer is looking at are passed over, never
        waited for. A job whose `expires_at` has passed is never claimed.

        Of a queue that pauses nothing is claimed. Limits hold whoever claims at once: those who claim from a queue
        with counted limits take turns. A queue whose claims are steered is never prefetched from. What limits keep
        back is passed over, in a claim of all as in one of ids; the answer then is a `Granted` that says when to look
        again.
        """
        ...

    async def heartbeat(self, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
        """Extend the leases whose fences still hold, to `lease` from now; tell which are lost or to be cancelled."""
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settled]:
        """Write how attempts ended, each only under its fence, all in one transaction; answer each, in order."""
        ...

    async def lapse(self, limit: int, decide: Decide) -> Sequence[Settled]:
        """Take over at most `limit` leases that ran out, oldest first, and settle them as `decide` says.

        Take-over, decision and settlement are one transaction; one job that cannot be settled does not keep the
        others from it.
        """
        ...

    async def expire(self, limit: int) -> Sequence[JobId]:
        """Cancel at most `limit` queued jobs whose `expires_at` has passed; return their ids."""
        ...
