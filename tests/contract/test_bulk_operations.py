"""Operations are taken by one process at a time, and what is written of them is what comes back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
from tests.builders import OTHER_OWNER, OWNER, a_birth, minutes, seconds
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.domain.audit import Actor
from equeue.domain.bulk import BulkOperation, BulkStatus, Place, Tally
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.status import JobStatus

KEY = UUID("00000000-0000-7000-8000-00000000c001")


async def an_operation(world: World, actor: Actor = Actor(OWNER, KEY), **where: Any) -> BulkOperation:  # noqa: B008
    """Return a stored operation."""
    now = await world.now()
    plan = BulkPlan(action=BulkAction.RETRY, where=BulkFilter(**where or {"queues": ("mail",)}), mark=now)
    operation = BulkOperation.created(uuid7(), plan, actor, 7, now)
    async with world.units_of_work() as unit:
        await unit.bulk.add(operation)
        await unit.commit()
    return operation


async def saved(world: World, operation: BulkOperation, rest: timedelta = timedelta(0)) -> None:
    """Write an operation in a transaction of its own."""
    async with world.units_of_work() as unit:
        await unit.bulk.load(operation.id)
        await unit.bulk.save(operation, rest)
        await unit.commit()


async def taken(world: World) -> BulkOperation | None:
    """Return what a process would take, and put it down again."""
    async with world.units_of_work() as unit:
        return await unit.bulk.take()


async def test_an_operation_comes_back_as_it_was_written(world: World) -> None:
    """Every part of the plan, its confinement too, and how far it has come."""
    now = await world.now()
    where = BulkFilter(
        job_ids=(uuid7(), uuid7()),
        statuses=(JobStatus.DEAD,),
        queues=("mail", "bills"),
        tasks=("a.b",),
        tags=("é", 'a"b'),
        fingerprints=("E:x",),
        created_after=now - minutes(5),
        created_before=now,
        owner=OTHER_OWNER,
        queue_globs=("m*",),
    )
    plan = BulkPlan(action=BulkAction.MOVE, where=where, mark=now, queue="elsewhere")
    operation = BulkOperation.created(uuid7(), plan, Actor(OWNER, KEY), 2, now)
    async with world.units_of_work() as unit:
        await unit.bulk.add(operation)
        await unit.commit()
    assert await world.bulk_reads.get(operation.id) == operation
    assert operation.plan.hash == plan.hash
    moved = operation.advance(Tally(3, 2, 1), Place(now, uuid7()), now, last=False)
    await saved(world, moved)
    assert await world.bulk_reads.get(operation.id) == moved
    ended = moved.advance(Tally(failed=100), None, now, last=True)
    await saved(world, ended)
    assert await world.bulk_reads.get(operation.id) == ended


async def test_one_process_takes_an_operation(world: World) -> None:
    """While one works on it, others pass it over and take the next one, or none."""
    first, second = await an_operation(world), await an_operation(world)
    async with world.units_of_work() as one, world.units_of_work() as two, world.units_of_work() as three:
        got = [await unit.bulk.take() for unit in (one, two, three)]
    assert {operation.id for operation in got if operation} == {first.id, second.id}
    assert got[2] is None


async def test_an_operation_rests_until_its_time(world: World) -> None:
    """Nobody takes it before, everybody sees that it is open; then the one that rested longest comes first."""
    first, second = await an_operation(world), await an_operation(world)
    await saved(world, first, seconds(60))
    await saved(world, second, seconds(30))
    assert await taken(world) is None
    async with world.units_of_work() as unit:
        assert await unit.bulk.any_open()
    await world.let_pass(minutes(2))
    next_one = await taken(world)
    assert next_one is not None
    assert next_one.id == second.id


async def test_only_open_operations_are_taken(world: World) -> None:
    """What is aborted, given up or finished is left alone, until it is resumed."""
    now = await world.now()
    cases: list[tuple[Callable[[BulkOperation], BulkOperation], bool]] = [
        (lambda each: each.abort(), False),
        (lambda each: each.advance(Tally(), None, now, last=True), False),
        (lambda each: each.advance(Tally(failed=100), None, now, last=False), False),
        (lambda each: each.abort().resume(), True),
    ]
    for step, open_then in cases:
        await saved(world, step(await an_operation(world)))
        async with world.units_of_work() as unit:
            assert (await unit.bulk.take() is not None) == open_then
            assert await unit.bulk.any_open() == open_then


async def test_load_waits_for_whoever_works_on_it(world: World) -> None:
    """Who aborts an operation sees the batch under way done or undone, never half of it."""
    operation = await an_operation(world)
    async with world.units_of_work() as unit:
        loaded = await unit.bulk.load(operation.id)
        assert loaded == operation
        assert await taken(world) is None
        assert await unit.bulk.load(uuid7()) is None


async def test_what_is_rolled_back_was_never_done(world: World) -> None:
    """An operation and its progress are kept by a commit, or not at all."""
    operation = await an_operation(world)
    async with world.units_of_work() as unit:
        held = await unit.bulk.take()
        assert held is not None
        await unit.bulk.save(attrs.evolve(held, status=BulkStatus.ABORTED))
        await unit.bulk.add(attrs.evolve(held, id=uuid7()))
        await unit.jobs.add([a_birth()])
    assert await world.bulk_reads.page(limit=10) == [operation]


async def test_pages_show_the_newest_first_and_join(world: World) -> None:
    """A walk along the ids sees each operation once."""
    made = [await an_operation(world) for _ in range(5)]
    first = await world.bulk_reads.page(limit=3)
    rest = await world.bulk_reads.page(limit=3, after=first[-1].id)
    assert [each.id for each in (*first, *rest)] == [each.id for each in reversed(made)]
    back = await world.bulk_reads.page(limit=3, after=rest[0].id, oldest_first=True)
    assert back == list(reversed(first))
    assert [each.id for each in await world.bulk_reads.page(limit=2, oldest_first=True)] == [
        each.id for each in made[:2]
    ]


async def test_a_confined_reader_sees_what_was_made_under_the_same_confinement(world: World) -> None:
    """A key that is confined to queues learns nothing of operations beyond them."""
    wide = await an_operation(world)
    mine = await an_operation(world, queues=("mail",), queue_globs=("a*", "mail"))
    other = await an_operation(world, queues=("mail",), queue_globs=("mail",))
    globs = ("mail", "a*")
    assert await world.bulk_reads.page(limit=10, globs=globs) == [mine]
    assert await world.bulk_reads.get(mine.id, globs) == mine
    assert await world.bulk_reads.get(wide.id, globs) is None
    assert await world.bulk_reads.get(other.id, globs) is None
    assert len(await world.bulk_reads.page(limit=10)) == 3
