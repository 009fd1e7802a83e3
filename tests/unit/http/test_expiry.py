"""A job that nobody started in time: never run, cancelled by maintenance, and the one who waits for it is told why."""

from datetime import timedelta
from typing import Any

from tests.builders import an_order
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.application.maintenance import ExpireJobs

JOBS = "/api/v1/jobs"


async def enqueued(api: Caller, world: World, **facts: Any) -> str:
    """Enqueue a job that expires in an hour, and return its path."""
    expires_at = (world.clock.now() + timedelta(hours=1)).isoformat()
    answer = await api.post(JOBS, json={"task": "a", "expires_at": expires_at, **facts})
    assert answer.status_code == 201
    return f"{JOBS}/{answer.json()['job']['id']}"


async def test_expired_job_is_never_started_and_says_so(api: Caller, world: World) -> None:
    """Not even in the moment before maintenance comes by; then it is cancelled, and so is the wait for its result."""
    path = await enqueued(api, world)
    world.clock.move(timedelta(hours=1))
    assert not await world.leases.claim(an_order())
    assert (await api.get(f"{path}/result")).status_code == 202
    assert await ExpireJobs(world.leases)() == 1
    job = (await api.get(path)).json()
    assert (job["status"], job["cancel_reason"], job["attempt"]) == ("cancelled", "expired", 0)
    assert job["finished_at"] is not None
    assert "expired" in is_problem(await api.get(f"{path}/result"), "job-cancelled")["detail"]
    assert await ExpireJobs(world.leases)() == 0


async def test_expiry_frees_the_unique_key(api: Caller, world: World) -> None:
    """The next one may have it."""
    unique = {"key": "k", "on_conflict": "reject"}
    await enqueued(api, world, unique=unique)
    world.clock.move(timedelta(hours=1))
    await ExpireJobs(world.leases)()
    await enqueued(api, world, unique=unique)


async def test_retry_of_an_expired_job_runs_it(api: Caller, world: World) -> None:
    """The operator's word is newer than the expiry."""
    path = await enqueued(api, world)
    world.clock.move(timedelta(hours=1))
    await ExpireJobs(world.leases)()
    job = (await api.post(f"{path}/retry")).json()["job"]
    assert (job["status"], job["expires_at"], job["cancel_reason"]) == ("queued", None, None)
    assert len(await world.leases.claim(an_order())) == 1
    assert await ExpireJobs(world.leases)() == 0


async def test_job_that_was_started_in_time_goes_on(api: Caller, world: World) -> None:
    """The expiry is about the start."""
    path = await enqueued(api, world)
    assert len(await world.leases.claim(an_order(lease=timedelta(hours=2)))) == 1
    world.clock.move(timedelta(hours=1))
    assert await ExpireJobs(world.leases)() == 0
    assert (await api.get(path)).json()["status"] == "running"


async def test_copy_of_an_expired_job_does_not_expire(api: Caller, world: World) -> None:
    """Unless it is told to."""
    path = await enqueued(api, world)
    world.clock.move(timedelta(hours=1))
    assert (await api.post(f"{path}/rerun")).json()["job"]["expires_at"] is None
    later = "2026-01-01T05:00:00.000000Z"
    assert (await api.post(f"{path}/rerun", json={"expires_at": later})).json()["job"]["expires_at"] == later
