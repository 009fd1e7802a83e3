"""Looking at jobs: one's own or all, page by page, each exactly once."""

from tests.builders import OOPS, OTHER_OWNER, OWNER, a_birth, seconds
from tests.contract.world import World, near

from equeue.application.ports.reads import JobFilter, Position
from equeue.domain.job import Job
from equeue.domain.outcomes import Discarded, Succeeded
from equeue.domain.status import JobStatus


async def walk(world: World, where: JobFilter, *, limit: int, oldest_first: bool = False) -> list[Job]:
    """Read every page, and see that only the last says that nothing follows."""
    jobs: list[Job] = []
    after = None
    while True:
        page = await world.reads.page(where, limit=limit, after=after, oldest_first=oldest_first)
        jobs.extend(page.items)
        assert len(page.items) == limit or not page.has_more
        if not page.has_more:
            return jobs
        after = Position(jobs[-1].created_at, jobs[-1].id)


async def some_jobs(world: World) -> list[Job]:
    """Store jobs of which many were created at the same instant."""
    jobs = []
    for count in (9, 1, 7):
        jobs += await world.enqueue(*(a_birth(queue=f"q{n % 2}", task=f"t{n % 3}") for n in range(count)))
        await world.let_pass(seconds(1))
    return sorted([await world.job(job.id) for job in jobs], key=lambda job: (job.created_at, job.id))


async def test_a_job_is_found_by_its_id(world: World) -> None:
    """With the store's time, and only if it is there."""
    (job,) = await world.enqueue(a_birth())
    found = await world.reads.get(job.id)
    assert found is not None
    assert (found[0], near(found[1], await world.now())) == (job, True)
    assert found[1].utcoffset() == seconds(0)
    assert await world.reads.get(a_birth().job_id) is None


async def test_a_confined_reader_finds_only_its_own(world: World) -> None:
    """Another person's job, and nobody's, are not there for who sees only their own."""
    mine, theirs, nobodys = await world.enqueue(a_birth(owner=OWNER), a_birth(owner=OTHER_OWNER), a_birth())
    assert [await world.reads.get(job.id, OWNER) is not None for job in (mine, theirs, nobodys)] == [True, False, False]
    page = await world.reads.page(JobFilter(owner=OWNER), limit=10)
    assert page.items == (mine,)


async def test_pages_show_each_job_once_newest_first(world: World) -> None:
    """Jobs created at the same instant are neither skipped nor repeated, whatever the page's length."""
    jobs = await some_jobs(world)
    for limit in (1, 3, 16, 17, 18):
        assert await walk(world, JobFilter(), limit=limit) == jobs[::-1]


async def test_pages_can_be_read_oldest_first(world: World) -> None:
    """The same order backwards."""
    jobs = await some_jobs(world)
    for limit in (1, 4, 17):
        assert await walk(world, JobFilter(), limit=limit, oldest_first=True) == jobs


async def test_one_can_turn_round(world: World) -> None:
    """What lies behind a place in one direction lies before it in the other."""
    jobs = await some_jobs(world)
    place = Position(jobs[8].created_at, jobs[8].id)
    older = await world.reads.page(JobFilter(), limit=50, after=place)
    newer = await world.reads.page(JobFilter(), limit=50, after=place, oldest_first=True)
    assert [*older.items[::-1], jobs[8], *newer.items] == jobs


async def test_a_walk_sees_every_job_although_they_move(world: World) -> None:
    """Transitions and new jobs between two pages hide nothing and show nothing twice."""
    jobs = await some_jobs(world)
    first = await world.reads.page(JobFilter(), limit=8)
    claims = await world.claim("q0", "q1")
    await world.settle(claims[0], Succeeded())
    await world.enqueue(a_birth())
    mark = Position(first.items[-1].created_at, first.items[-1].id)
    rest = await world.reads.page(JobFilter(), limit=50, after=mark)
    assert [job.id for job in (*first.items, *rest.items)] == [job.id for job in reversed(jobs)]


async def test_filters_narrow_and_combine(world: World) -> None:
    """Several words in a field widen it, several fields narrow each other."""
    jobs = await some_jobs(world)
    claims = await world.claim("q0")
    await world.settle(claims[0], Succeeded())
    await world.settle(claims[1], Discarded(OOPS))
    now = {job.id: await world.job(job.id) for job in jobs}
    filters = [
        JobFilter(queues=("q1",)),
        JobFilter(queues=("q0", "q1"), tasks=("t1",)),
        JobFilter(tasks=("t0", "t2")),
        JobFilter(statuses=(JobStatus.DEAD, JobStatus.SUCCEEDED)),
        JobFilter(statuses=(JobStatus.RUNNING,), queues=("q0",), tasks=("t2",)),
        JobFilter(queues=("never",)),
    ]
    for where in filters:
        expected = [
            now[job.id]
            for job in reversed(jobs)
            if (not where.queues or job.queue in where.queues)
            and (not where.tasks or job.task in where.tasks)
            and (not where.statuses or now[job.id].status in where.statuses)
        ]
        assert await walk(world, where, limit=4) == expected


async def test_a_page_of_nothing_is_empty(world: World) -> None:
    """No jobs, nothing more, and still the time."""
    page = await world.reads.page(JobFilter(), limit=5)
    assert (page.items, page.has_more, near(page.server_time, await world.now())) == ((), False, True)
