"""`Prefer: wait`: the answer comes once the job has ended, or once the time is over, or as soon as nobody wants it."""

import asyncio
from typing import Any

import attrs
import pytest
from tests.builders import a_job
from tests.unit.http.asserts import is_problem
from tests.unit.http.tap import tapped
from tests.unit.http.world import Caller, World
from tests.unit.worker.world import breathe
from uuid_utils.compat import uuid7

from equeue.domain.ids import UUID
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.prefer import Wait, wait_of

JOBS = "/api/v1/jobs"


def put(world: World, status: JobStatus = JobStatus.QUEUED, **facts: Any) -> str:
    """Store a job of the member."""
    job = attrs.evolve(a_job(status), id=uuid7(), user_id=world.member.id, **facts)
    world.store.jobs[job.id] = job
    return str(job.id)


def end(world: World, job_id: str, status: JobStatus = JobStatus.SUCCEEDED) -> None:
    """Let a job end."""
    ended = a_job(status)
    owner = world.store.jobs[UUID(job_id)].user_id
    world.store.jobs[UUID(job_id)] = attrs.evolve(ended, id=UUID(job_id), user_id=owner)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("wait=10", 10),
        ("respond-async, WAIT = 10 ; foo=bar", 10),
        ('wait="7"', 7),
        ("wait=0", 0),
        ("wait=55", 55),
        ("wait=56", 55),
        ("wait=999999999", 55),
        ("wait=3, wait=9", 3),
    ],
)
def test_a_wish_to_wait_is_understood(given: str, seconds: int) -> None:
    """As RFC 7240 writes it; nobody waits longer than 55 seconds."""
    assert wait_of({"prefer": given}) == Wait(seconds)


@pytest.mark.parametrize(
    "given",
    ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=1e3", "wait=ten", "wait=٣", "waiting=5", "wait=x, wait=5"],
)
def test_malformed_wish_is_ignored(given: str) -> None:
    """Whoever cannot say it gets an answer at once."""
    assert wait_of({"prefer": given}) is None


@pytest.mark.parametrize("suffix", ["", "/result"])
async def test_answer_comes_with_the_end(api: Caller, world: World, suffix: str) -> None:
    """And says what it waited at most."""
    job_id = put(world)
    asking = asyncio.create_task(api.get(f"{JOBS}/{job_id}{suffix}", headers={"prefer": "wait=20"}))
    await world.timers.move(5)
    assert not asking.done()
    end(world, job_id)
    await world.timers.move(1)
    answer = await asking
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["preference-applied"] == "wait=20"


@pytest.mark.parametrize(("suffix", "status"), [("", 200), ("/result", 202)])
async def test_patience_ends(api: Caller, world: World, suffix: str, status: int) -> None:
    """Then the answer is what it would have been at once; 55 seconds is the most."""
    asking = asyncio.create_task(api.get(f"{JOBS}/{put(world)}{suffix}", headers={"prefer": "wait=600"}))
    await world.timers.move(54.9)
    assert not asking.done()
    await world.timers.move(0.2)
    answer = await asking
    assert (answer.status_code, answer.json()["status"]) == (status, "queued")
    assert answer.headers["preference-applied"] == "wait=55"


async def test_ended_job_is_answered_at_once(api: Caller, world: World) -> None:
    """There is nothing to wait for, and nothing is looked for."""
    looks = world.watch.looks
    answer = await api.get(f"{JOBS}/{put(world, JobStatus.SUCCEEDED)}", headers={"prefer": "wait=20"})
    assert answer.headers["preference-applied"] == "wait=20"
    assert world.watch.looks == looks


async def test_who_does_not_ask_does_not_wait(api: Caller, world: World) -> None:
    """Nor whoever asks for something else, or malformed."""
    for prefer in ({}, {"prefer": "respond-async"}, {"prefer": "wait=x"}):
        answer = await api.get(f"{JOBS}/{put(world)}/result", headers=prefer)
        assert answer.status_code == 202
        assert "preference-applied" not in answer.headers


