"""One of all processes does each maintenance pass, and learns when to look again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import LEASE, NOON, OOPS, OWNER, a_birth, an_order, minutes, seconds
from uuid_utils.compat import uuid7

from equeue.adapters.memory.cadences import MemoryCadences
from equeue.adapters.memory.leases import MemoryJobLeases
from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application.ports.cadences import BULK, FIRE, FOLD, FOLD_STATISTICS, Cadences
from equeue.application.ports.jobs import JobLeases
from equeue.application.ports.unit_of_work import UnitsOfWork
from equeue.domain.audit import Actor
from equeue.domain.bulk import BulkOperation
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.outcomes import Failed
from equeue.domain.retry import DEFAULT_BACKOFF
from equeue.domain.schedule import Every, JobTemplate, Pause, Schedule, ScheduleSettings
from equeue.domain.settlement import settle
from equeue.domain.spec import Birth

PERIODS = {"lapse": seconds(1), "expire": seconds(15)}


@attrs.frozen
class Stage:
    """Two processes' cadences over one empty store, and what gives them something to see."""

    cadences: Cadences
    others: Cadences
    leases: JobLeases
    units_of_work: UnitsOfWork
    let_pass: Callable[[timedelta], Awaitable[None]]
    folds: bool

    async def due(self) -> set[str]:
        """Return the passes that the first process gets now."""
        return set((await self.cadences.tick(PERIODS, ())).due)

    async def enqueue(self, *births: Birth) -> None:
        """Store jobs."""
        async with self.units_of_work() as unit:
            await unit.jobs.add(births)
            await unit.commit()


@asynccontextmanager
async def memory_stage() -> AsyncIterator[Stage]:
    """Give a stage in memory."""
    clock = MovableClock()
    store = MemoryStore(clock)
    cadences = MemoryCadences(store)

    async def let_pass(by: timedelta) -> None:
        clock.move(by)

    yield Stage(cadences, cadences, MemoryJobLeases(store), memory_units_of_work(store), let_pass, folds=False)


@asynccontextmanager
async def postgres_stage(url: str) -> AsyncIterator[Stage]:
    """Give a stage in PostgreSQL."""
    from tests.contract.postgres_world import make_older  # noqa: PLC0415 - memory alone needs no driver

    from equeue.adapters.postgres.cadences import PostgresCadences  # noqa: PLC0415
    from equeue.adapters.postgres.engine import Lane, create_engine  # noqa: PLC0415
    from equeue.adapters.postgres.leases import PostgresJobLeases  # noqa: PLC0415
    from equeue.adapters.postgres.unit_of_work import postgres_units_of_work  # noqa: PLC0415

    engine = create_engine(url)
    lane, other = Lane(engine), Lane(engine)
    yield Stage(
        PostgresCadences(lane),
        PostgresCadences(other),
        PostgresJobLeases(lane),
        postgres_units_of_work(engine),
        lambda by: make_older(engine, by),
        folds=True,
    )
    await lane.close()
    await other.close()
    await engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Give an empty stage."""
    opened = memory_stage() if request.param == "memory" else postgres_stage(request.getfixturevalue("database_url"))
    async with opened as given:
        yield given


async def test_a_pass_that_was_never_taken_is_due(stage: Stage) -> None:
    """The first who asks gets all."""
    assert await stage.due() == {"lapse", "expire"}


async def test_a_pass_is_due_again_after_its_period(stage: Stage) -> None:
    """Not before, and each by its own period."""
    await stage.due()
    assert await stage.due() == set()
    await stage.let_pass(seconds(2))
    assert await stage.due() == {"lapse"}
    await stage.let_pass(seconds(14))
    assert await stage.due() == {"lapse", "expire"}


async def test_of_many_who_ask_one_gets_a_pass(stage: Stage) -> None:
    """Whoever asks at the same time or later gets nothing until the period is over."""
    for _ in range(10):
        ticks = await asyncio.gather(*(taker.tick(PERIODS, ()) for taker in (stage.cadences, stage.others) * 3))
        assert sorted(name for tick in ticks for name in tick.due) == ["expire", "lapse"]
        await stage.let_pass(seconds(20))


async def test_nothing_runs_and_nothing_waits(stage: Stage) -> None:
    """An empty store gives no reason to wake up."""
    tick = await stage.cadences.tick(PERIODS, ["default"])
    assert (tick.lapse_in, tick.job_in) == (None, None)


async def test_the_earliest_lease_is_told(stage: Stage) -> None:
    """How long until it runs out; zero or less once it has."""
    await stage.enqueue(a_birth(), a_birth())
    assert len(await stage.leases.claim(an_order(limit=1, lease=minutes(5)))) == 1
    assert len(await stage.leases.claim(an_order(limit=1, lease=LEASE))) == 1
    lapse_in = (await stage.cadences.tick(PERIODS, ())).lapse_in
    assert lapse_in is not None
    assert seconds(20) < lapse_in <= LEASE
    await stage.let_pass(minutes(1))
    lapse_in = (await stage.cadences.tick(PERIODS, ())).lapse_in
    assert lapse_in is not None
    assert lapse_in < seconds(0)


async def test_the_next_job_of_the_asked_queues_is_told(stage: Stage) -> None:
    """Of any priority; neither what is due already, nor other queues' jobs."""
    await stage.enqueue(
        a_birth(),
        a_birth(queue="a", delay=minutes(9), priority=0),
        a_birth(queue="b", delay=minutes(5), priority=9),
        a_birth(queue="c", delay=minutes(1)),
    )
    job_in = (await stage.cadences.tick(PERIODS, ["default", "a", "b"])).job_in
    assert job_in is not None
    assert minutes(4) < job_in <= minutes(5)
    assert (await stage.cadences.tick(PERIODS, ["default"])).job_in is None


