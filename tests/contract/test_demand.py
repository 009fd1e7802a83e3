"""What queues ask for, as every adapter tells it."""

from datetime import timedelta

from tests.contract.world import World

from equeue.adapters.system import UuidV7Ids
from equeue.domain.outcomes import Discarded, JobError, Succeeded
from equeue.domain.scaling import Demand
from equeue.domain.spec import Birth, JobSpec

IDS = UuidV7Ids()


def some(count: int, queue: str = "mail", **fields: object) -> list[Birth]:
    """Return births whose ids tell the time, as those in production do."""
    return [Birth(IDS.new(), JobSpec("mail.send", queue=queue, **fields)) for _ in range(count)]  # type: ignore[arg-type]


async def of(world: World, *queues: str) -> dict[str, Demand]:
    """Return each queue's demand."""
    return {demand.queue: demand for demand in await world.demands.read(queues)}


async def test_what_is_due_and_what_runs_is_counted(world: World) -> None:
    """Jobs of the future are none, whatever their priority; each queue is told by itself."""
    await world.enqueue(*some(3), *some(2, priority=0), *some(4, delay=timedelta(hours=1)), *some(1, "reports"))
    await world.claim("mail", limit=2)

    told = await of(world)

    assert (told["mail"].ready, told["mail"].running) == (3, 2)
    assert (told["reports"].ready, told["reports"].running) == (1, 0)


async def test_named_queues_are_told_also_where_nothing_is(world: World) -> None:
    """Who asks about a queue gets an answer about it and about no other."""
    await world.enqueue(*some(1))

    told = await of(world, "nobody")

    assert told == {"nobody": Demand("nobody")}


async def test_the_oldest_is_the_one_that_is_due_for_longest(world: World) -> None:
    """Across priorities, from when it fell due and not from when it was enqueued."""
    await world.enqueue(*some(1, priority=9))
    await world.let_pass(timedelta(seconds=40))
    await world.enqueue(*some(1, priority=0))

    (told,) = (await of(world)).values()

    assert told.oldest_ready is not None
    assert timedelta(seconds=40) <= told.oldest_ready < timedelta(seconds=70)


async def test_arrivals_are_those_of_the_last_minute(world: World) -> None:
    """Whatever became of them; what came before counts no more."""
    await world.enqueue(*some(30))
    await world.let_pass(timedelta(minutes=2))
    await world.enqueue(*some(12))
    await world.claim("mail", limit=40)

    assert (await of(world))["mail"].arrivals == 0.2


async def test_run_time_is_that_of_what_succeeded(world: World) -> None:
    """A mean over those that ended well; nobody knows it before the first one did."""
    await world.enqueue(*some(2))
    good, bad = await world.claim("mail", limit=2)
    assert (await of(world))["mail"].run is None

    await world.settle(good, Succeeded(), ran=timedelta(seconds=4))
    await world.settle(bad, Discarded(JobError("No", "no")), ran=timedelta(seconds=400))

    run = (await of(world, "mail"))["mail"].run
    assert run is not None
    assert abs(run - timedelta(seconds=4)) < timedelta(seconds=1)
    assert list(await world.demands.dead()) == [("mail", 1)]


async def test_an_empty_house_asks_for_nothing(world: World) -> None:
    """No queue, no demand, nobody dead."""
    assert list(await world.demands.read()) == []
    assert list(await world.demands.dead()) == []


async def test_of_a_key_no_more_may_start_than_its_limit_leaves(world: World) -> None:
    """Of one key as many as may still run, of each other key as many again; jobs without a key all of them."""
    await world.enqueue(*some(5, concurrency_key="a", priority=0), *some(1, concurrency_key="b"), *some(3))
    assert await world.demands.startable("mail", 2) == 2 + 1 + 3

    await world.claim("mail", limit=1)

    assert await world.demands.startable("mail", 2) == 1 + 1 + 3
    assert await world.demands.startable("nobody", 2) == 0
