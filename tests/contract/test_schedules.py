"""Schedules are kept as they were set, one hand at a time, and a fire time is written down once."""

import asyncio
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import OWNER, a_birth, minutes, seconds
from tests.contract.scheduling import ACTOR, SECOND, a_fire, fires, kept, made, managing, settings
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.json_schema import CompiledSchemas
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.schedules import NEWEST, ScheduleDeclaration
from equeue.application.schedule_judging import JudgeTemplates
from equeue.domain.errors import PayloadInvalid
from equeue.domain.retry import Exponential
from equeue.domain.schedule import CatchUp, Cron, Every, JobTemplate, Overlap, Pause, Schedule

WHOLE = settings(
    Cron("*/5 * * * * *", "Australia/Lord_Howe"),
    overlap=Overlap.SKIP,
    catch_up=CatchUp.NONE,
    catch_up_limit=7,
    jitter=seconds(2.5),
    job=JobTemplate(
        task="a.b",
        payload=b'{"n": 1}',
        queue="mail",
        priority=2,
        max_retries=9,
        backoff=Exponential(1.5, 3.0, 60.0, 0.5),
        timeout=seconds(0.5),
        tags=("x", "é"),
        concurrency_key="k",
    ),
)


async def test_a_schedule_comes_back_as_it_was_stored(world: World) -> None:
    """Every part, by id and by name; one without anything optional too."""
    stored = await managing(world).create("whole", WHOLE, ACTOR, OWNER)
    plain = await made(world, "plain")
    async with world.units_of_work() as unit:
        assert await unit.schedules.find("whole") == stored
        assert await unit.schedules.find(plain.id) == plain
        assert await unit.schedules.find("never") is None
        assert await unit.schedules.find(uuid7()) is None
        assert [each.name for each in await unit.schedules.page(limit=9)] == ["plain", "whole"]
        assert [each.name for each in await unit.schedules.page(limit=1)] == ["plain"]
        assert [each.name for each in await unit.schedules.page(limit=9, after="plain")] == ["whole"]


async def test_what_is_saved_is_kept(world: World) -> None:
    """A pause with its reason, how far it came, why it failed."""
    stored = await made(world)
    now = await world.now()
    changed = attrs.evolve(
        stored, pause=Pause(now, "user:1", "why"), last_fire_at=now, next_at=None, failure="no zone", revision=3
    )
    async with world.units_of_work() as unit:
        await unit.schedules.save([changed])
        await unit.commit()
    assert await kept(world, stored) == changed


async def test_a_name_is_one_schedules(world: World) -> None:
    """Of those who take it at once one gets it."""
    first = await made(world, "a")

    async def add(_: int) -> bool:
        async with world.units_of_work() as unit:
            added = await unit.schedules.add(attrs.evolve(first, id=uuid7(), name="b"))
            await asyncio.sleep(0)
            await unit.commit()
        return added

    assert sorted(await asyncio.gather(*map(add, range(4)))) == [False, False, False, True]


async def test_a_removed_schedule_is_gone_with_its_fire_times(world: World) -> None:
    """And its name is free."""
    schedule = await made(world)
    async with world.units_of_work() as unit:
        await unit.fires.record([a_fire(schedule)])
        await unit.schedules.remove(schedule.id)
        await unit.commit()
    assert await fires(world, schedule) == []
    assert (await made(world)).id != schedule.id


async def test_a_fire_time_is_written_down_once(world: World) -> None:
    """In one go, later, and by two at once: whoever comes second is told which jobs not to make."""
    schedule = await made(world)
    first, again = a_fire(schedule), a_fire(schedule)
    other = a_fire(schedule, 2 * SECOND)
    async with world.units_of_work() as unit:
        assert await unit.fires.record([first]) == {first.job_id}
        assert await unit.fires.record([again, other]) == {other.job_id}
        await unit.commit()

    async def late(_: int) -> frozenset[object]:
        async with world.units_of_work() as unit:
            new = await unit.fires.record([a_fire(schedule, 3 * SECOND)])
            await asyncio.sleep(0)
            await unit.commit()
        return frozenset(new)

    assert sorted(map(len, await asyncio.gather(*map(late, range(4))))) == [0, 0, 0, 1]
    assert [fire.fire_at for fire in await fires(world, schedule)] == [
        schedule.anchor + number * SECOND for number in (3, 2, 1)
    ]


