"""Where hints are ids, a worker takes as many as it has room for, and runs what they name without looking around."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import attrs
from tests.unit.worker.test_claiming import Gate
from tests.unit.worker.world import World, breathe
from uuid_utils.compat import uuid7

from equeue.application.ports.queue import QueueHealth, Received
from equeue.domain.events import CancelRequested, JobQueued
from equeue.domain.ids import JobId
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.hinted import MOST, Hinted
from equeue.entrypoints.worker.parts import WorkerRules

STALE = tuple(uuid7() for _ in range(MOST))


@attrs.define(eq=False)
class IdQueue:
    """A queue of ids as small as can be; it notes how many were asked for, and can be put out of order."""

    ids: list[JobId] = attrs.field(factory=list)
    cancels: set[JobId] = attrs.field(factory=set)
    asked: list[int] = attrs.field(factory=list)
    ok: bool = True
    changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def receive(self, queues: Sequence[str], timeout: object, limit: int = MOST) -> Received:
        del queues, timeout
        self.asked.append(limit)
        while not (self.cancels or (self.ids and limit) or not self.ok):
            self.changed.clear()
            await self.changed.wait()
        if not self.ok:
            await asyncio.sleep(0.01)
            return Received()
        taken, self.ids = self.ids[:limit], self.ids[limit:]
        cancels, self.cancels = frozenset(self.cancels), set()
        return Received(frozenset(), tuple(taken), cancels)

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Keep nothing: the test says which ids there are."""

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Pass over it."""

    async def health(self) -> QueueHealth:
        return QueueHealth(ok=self.ok, ids=True)

    def put(self, *job_ids: JobId) -> None:
        self.ids.extend(job_ids)
        self.changed.set()


async def test_no_more_ids_are_taken_than_there_is_room_for(world: World) -> None:
    """What a busy worker leaves in the queue, an idle one can take; the rest is taken as slots come free."""
    gate, queue = Gate(), IdQueue()
    await world.start(gate.tasks, WorkerRules(concurrency=2, prefetch=False), queue=queue)
    await breathe()
    ids = await world.enqueue_all([JobSpec("gated.task")] * 5)
    queue.put(*ids)
    await world.until(lambda: gate.inside == 2)
    await breathe()
    assert len(queue.ids) == 3
    assert max(queue.asked) <= 2
    for _ in ids:
        gate.through.release()
        await breathe()
    await world.until_ended(*ids)
    assert gate.most == 2


async def test_a_worker_without_room_hears_of_cancels(world: World) -> None:
    """That is when it runs something that can be stopped."""
    gate, queue = Gate(), IdQueue()
    await world.start(gate.tasks, WorkerRules(concurrency=1), queue=queue)
    await breathe()
    job_id = await world.enqueue("gated.task")
    queue.put(job_id)
    await world.until(lambda: gate.inside == 1)
    queue.cancels.add(job_id)
    queue.changed.set()
    await world.until(lambda: world.job(job_id).status.ended or bool(world.attempts(job_id)))
    assert world.attempts(job_id)[-1].outcome is AttemptOutcome.CANCELLED


async def test_stale_ids_are_dropped_and_asked_for_in_larger_sets(world: World) -> None:
    """A thousand ids that name nothing do not hold up the one behind them, whatever the room."""
    gate, queue = Gate(), IdQueue()
    await world.start(gate.tasks, WorkerRules(concurrency=1), queue=queue)
    await breathe()
    job_id = await world.enqueue("gated.task")
    queue.put(*STALE, job_id)
    await world.until(lambda: gate.inside == 1)
    assert len(queue.asked) < 100
    gate.through.release()
    await world.until_ended(job_id)


async def test_when_ids_no_longer_come_the_worker_looks(world: World) -> None:
    """A queue that says it is not well leaves the worker to the database, at once and then at the pace of polls."""
    gate, queue = Gate(), IdQueue()
    await world.start(gate.tasks, queue=queue)
    await breathe()
    job_id = await world.enqueue("gated.task")
    queue.ok = False
    queue.changed.set()
    await world.until(lambda: gate.inside == 1)
    gate.through.release()
    await world.until_ended(job_id)
    assert world.job(job_id).status is JobStatus.SUCCEEDED


def test_what_a_full_claim_left_is_kept() -> None:
    """Ids beyond the limit of a claim may still be had; those that a short claim left are nothing."""
    hinted, ids = Hinted(), [UUID(int=n) for n in range(1, 6)]
    hinted.add(ids)
    assert hinted.wanted(10) == 5
    hinted.asked(hinted.all(), [], limit=0)
    assert hinted.all() == tuple(ids)
    hinted.asked(hinted.all(), [], limit=3)
    assert not hinted


def test_never_more_than_a_bound_is_asked_for() -> None:
    """However useless ids were of late."""
    hinted = Hinted()
    for _ in range(20):
        hinted.asked(STALE, [], limit=MOST)
    assert hinted.wanted(1) == 50
    assert hinted.wanted(500) == MOST
