"""Fire times make jobs: each once, whoever looks and however often, and after a pause or an outage as was wished."""

import asyncio
from typing import Any

import attrs
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tests.builders import OWNER, minutes, seconds
from tests.contract.memory_world import memory_world_on
from tests.contract.scheduling import (
    ACTOR,
    EACH_SECOND,
    a_fire,
    fires,
    firing,
    jobs,
    kept,
    made,
    managing,
    settings,
    turns,
)
from tests.contract.world import World, near

from equeue.adapters.memory.platform import MovableClock
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.idempotency import IdempotencyKey
from equeue.domain.schedule import CatchUp, Cron, Every, JobTemplate, Overlap, Schedule
from equeue.domain.status import JobStatus


async def test_each_fire_time_makes_one_job(world: World) -> None:
    """Not before it has come; with the template's facts, for the schedule's owner, and due at once."""
    job = JobTemplate(task="a.b", payload=b'{"n": 1}', queue="mail", priority=2, max_retries=7, timeout=seconds(9))
    schedule = await made(world, rhythm=Every(minutes(10)), job=job)
    await firing(world)()
    assert await fires(world, schedule) == []
    await world.let_pass(minutes(10.1))
    for _ in range(3):
        await firing(world)()
    (made_job,) = await jobs(world, schedule)
    assert (made_job.task, made_job.queue, made_job.priority, made_job.max_retries) == ("a.b", "mail", 2, 7)
    assert (made_job.payload, made_job.timeout, made_job.user_id) == (b'{"n": 1}', seconds(9), OWNER)
    assert near(made_job.run_at, await world.now())
    now = await kept(world, schedule)
    assert (now.last_fire_at, now.next_at) == (now.anchor + minutes(10), now.anchor + minutes(20))
    assert [claim.job_id for claim in await world.claim("mail")] == [made_job.id]