async def test_dead_job_is_told_as_soon_as_it_is_dead(api: Caller, world: World) -> None:
    """409, and that the wish was heeded."""
    job_id = put(world)
    asking = asyncio.create_task(api.get(f"{JOBS}/{job_id}/result", headers={"prefer": "wait=20"}))
    await world.timers.move(1)
    end(world, job_id, JobStatus.DEAD)
    await world.timers.move(1)
    answer = await asking
    is_problem(answer, "job-dead")
    assert answer.headers["preference-applied"] == "wait=20"


async def test_job_deleted_meanwhile_is_404(api: Caller, world: World) -> None:
    """As it would be for any other."""
    job_id = put(world)
    asking = asyncio.create_task(api.get(f"{JOBS}/{job_id}", headers={"prefer": "wait=20"}))
    await world.timers.move(1)
    world.store.jobs.clear()
    await world.timers.move(1)
    is_problem(await asking, "not-found")


async def test_anothers_job_is_404_at_once(api: Caller, world: World) -> None:
    """Nobody learns by waiting whether it exists."""
    job_id = put(world)
    world.store.jobs[UUID(job_id)] = attrs.evolve(world.store.jobs[UUID(job_id)], user_id=uuid7())
    for path in (job_id, f"{job_id}/result", str(uuid7())):
        is_problem(await api.get(f"{JOBS}/{path}", headers={"prefer": "wait=20"}), "not-found")


async def test_enqueue_can_wait_for_its_job(api: Caller, world: World) -> None:
    """201 as ever, with the job as it has become."""
    asking = asyncio.create_task(api.post(JOBS, json={"task": "a"}, headers={"prefer": "wait=20"}))
    await world.timers.move(1)
    (job,) = world.store.jobs.values()
    assert not asking.done()
    end(world, str(job.id))
    await world.timers.move(1)
    answer = await asking
    assert (answer.status_code, answer.json()["outcome"]) == (201, "created")
    assert answer.json()["job"]["status"] == "succeeded"
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.headers["location"] == f"{JOBS}/{job.id}"


async def test_enqueue_keeps_its_first_answer(api: Caller, world: World) -> None:
    """Under its idempotency key stands what was so at once: 201 with a queued job, and no wait."""
    headers = {"prefer": "wait=1", "idempotency-key": "k"}
    asking = asyncio.create_task(api.post(JOBS, json={"task": "a"}, headers=headers))
    await world.timers.move(2)
    assert (await asking).status_code == 201
    again = await api.post(JOBS, json={"task": "a"}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert "preference-applied" not in again.headers


async def test_nobody_waits_for_who_hung_up(world: World) -> None:
    """The seat is free within a moment, not after 55 seconds."""
    async with tapped(world.app, world.member_key, f"{JOBS}/{put(world)}", prefer="wait=55") as tap:
        await world.timers.move(1)
        assert tap.status == 0
        tap.left.set()
        await breathe()
        looks = world.watch.looks
        await world.timers.move(10)
        assert world.watch.looks == looks


async def test_waiting_ends_when_the_server_stops(api: Caller, world: World) -> None:
    """With an answer, not with a cut connection."""
    asking = asyncio.create_task(api.get(f"{JOBS}/{put(world)}", headers={"prefer": "wait=55"}))
    await world.timers.move(1)
    world.services.drain.begin()
    answer = await asking
    assert answer.json()["status"] == "queued"


async def test_two_hundred_callers_cost_one_look_a_tick(api: Caller, world: World) -> None:
    """As many as one caller costs."""
    before = world.watch.looks
    job_id = put(world)
    lonely = asyncio.create_task(api.get(f"{JOBS}/{job_id}", headers={"prefer": "wait=5"}))
    await world.timers.move(6)
    await lonely
    alone, before = world.watch.looks - before, world.watch.looks
    crowd = [asyncio.create_task(api.get(f"{JOBS}/{put(world)}", headers={"prefer": "wait=5"})) for _ in range(200)]
    await breathe()
    await world.timers.move(6)
    await asyncio.gather(*crowd)
    assert world.watch.looks - before <= alone + 3
