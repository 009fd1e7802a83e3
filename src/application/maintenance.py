"""The passes that keep the table true without a leader: each is bounded, idempotent and safe in every process."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import attrs

from ..domain.events import JobQueued
from ..domain.ids import JobId
from ..domain.lease import Claim
from ..domain.outcomes import Lapsed
from ..domain.settlement import Settlement
from ..domain.status import JobStatus
from .failure_policies import SYSTEM, FailurePolicies
from .measuring import Measure
from .ports.dead_letters import DeadLetters
from .ports.jobs import JobLeases, Settled
from .ports.platform import Jitter
from .ports.queue import JobQueue
from .ports.statistics import Statistics
from .ports.unit_of_work import UnitsOfWork
from .signals import announce

PASS_ROWS = 1_000
"""No pass touches more rows than this in one transaction."""

FOLD_EVERY = timedelta(seconds=2)
FOLD_STATISTICS_EVERY = timedelta(seconds=5)
TIDY_STATISTICS_EVERY = timedelta(minutes=10)
SOON = timedelta(seconds=5)
"""Jobs that fall due so soon are seen to now: a process may look again only after that."""

EXPIRE_EVERY = timedelta(seconds=15)
FORGET_EVERY = timedelta(hours=1)


@attrs.frozen
class Pass:
    """Something to be done every `period` by one of all processes.

    `run` does one bounded set (at most `PASS_ROWS` rows, about a second) and tells whether more waits: then it is run
    again at once, by the same process. It may be cut off anywhere and run again, and two may run at once. It raises
    `Unavailable` when the database is away; then it is repeated. `only_if_due` spares the pass while no job of this
    process's queues is due, or will be within `SOON`.
    """

    name: str
    period: timedelta
    run: Callable[[], Awaitable[bool]]
    only_if_due: bool = False


@attrs.frozen
class RecoverLapses:
    """Settle jobs whose lease ran out, through the same decision as any other ending, and wake who may run them."""

    leases: JobLeases
    jitter: Jitter
    policies: FailurePolicies = SYSTEM
    queue: JobQueue | None = None
    measure: Measure | None = None

    async def __call__(self, limit: int = PASS_ROWS) -> Sequence[Settled]:
        """Take over and settle at most `limit` lapsed jobs; return what came of each."""
        taken: dict[JobId, Claim] = {}
        decided: list[Settlement] = []

        def decide(claims: Sequence[Claim]) -> Sequence[Settlement]:
            taken.update((claim.job_id, claim) for claim in claims)
            decided.extend(self.policies.decide(claim, Lapsed(), jitter=self.jitter.draw()) for claim in claims)
            return decided

        await self.policies.renew()
        settled = await self.leases.lapse(limit, decide)
        if self.measure is not None:
            for told in settled:
                self.measure.lapsed(told)
        if self.queue is not None:
            back = (taken[told.fence.job_id] for told in settled if told.status is JobStatus.QUEUED)
            await announce(self.queue, [_queued(claim) for claim in back])
        dead = {told.fence for told in settled if told.status is JobStatus.DEAD}
        await self.policies.tell(settlement for settlement in decided if settlement.fence in dead)
        return settled


def _queued(claim: Claim) -> JobQueued:
    return JobQueued(claim.job_id, claim.queue, claim.priority, claim.run_at)


@attrs.frozen
class ExpireJobs:
    """Cancel jobs that were not started by their `expires_at`."""

    leases: JobLeases

    async def __call__(self, limit: int = PASS_ROWS) -> int:
        """Expire at most `limit` jobs; return how many."""
        return len(await self.leases.expire(limit))

    async def run(self) -> bool:
        """Expire one set; tell whether more waits."""
        return await self() == PASS_ROWS


@attrs.frozen
class ForgetAnswers:
    """Drop the answers kept for idempotency keys that are past their time."""

    units_of_work: UnitsOfWork

    async def __call__(self, limit: int = PASS_ROWS) -> int:
        """Drop at most `limit` answers; return how many."""
        async with self.units_of_work() as unit:
            forgotten = await unit.idempotency.forget(limit)
            await unit.commit()
        return forgotten

    async def run(self) -> bool:
        """Drop one set; tell whether more waits."""
        return await self() == PASS_ROWS


@attrs.frozen
class FoldDeadLetters:
    """Put counted deaths and revivals together, so that looking at the groups stays cheap."""

    dead_letters: DeadLetters

    async def __call__(self, limit: int = PASS_ROWS) -> int:
        """Fold at most `limit` changes; return how many."""
        return await self.dead_letters.fold(limit)

    async def run(self) -> bool:
        """Fold one set; tell whether more waits."""
        return await self() == PASS_ROWS


@attrs.frozen
class FoldStatistics:
    """Put what was counted together, so that looking at it stays cheap."""

    statistics: Statistics

    async def __call__(self, limit: int = PASS_ROWS) -> int:
        """Fold at most `limit` changes; return how many."""
        return await self.statistics.fold(limit)

    async def run(self) -> bool:
        """Fold one set; tell whether more waits."""
        return await self() == PASS_ROWS


@attrs.frozen
class TidyStatistics:
    """Keep statistics small: put old minutes into their hours, and forget old hours."""

    statistics: Statistics

    async def __call__(self, limit: int = PASS_ROWS) -> int:
        """Put away at most `limit` rows of each; return how many."""
        return await self.statistics.tidy(limit)

    async def run(self) -> bool:
        """Put one set away; tell whether more waits."""
        return await self() >= PASS_ROWS