async def test_what_is_rolled_back_was_never_written_down(world: World) -> None:
    """So whoever comes next makes the job."""
    schedule = await made(world)
    async with world.units_of_work() as unit:
        assert len(await unit.fires.record([a_fire(schedule)])) == 1
    async with world.units_of_work() as unit:
        assert len(await unit.fires.record([a_fire(schedule)])) == 1


async def test_by_hand_any_number_of_times(world: World) -> None:
    """At the very instant of a fire time too; newest first, and no more than asked for."""
    schedule = await made(world)
    some = [a_fire(schedule), a_fire(schedule, manual=True), a_fire(schedule, manual=True)]
    async with world.units_of_work() as unit:
        assert await unit.fires.record(some) == {fire.job_id for fire in some}
        await unit.commit()
    assert len(await fires(world, schedule)) == 3
    assert len(await fires(world, schedule, 2)) == 2


async def test_those_that_fire_next_are_told(world: World) -> None:
    """Soonest first; paused ones and those that never fire again are left out."""
    by = {name: await made(world, name, rhythm=Every(minutes(1))) for name in ("later", "paused", "never", "soon")}
    now = await world.now()
    moved: dict[str, dict[str, Any]] = {
        "soon": {"next_at": now - seconds(1)},
        "later": {"next_at": now + minutes(9)},
        "paused": {"pause": Pause(now)},
        "never": {"next_at": None},
    }
    async with world.units_of_work() as unit:
        await unit.schedules.save([attrs.evolve(by[name], **facts) for name, facts in moved.items()])
        await unit.commit()
    async with world.units_of_work() as unit:
        assert [each.name for each in await unit.schedules.soonest(9)] == ["soon", "later"]
        assert [each.name for each in await unit.schedules.soonest(1)] == ["soon"]


async def test_what_its_jobs_are_like_is_judged_when_that_changes(world: World) -> None:
    """Told in other letters it is the same; anything else has to fit what its task wants by now."""
    schedule = await made(world, job=JobTemplate(task="a.b", payload=b'{"n":1,"m":[2]}'))
    wants = b'{"type": "object", "properties": {"n": {"type": "string"}}}'
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("a.b", "default", payload_schema=wants)])
        await unit.commit()
    manage = attrs.evolve(managing(world), judge=JudgeTemplates(schemas=CompiledSchemas()))
    same = settings(jitter=seconds(9), job=JobTemplate(task="a.b", payload=b'{ "m": [2], "n": 1 }'))
    after = await manage.change(schedule.id, lambda _: True, lambda _: same, ACTOR)
    assert after.settings.jitter == seconds(9)
    other = attrs.evolve(same, job=attrs.evolve(same.job, priority=1))
    with pytest.raises(PayloadInvalid) as refused:
        await manage.change(schedule.id, lambda _: True, lambda _: other, ACTOR)
    assert [violation.pointer for violation in refused.value.violations] == ["/job/payload/n"]


async def test_due_schedules_are_taken_by_one(world: World) -> None:
    """Longest due first; paused ones, those that never fire again and those of the future are left out."""
    names = ("c", "a", "b", "paused", "never", "later")
    by = {name: await made(world, name, rhythm=Every(minutes(1))) for name in names}
    now = await world.now()
    moved: dict[str, dict[str, Any]] = {
        "a": {"next_at": now - seconds(1)},
        "b": {"next_at": now - seconds(3)},
        "c": {"next_at": now - seconds(2)},
        "paused": {"next_at": now - seconds(9), "pause": Pause(now)},
        "never": {"next_at": None},
        "later": {"next_at": now + minutes(1)},
    }
    async with world.units_of_work() as unit:
        await unit.schedules.save([attrs.evolve(by[name], **facts) for name, facts in moved.items()])
        await unit.commit()
    async with world.units_of_work() as one, world.units_of_work() as other:
        assert [each.name for each in await one.fires.take(2)] == ["b", "c"]
        assert not await other.fires.take(9, [by[name].id for name in ("b", "paused", "never", "later")])
        assert [each.name for each in await other.fires.take(9)] == ["a"]