async def test_what_the_template_leaves_open_the_task_says(world: World) -> None:
    """As for any job."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("a.b", "bills", max_retries=8, timeout=seconds(3))])
        await unit.commit()
    schedule = await made(world)
    await world.let_pass(seconds(1.1))
    await firing(world)()
    (made_job,) = await jobs(world, schedule)
    assert (made_job.queue, made_job.max_retries, made_job.timeout) == ("bills", 8, seconds(3))


async def test_many_processes_make_each_job_once(world: World) -> None:
    """However they come together: every turn is there, once, and no job more."""
    schedules = [await made(world, name) for name in ("a", "b", "c")]
    for pause in (3.37, 0.21, 70.53, 1.19):
        await world.let_pass(seconds(pause))
        await asyncio.gather(*(firing(world)() for _ in range(5)))
    for schedule in schedules:
        seen = await turns(world, schedule)
        assert seen == [float(number + 1) for number in range(len(seen))]
        assert len(seen) >= 75
        assert len({job.id for job in await jobs(world, schedule)}) == len(seen)


async def test_a_fire_time_that_was_written_down_makes_no_job(world: World) -> None:
    """Whoever did it has made the job: it is passed by, and the next one is made."""
    schedule = await made(world, rhythm=Every(minutes(10)))
    theirs = a_fire(schedule, minutes(10))
    async with world.units_of_work() as unit:
        await unit.fires.record([theirs])
        await unit.commit()
    await world.let_pass(minutes(20.1))
    await firing(world)()
    mine = [fire for fire in await fires(world, schedule) if fire.job_id != theirs.job_id]
    assert await turns(world, schedule) == [1.0, 2.0]
    assert len(mine) == 1
    assert [claim.job_id for claim in await world.claim()] == [mine[0].job_id]


async def test_set_by_set_nothing_is_left(world: World) -> None:
    """A pass takes so many schedules at a time, and says that more wait."""
    schedules = [await made(world, f"n{number}", rhythm=Every(minutes(1))) for number in range(5)]
    await world.let_pass(minutes(1.01))
    assert [await firing(world)(2) for _ in range(4)] == [True, True, False, False]
    for schedule in schedules:
        assert await turns(world, schedule) == [1.0]


async def test_after_an_outage_as_was_wished(world: World) -> None:
    """Of ten missed fire times none, the last, all, or as many as may be; what is a little late fires in any case."""
    wishes: dict[str, dict[str, Any]] = {
        "none": {"catch_up": CatchUp.NONE},
        "last": {"catch_up": CatchUp.LAST},
        "all": {"catch_up": CatchUp.ALL},
        "some": {"catch_up": CatchUp.ALL, "catch_up_limit": 3},
    }
    by = {name: await made(world, name, rhythm=Every(minutes(10)), **wish) for name, wish in wishes.items()}
    await world.let_pass(minutes(105.3))
    await firing(world)()
    missed = [float(number) for number in range(1, 11)]
    expected = {"none": [], "last": missed[-1:], "all": missed, "some": missed[-3:]}
    assert {name: await turns(world, schedule) for name, schedule in by.items()} == expected
    await world.let_pass(minutes(5.2))
    await firing(world)()
    assert {name: await turns(world, schedule) for name, schedule in by.items()} == {
        name: [*turned, 11.0] for name, turned in expected.items()
    }


async def test_jobs_that_may_not_overlap_do_not(world: World) -> None:
    """While one waits or runs fire times pass by; once it has ended the next one makes a job again."""
    schedule = await made(world, rhythm=Every(minutes(10)), overlap=Overlap.SKIP)
    for _ in range(3):
        await world.let_pass(minutes(10.01))
        await firing(world)()
    assert await turns(world, schedule) == [1.0]
    (waiting,) = await jobs(world, schedule)
    await world.cancel(waiting.id)
    await world.let_pass(minutes(10.01))
    await firing(world)()
    assert await turns(world, schedule) == [1.0, 4.0]


async def test_a_job_may_be_put_off_by_chance(world: World) -> None:
    """By the share of `jitter` that was drawn; its fire time stays what it is."""
    schedule = await made(world, rhythm=Every(minutes(10)), jitter=minutes(8))
    await world.let_pass(minutes(10.1))
    await firing(world, jitter=0.5)()
    (put_off,) = await jobs(world, schedule)
    now = await kept(world, schedule)
    assert now.last_fire_at is not None
    assert put_off.run_at - now.last_fire_at == minutes(4)
    assert await turns(world, schedule) == [1.0]


async def test_a_pause_makes_nothing_and_leaves_nothing_behind(world: World) -> None:
    """What fell due meanwhile is not made up for, even if all that is missed should be."""
    schedule = await made(world, rhythm=Every(minutes(10)))
    await managing(world).pause("n", ACTOR, "user:1", "too loud")
    await world.let_pass(minutes(35))
    assert not await firing(world)()
    await managing(world).resume(schedule.id, ACTOR)
    await firing(world)()
    assert await fires(world, schedule) == []
    await world.let_pass(minutes(5.1))
    await firing(world)()
    assert await turns(world, schedule) == [4.0]


async def test_a_rhythm_that_cannot_be_followed_stops_and_says_why(world: World) -> None:
    """Others are not kept from firing by it."""
    broken, fine = await made(world, "a"), await made(world, "b")
    lost = attrs.evolve(broken.settings, rhythm=Cron("* * * * *", "Mars/Olympus"))
    assert "Mars/Olympus" in await why_it_stops(world, attrs.evolve(broken, settings=lost), fine)


async def test_a_payload_that_outgrows_its_bounds_stops_its_schedule_alone(world: World) -> None:
    """It was stored before anybody looked at what its words grow to; the others fire."""
    broken, fine = await made(world, "a"), await made(world, "b")
    grows = b'{"at": [' + b", ".join([b'"$fire_at"'] * 50_000) + b"]}"
    large = attrs.evolve(broken.settings, job=JobTemplate(task="a.b", payload=grows))
    assert "/job/payload" in await why_it_stops(world, attrs.evolve(broken, settings=large), fine)


async def why_it_stops(world: World, broken: Schedule, fine: Schedule) -> str:
    """Store a broken schedule as it is and let both fall due; see that the other fires, and return why this stopped."""
    async with world.units_of_work() as unit:
        await unit.schedules.save([broken])
        await unit.commit()
    await world.let_pass(seconds(1.1))
    await firing(world)()
    assert await turns(world, fine) == [1.0]
    stopped = await kept(world, broken)
    assert stopped.next_at is None
    assert stopped.failure is not None
    return stopped.failure


async def test_a_job_that_cannot_be_stored_stops_its_schedule_alone(world: World) -> None:
    """Only the database knows: written its own way the payload is too large. The others fire, in that very pass."""
    await world.let_pass(seconds(0.000_001))
    grows = b'{"at":[' + b",".join([b'"$fire_at"'] * 29_500) + b"]}"
    first, broken, last = [
        await made(world, name, job=JobTemplate(task="a.b", payload=payload), rhythm=Every(minutes(10)))
        for name, payload in (("a", b"{}"), ("b", grows), ("c", b"{}"))
    ]
    await world.let_pass(minutes(10.1))
    assert not await firing(world)()
    assert [await turns(world, each) for each in (first, broken, last)] == [[1.0], [], [1.0]]
    stopped = await kept(world, broken)
    assert (stopped.next_at, stopped.last_fire_at) == (None, None)
    assert stopped.failure is not None
    assert "/payload" in stopped.failure
    mended = await managing(world).change("b", lambda _: True, lambda _: settings(rhythm=EACH_SECOND), ACTOR)
    assert mended.failure is None
    await world.let_pass(seconds(1.1))
    await firing(world)()
    assert await turns(world, broken) == [1.0]


async def test_a_payload_that_no_longer_fits_fires_all_the_same(world: World) -> None:
    """Nobody is there to be told, and a deploy may be under way: its job's end tells, and its schedule goes on."""
    schedule = await made(world, rhythm=Every(minutes(10)))
    wants = TaskDeclaration("a.b", "default", payload_schema=b'{"type": "object", "required": ["n"]}')
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([wants])
        await unit.commit()
    await world.let_pass(minutes(10.1))
    await firing(world)()
    assert [job.status for job in await jobs(world, schedule)] == [JobStatus.QUEUED]
    assert (await kept(world, schedule)).next_at is not None


