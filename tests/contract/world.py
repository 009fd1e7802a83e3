"""One set of adapters under test, with the one seam that lets time pass, and words for what tests do with it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import attrs
from tests.builders import LEASE, WORKER, an_order

from equeue.application.manage import Answer, ManageJobs, Moved
from equeue.application.ports.bulk import BulkReads
from equeue.application.ports.dead_letters import DeadLetters
from equeue.application.ports.demand import Demands
from equeue.application.ports.due import DueJobs
from equeue.application.ports.intake import Intake
from equeue.application.ports.jobs import Created, Enqueued, JobLeases, SettleAnswer, Settled
from equeue.application.ports.presence import Presence
from equeue.application.ports.pruning import Pruning
from equeue.application.ports.queue import JobQueue
from equeue.application.ports.reads import Attempt, JobReads
from equeue.application.ports.situations import Situations
from equeue.application.ports.statistics import LiveFigures, Statistics
from equeue.application.ports.unit_of_work import UnitsOfWork
from equeue.application.ports.watching import JobWatch, TopicWatch
from equeue.domain.job import Job
from equeue.domain.lease import Claim, Pulse
from equeue.domain.outcomes import Lapsed, Outcome
from equeue.domain.retry import Backoff, Fixed
from equeue.domain.settlement import Settlement, settle
from equeue.domain.spec import Birth

TEN_SECONDS = Fixed(base=10.0)


@attrs.define(eq=False)
class World:
    """Adapters over one empty database. `let_pass` makes everything in it older, which is what time does.

    `let_be_counted` has the database hand in at once what its sessions counted.
    """

    leases: JobLeases
    units_of_work: UnitsOfWork
    reads: JobReads
    bulk_reads: BulkReads
    pruning: Pruning
    dead_letters: DeadLetters
    statistics: Statistics
    live_figures: LiveFigures
    demands: Demands
    queue: JobQueue
    let_pass: Callable[[timedelta], Awaitable[None]]
    another_leases: Callable[[], JobLeases]
    another_queue: Callable[[], JobQueue]
    due: DueJobs
    intake: Intake
    another_intake: Intake
    job_watch: JobWatch
    topic_watch: TopicWatch
    let_be_counted: Callable[[], Awaitable[None]]
    situations: Situations
    presence: Presence

    @property
    def manage(self) -> ManageJobs:
        """People's moves over this world."""
        return ManageJobs(self.units_of_work, self.queue)

    async def now(self) -> datetime:
        """Return the time by which this world judges."""
        async with self.units_of_work() as unit:
            return await unit.now()

    async def add(self, *births: Birth) -> Sequence[Enqueued]:
        """Store jobs in a transaction of their own."""
        async with self.units_of_work() as unit:
            answers = await unit.jobs.add(births)
            await unit.commit()
        return answers

    async def enqueue(self, *births: Birth) -> list[Job]:
        """Store jobs that nothing stands in the way of."""
        answers = await self.add(*births)
        jobs = [answer.job for answer in answers if isinstance(answer, Created)]
        assert len(jobs) == len(births)
        return jobs

    async def job(self, job_id: UUID) -> Job:
        """Return a job that is there."""
        found = await self.reads.get(job_id)
        assert found is not None
        return found[0]

    async def attempts(self, job_id: UUID) -> Sequence[Attempt]:
        """Return what is remembered of a job's attempts."""
        page = await self.reads.attempts(job_id, limit=1_000)
        assert page.next is None
        return list(page.items)

    async def claim(
        self, *queues: str, limit: int = 100, worker: UUID = WORKER, begun: bool = True, lease: timedelta = LEASE
    ) -> Sequence[Claim]:
        """Claim what is due."""
        return await self.leases.claim(an_order(*queues, limit=limit, worker=worker, begun=begun, lease=lease))

    async def claimed(self, birth: Birth, *, worker: UUID = WORKER, begun: bool = True) -> Claim:
        """Enqueue one job and claim it."""
        await self.enqueue(birth)
        return await self.reclaimed(birth.job_id, worker=worker, begun=begun)

    async def reclaimed(self, job_id: UUID, *, worker: UUID = WORKER, begun: bool = True) -> Claim:
        """Claim one job that is there and due."""
        job = await self.job(job_id)
        (claim,) = await self.leases.claim(an_order(job.queue, worker=worker, begun=begun), [job_id])
        return claim

    async def settle(self, claim: Claim, outcome: Outcome, *, ran: timedelta | None = None) -> Settled:
        """Decide how one attempt ended and write it."""
        (settled,) = await self.leases.settle([decided(claim, outcome, ran=ran)])
        return settled

    async def ended(self, claim: Claim, outcome: Outcome, *, ran: timedelta | None = None) -> Job:
        """Settle an attempt whose lease holds; return the job as it is then."""
        settled = await self.settle(claim, outcome, ran=ran)
        assert settled.answer is SettleAnswer.APPLIED
        return await self.job(claim.job_id)

    async def lapse(self, limit: int = 100) -> Sequence[Settled]:
        """Take over and settle leases that ran out."""
        return await self.leases.lapse(limit, lambda claims: [decided(claim, Lapsed()) for claim in claims])

    async def beat(self, claim: Claim, *, begun: bool = True) -> bool:
        """Extend one lease; tell whether it held."""
        return not (await self.leases.heartbeat([Pulse(claim.fence, begun)], LEASE)).lost

    async def cancel(self, job_id: UUID) -> Answer:
        """Cancel one job, as a person does."""
        return (await self.manage.cancel([job_id]))[job_id]

    async def retry(self, job_id: UUID) -> Job:
        """Queue one ended job again, as a person does."""
        answer = (await self.manage.retry([job_id]))[job_id]
        assert isinstance(answer, Moved)
        return answer.job


def decided(
    claim: Claim, outcome: Outcome, *, backoff: Backoff = TEN_SECONDS, ran: timedelta | None = None
) -> Settlement:
    """Return the domain's decision, with ten seconds before a retry and no chance in it."""
    return settle(claim, outcome, backoff, jitter=0.0, ran=ran)


def near(instant: datetime | None, expected: datetime) -> bool:
    """Tell whether an instant is the expected one, but for the time that the calls themselves took."""
    return instant is not None and abs(instant - expected) < timedelta(seconds=5)