async def test_only_passes_with_something_to_do_are_told(stage: Stage) -> None:
    """An installation without dead letters and bulk operations pays nothing for them."""
    assert (await stage.cadences.tick(PERIODS, ())).waiting == frozenset()
    plan = BulkPlan(action=BulkAction.RETRY, where=BulkFilter(queues=("mail",)), mark=NOON)
    async with stage.units_of_work() as unit:
        await unit.bulk.add(BulkOperation.created(uuid7(), plan, Actor(OWNER), 7, NOON))
        await unit.commit()
    assert BULK in (await stage.cadences.tick(PERIODS, ())).waiting
    await stage.enqueue(a_birth(max_retries=0))
    claims = await stage.leases.claim(an_order())
    await stage.leases.settle([settle(claim, Failed(OOPS), DEFAULT_BACKOFF, jitter=0.0) for claim in claims])
    assert (await stage.cadences.tick(PERIODS, ())).waiting >= (
        {BULK, FOLD, FOLD_STATISTICS} if stage.folds else {BULK}
    )


async def test_the_next_fire_time_is_told(stage: Stage) -> None:
    """Of the schedules that are not paused; once it has come, the pass that makes its job has something to do."""
    assert (await stage.cadences.tick(PERIODS, ())).fire_in is None
    usual: dict[str, Any] = {"settings": ScheduleSettings(rhythm=Every(minutes(9)), job=JobTemplate(task="a.b"))}
    async with stage.units_of_work() as unit:
        now = await unit.now()
        usual |= {"anchor": now, "created_at": now, "updated_at": now}
        for name, wait, pause in (("late", 9, None), ("soon", 5, None), ("paused", 1, Pause(now))):
            schedule = Schedule(id=uuid7(), name=name, next_at=now + minutes(wait), pause=pause, **usual)
            assert await unit.schedules.add(schedule)
        await unit.commit()
    tick = await stage.cadences.tick(PERIODS, ())
    assert tick.fire_in is not None
    assert minutes(4) < tick.fire_in <= minutes(5)
    assert FIRE not in tick.waiting
    await stage.let_pass(minutes(6))
    tick = await stage.cadences.tick(PERIODS, ())
    assert tick.fire_in is not None
    assert tick.fire_in < minutes(0)
    assert FIRE in tick.waiting


async def test_idleness_is_told_of_the_asked_queues(stage: Stage) -> None:
    """A job that is due ends it, whichever its priority; one of the future, of another queue or in hand does not."""

    async def idle(*queues: str) -> bool:
        return (await stage.cadences.tick(PERIODS, queues)).idle

    await stage.enqueue(a_birth(queue="a", delay=minutes(9)), a_birth(queue="b", priority=9))
    assert [await idle("default", "a"), await idle("a", "b"), await idle("b")] == [True, False, False]
    assert len(await stage.leases.claim(an_order("b", limit=1))) == 1
    assert await idle("b")
    await stage.let_pass(minutes(10))
    assert not await idle("default", "a")