async def test_a_schedule_is_active_while_a_job_of_it_waits_or_runs(world: World) -> None:
    """Not once it has ended or is gone."""
    schedule, other = await made(world, "a"), await made(world, "b")
    birth = a_birth()
    fire = attrs.evolve(a_fire(schedule), job_id=birth.job_id)
    both = [schedule.id, other.id]
    async with world.units_of_work() as unit:
        await unit.fires.record([fire, a_fire(other)])
        await unit.jobs.add([birth])
        await unit.commit()
    async with world.units_of_work() as unit:
        assert await unit.fires.active(both) == {schedule.id}
    await world.claim()
    async with world.units_of_work() as unit:
        assert await unit.fires.active(both) == {schedule.id}
    await world.let_pass(minutes(1))
    await world.cancel(birth.job_id)
    await world.lapse()
    async with world.units_of_work() as unit:
        assert await unit.fires.active(both) == frozenset()


async def test_only_the_newest_fire_times_are_looked_at(world: World) -> None:
    """A schedule of every second has millions, and is asked about each second."""
    schedule, birth = await made(world), a_birth()
    later = [a_fire(schedule, number * SECOND) for number in range(2, NEWEST + 1)]
    async with world.units_of_work() as unit:
        await unit.fires.record([attrs.evolve(a_fire(schedule), job_id=birth.job_id), *later])
        await unit.jobs.add([birth])
        assert await unit.fires.active([schedule.id]) == {schedule.id}
        await unit.fires.record([a_fire(schedule, (NEWEST + 1) * SECOND)])
        assert await unit.fires.active([schedule.id]) == frozenset()


async def test_old_fire_times_are_forgotten(world: World) -> None:
    """Oldest first and no more than asked for; not while their job waits or runs."""
    schedule = await made(world)
    birth = a_birth()
    old = [a_fire(schedule, number * SECOND) for number in (1, 2, 3)]
    busy = attrs.evolve(a_fire(schedule, timedelta(0)), job_id=birth.job_id)
    async with world.units_of_work() as unit:
        await unit.fires.record([*old, busy, a_fire(schedule, minutes(70))])
        await unit.jobs.add([birth])
        await unit.commit()
    await world.let_pass(minutes(65.5))
    async with world.units_of_work() as unit:
        assert [await unit.fires.forget(minutes(60), limit) for limit in (2, 9, 9)] == [2, 1, 0]
        await unit.commit()
    assert len(await fires(world, schedule)) == 2


async def test_code_declares_again_and_again(world: World) -> None:
    """The same changes nothing, another rhythm begins anew, and a name that people took stays theirs."""
    theirs = await made(world, "theirs")

    async def declare(*declared: ScheduleDeclaration) -> list[str]:
        async with world.units_of_work() as unit:
            taken = await managing(world).declare(unit, declared)
            await unit.commit()
        return list(taken)

    ours = ScheduleDeclaration(name="ours", settings=settings(Every(minutes(5)), job=WHOLE.job))
    assert await declare(ours, ScheduleDeclaration(name="theirs", settings=WHOLE)) == ["theirs"]
    async with world.units_of_work() as unit:
        first = await unit.schedules.find("ours")
        assert await unit.schedules.find("theirs") == theirs
    assert first is not None
    assert first.managed_by_code
    assert await declare(ours) == []
    assert await kept(world, first) == first
    other = attrs.evolve(ours, settings=attrs.evolve(ours.settings, rhythm=Every(minutes(7))))
    assert await declare(other) == []
    again = await kept(world, first)
    assert (again.settings.rhythm, again.next_at) == (Every(minutes(7)), again.anchor + minutes(7))


async def test_code_that_is_deployed_again_starts_what_stopped(world: World) -> None:
    """Why it stopped may lie outside of what it declares; one whose job only reads alike is another."""
    job = JobTemplate(task="a.b", payload=b'{"n": 1, "m": 2.50}')
    ours = ScheduleDeclaration(name="ours", settings=settings(Every(minutes(5)), job=job))

    async def declare(declared: ScheduleDeclaration) -> Schedule:
        async with world.units_of_work() as unit:
            await managing(world).declare(unit, [declared])
            stored = await unit.schedules.hold("ours")
            await unit.commit()
        assert stored is not None
        return stored

    first = await declare(ours)
    async with world.units_of_work() as unit:
        await unit.schedules.save([first.fail("no such zone here")])
        await unit.commit()
    again = await declare(ours)
    assert (again.failure, again.revision) == (None, first.revision + 1)
    assert again.next_at is not None
    true = attrs.evolve(job, payload=b'{"n": true, "m": 2.5}')
    other = await declare(attrs.evolve(ours, settings=attrs.evolve(ours.settings, job=true)))
    assert b"true" in other.settings.job.payload
