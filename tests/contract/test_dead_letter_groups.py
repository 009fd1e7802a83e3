"""Groups of dead letters are what a count of the dead would find, whatever was done and however far is folded."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import OTHER_OWNER, OWNER, a_birth, minutes
from tests.contract.conftest import OpenWorld
from tests.contract.world import World

from equeue.application.ports.dead_letters import DeadLetterGroup, GroupFilter
from equeue.application.ports.reads import JobFilter
from equeue.domain.ids import JobId, UserId
from equeue.domain.outcomes import Discarded, JobError, Succeeded
from equeue.domain.status import JobStatus

OWNERS: tuple[UserId | None, ...] = (OWNER, OTHER_OWNER, None)
QUEUES = ("a", "b.c", "b_c")
VIEWS = [
    GroupFilter(),
    *(GroupFilter(owner=owner) for owner in OWNERS if owner),
    GroupFilter(queues=("a", "b_c")),
    GroupFilter(tasks=("t.1",)),
    GroupFilter(queue_globs=("b?c",)),
    GroupFilter(owner=OWNER, queue_globs=("b.*", "a")),
]


def oops(cause: str) -> JobError:
    """Return an error of a cause; one of them bears no fingerprint."""
    return JobError.of(f"E{cause}", "no", "", "" if cause == "0" else f"f{cause}")


async def die(
    world: World, cause: str = "1", *, queue: str = "a", task: str = "t.1", owner: UserId | None = None
) -> JobId:
    """Have one job die."""
    claim = await world.claimed(a_birth(queue=queue, task=task, owner=owner, max_retries=0))
    await world.settle(claim, Discarded(oops(cause)))
    return claim.job_id


async def counted(world: World, where: GroupFilter) -> dict[str, int]:
    """Return what the groups say."""
    groups = await world.dead_letters.groups(where, limit=200)
    return {group.fingerprint: group.jobs for group in groups}


async def recounted(world: World, where: GroupFilter) -> dict[str, int]:
    """Return what a look at each dead job finds."""
    narrowed = JobFilter(where.owner, (JobStatus.DEAD,), where.queues, where.tasks, where.queue_globs)
    page = await world.reads.page(narrowed, limit=200)
    return dict(Counter(job.error.fingerprint or job.error.type for job in page.items if job.error is not None))


async def agree(world: World) -> None:
    """Hold the groups against a recount, in each view."""
    for where in VIEWS:
        assert await counted(world, where) == await recounted(world, where), where


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("die"),
            st.sampled_from("0123"),
            st.sampled_from(QUEUES),
            st.sampled_from(("t.1", "t.2")),
            st.sampled_from(OWNERS),
        ),
        st.tuples(st.sampled_from(("retry", "delete", "retry and die", "retry and win")), st.integers(0, 20)),
        st.tuples(st.just("fold"), st.sampled_from((1, 2, 1_000))),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_groups_are_what_a_recount_finds(open_world: OpenWorld, steps: list[tuple[object, ...]]) -> None:
    """After every history of deaths, retries, deletes and folds, for every view."""
    async with open_world() as world:
        jobs: list[JobId] = []
        for step in steps:
            match step:
                case ("die", str(cause), str(queue), str(task), owner):
                    jobs.append(await die(world, cause, queue=queue, task=task, owner=owner))  # type: ignore[arg-type]
                case ("fold", int(limit)):
                    await world.dead_letters.fold(limit)
                case (str(move), int(place)) if jobs:
                    await steer(world, move, jobs[place % len(jobs)])
        await agree(world)
        while await world.dead_letters.fold(3):
            pass
        await agree(world)


async def steer(world: World, move: str, job_id: JobId) -> None:
    """Do something to a job, if it is dead."""
    found = await world.reads.get(job_id)
    if found is None or found[0].status is not JobStatus.DEAD:
        return
    if move == "delete":
        await world.manage.delete([job_id])
        return
    await world.retry(job_id)
    if move != "retry":
        claim = await world.reclaimed(job_id)
        await world.settle(claim, Succeeded() if move == "retry and win" else Discarded(oops("3")))


async def test_a_group_knows_its_last_death(world: World) -> None:
    """Times, error and example are those of the deaths; folding in parts changes nothing of it."""
    first = await die(world, queue="b.c")
    await world.let_pass(minutes(1))
    last = await die(world, task="t.2", owner=OWNER)
    for _ in range(2):
        (group,) = await world.dead_letters.groups(GroupFilter(), limit=10)
        assert group == DeadLetterGroup(
            "f1", "E1", "no", 2, ("a", "b.c"), ("t.1", "t.2"), group.first_seen, group.last_seen, last
        )
        assert group.first_seen == (await world.job(first)).finished_at
        assert group.last_seen == (await world.job(last)).finished_at
        await world.dead_letters.fold(1)


async def test_crashes_are_told_from_failures(world: World) -> None:
    """A job whose workers vanish kills them; its group says so, and is its task's own."""
    for task in ("t.1", "t.2"):
        await world.claimed(a_birth(task=task, max_retries=0))
    await world.let_pass(minutes(1))
    await world.lapse()
    await die(world)
    groups = await world.dead_letters.groups(GroupFilter(), limit=10)
    assert {(group.fingerprint, group.crashes) for group in groups} == {
        ("lapse:t.1", True),
        ("lapse:t.2", True),
        ("f1", False),
    }


async def test_a_rolled_back_move_is_not_counted(world: World) -> None:
    """What did not happen leaves no trace in the counts."""
    job_id = await die(world)
    async with world.units_of_work() as unit:
        await unit.jobs.load([job_id])
    await agree(world)
    assert await counted(world, GroupFilter()) == {"f1": 1}
