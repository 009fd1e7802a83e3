"""One look tells what changed of all jobs that anybody waits for, and of whole topics whether anything did."""

from collections.abc import Mapping

from tests.builders import OWNER, a_birth, seconds
from tests.contract.world import World, near
from uuid_utils.compat import uuid7

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.watching import UNSEEN, Missing, Sight, Topic
from equeue.domain.ids import UUID
from equeue.domain.lease import Pulse
from equeue.domain.outcomes import Released, Succeeded
from equeue.domain.queue import QueueSettings
from equeue.domain.status import JobStatus


async def look(world: World, job_id: UUID, mark: str = UNSEEN) -> Sight | None:
    """Return where one job stands unless it is as known."""
    seen = (await world.job_watch.look({job_id: mark})).get(job_id)
    assert not isinstance(seen, Missing)
    return seen


async def test_a_job_is_seen_as_it_stands(world: World) -> None:
    """With all that a stream tells of it."""
    (job,) = await world.enqueue(a_birth(owner=OWNER, queue="q"))
    seen = await look(world, job.id)
    assert seen is not None
    assert (seen.status, seen.queue, seen.attempt, seen.retry_count) == (JobStatus.QUEUED, "q", 0, 0)
    assert (seen.run_at, seen.started_at, seen.finished_at, seen.progress) == (job.run_at, None, None, None)
    assert not seen.cancel_requested
    assert near(seen.server_time, await world.now())


async def test_what_is_as_known_is_not_told(world: World) -> None:
    """A look at which nothing changed brings nothing back, however many wait."""
    jobs = await world.enqueue(*(a_birth() for _ in range(3)))
    seen = await world.job_watch.look({job.id: UNSEEN for job in jobs})
    assert seen.keys() == {job.id for job in jobs}
    marks = {job_id: sight.mark for job_id, sight in seen.items() if isinstance(sight, Sight)}
    assert await world.job_watch.look(marks) == {}
    await world.cancel(jobs[1].id)
    assert (await world.job_watch.look(marks)).keys() == {jobs[1].id}


async def test_a_job_that_is_not_there_is_missing(world: World) -> None:
    """Whatever was known of it."""
    nobody = uuid7()
    assert await world.job_watch.look({nobody: UNSEEN}) == {nobody: Missing()}
    assert await world.job_watch.look({nobody: "queued-0-0"}) == {nobody: Missing()}
    assert await world.job_watch.look({}) == {}


async def test_every_move_and_progress_is_a_change(world: World) -> None:
    """Claim, progress, cancel request and end each give another mark."""
    claim = await world.claimed(a_birth())
    marks = [UNSEEN]

    async def changed() -> Sight:
        seen = await look(world, claim.job_id, marks[-1])
        assert seen is not None
        assert seen.mark not in marks
        marks.append(seen.mark)
        return seen

    assert (await changed()).status is JobStatus.RUNNING
    await world.leases.heartbeat([Pulse(claim.fence, begun=True, progress=b'{"done": 1}')], seconds(30))
    assert (await changed()).progress == b'{"done": 1}'
    await world.leases.heartbeat([Pulse(claim.fence, begun=True, progress=b'{"done": 2}')], seconds(30))
    assert (await changed()).progress == b'{"done": 2}'
    await world.cancel(claim.job_id)
    assert (await changed()).cancel_requested
    await world.settle(claim, Succeeded(b"1"))
    ended = await changed()
    assert ended.status.ended
    assert ended.finished_at is not None


async def test_a_heartbeat_alone_is_no_change(world: World) -> None:
    """It tells of life, not of news."""
    claim = await world.claimed(a_birth())
    seen = await look(world, claim.job_id)
    assert seen is not None
    assert await world.beat(claim)
    assert await look(world, claim.job_id, seen.mark) is None


async def test_going_back_is_a_change(world: World) -> None:
    """Queued again under the same token is not running."""
    claim = await world.claimed(a_birth())
    seen = await look(world, claim.job_id)
    assert seen is not None
    await world.ended(claim, Released())
    assert await look(world, claim.job_id, seen.mark) is not None


async def marks(world: World) -> Mapping[Topic, str]:
    """Return the topics' marks, once all is counted."""
    await world.let_be_counted()
    return await world.topic_watch.marks()


async def changed(world: World, before: Mapping[Topic, str]) -> set[Topic]:
    """Return the topics whose marks are other ones than before."""
    now = await marks(world)
    assert now.keys() == set(Topic)
    return {topic for topic in Topic if now[topic] != before[topic]}


async def test_an_enqueue_and_an_end_change_the_jobs(world: World) -> None:
    """And nothing else."""
    before = await marks(world)
    await world.enqueue(a_birth())
    assert await changed(world, before) == {Topic.JOBS}
    before = await marks(world)
    claim = (await world.claim("default"))[0]
    assert await changed(world, before) == {Topic.JOBS}
    before = await marks(world)
    await world.ended(claim, Succeeded(b"1"))
    assert await changed(world, before) == {Topic.JOBS}


async def test_a_heartbeat_changes_no_topic(world: World) -> None:
    """Or a busy worker would have every view read again all the time."""
    claim = await world.claimed(a_birth())
    before = await marks(world)
    assert await world.beat(claim)
    assert await changed(world, before) == set()


async def test_settings_and_declarations_change_their_topics(world: World) -> None:
    """Of queues and of tasks."""
    before = await marks(world)
    async with world.units_of_work() as unit:
        await unit.queues.put("q", QueueSettings(max_retries=1))
        await unit.commit()
    assert await changed(world, before) == {Topic.QUEUES}
    before = await marks(world)
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("t", "default")])
        await unit.commit()
    assert await changed(world, before) == {Topic.TASKS}