async def test_by_hand_at_any_time(world: World) -> None:
    """Paused or not, whatever waits; under a key once, and its rhythm goes on as it was."""
    schedule = await made(world, rhythm=Every(minutes(10)), overlap=Overlap.SKIP)
    manage, key = managing(world), IdempotencyKey("user:1", "k", b"h")
    await manage.pause("n", ACTOR, "user:1", None)
    for _ in range(2):
        await manage.run("n", ACTOR)
        await manage.run("n", ACTOR, key=key, render=lambda _: b'"first"')
    assert [job.status for job in await jobs(world, schedule)] == [JobStatus.QUEUED] * 3
    assert (await kept(world, schedule)).last_fire_at is None
    async with world.units_of_work() as unit:
        assert await unit.fires.active([schedule.id]) == {schedule.id}


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 4)), max_size=12), st.floats(0.1, 30))
@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_turn_fires_once_over_any_clock(steps: list[tuple[float, int]], period: float) -> None:
    """Whatever time goes by between looks, and however many look at once."""

    async def history() -> None:
        clock = MovableClock()
        world = memory_world_on(clock)
        schedule = await made(world, rhythm=Every(seconds(round(period, 3))), catch_up_limit=1_000)
        passed = seconds(0)
        for by, processes in steps:
            clock.move(seconds(by))
            passed += seconds(by)
            await asyncio.gather(*(firing(world)() for _ in range(processes)))
        turned = passed // seconds(round(period, 3)) if steps else 0
        found = sorted(
            (fire.fire_at - schedule.anchor) // seconds(round(period, 3)) for fire in await fires(world, schedule)
        )
        assert found == list(range(1, turned + 1))
        await world.queue.close()

    asyncio.run(history())
