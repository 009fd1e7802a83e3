"""Pausing, resuming, bounding and emptying queues over HTTP."""

import pytest
from tests.builders import LEASE, WORKER
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role
from equeue.domain.lease import ClaimOrder

PATH = "/api/v1/queues/mail"
JOBS = "/api/v1/jobs"
ANY = {"If-Match": "*"}
LIMITS = {
    "max_running": 5,
    "max_running_per_key": 2,
    "rate": {"limit": 10, "period_s": 60.0, "burst": None},
    "max_depth": 100,
    "oldest_share": 0.25,
    "target_wait_s": 2.5,
}


async def steerer(world: World, caller: Caller, role: Role = Role.OPERATOR) -> Caller:
    """Return a caller with the key of somebody in this role."""
    return caller.with_key(await world.key_of(await world.person(role)))


async def claimed(world: World) -> int:
    """Return how many jobs of the queue a worker gets."""
    return len(await world.leases.claim(ClaimOrder(WORKER, ("mail",), 10, LEASE)))


async def test_a_pause_says_who_why_and_until_when(world: World) -> None:
    """Everybody who looks at the queue reads it; no job starts; who resumes is heard at once."""
    async with world.caller() as member:
        steer = await steerer(world, member)
        await member.post(JOBS, json={"task": "a.b", "queue": "mail"})
        refused = await steer.post(f"{PATH}/pause", json={"reason": "why", "until": "2000-01-01T00:00:00Z"})
        assert [error["pointer"] for error in is_problem(refused, "invalid-queue")["errors"]] == ["/until"]
        world.clock.move(LEASE)
        paused = await steer.post(f"{PATH}/pause", json={"reason": "the provider is down"})
        assert paused.status_code == 200
        told = (await member.get(PATH)).json()["paused"]
        assert told["reason"] == "the provider is down"
        assert told["user_id"]
        assert told["key_id"]
        assert told["until"] is None
        assert await claimed(world) == 0
        resumed = await steer.post(f"{PATH}/resume")
        assert (resumed.status_code, resumed.json()["paused"]) == (200, None)
        assert await claimed(world) == 1
        assert [each.act.action for each in world.store.audit.values()] == ["queue.pause", "queue.resume"]


async def test_a_pause_keeps_the_settings_and_settings_keep_the_pause(world: World) -> None:
    """Each is changed by its own words, and each change has an ETag of its own."""
    async with world.caller() as member:
        steer = await steerer(world, member)
        first = await steer("PUT", PATH, json=LIMITS, headers=ANY)
        paused = await steer.post(f"{PATH}/pause")
        assert {name: paused.json()[name] for name in LIMITS} == LIMITS
        stale = await steer("PATCH", PATH, json={"max_running": 6}, headers={"If-Match": first.headers["etag"]})
        assert stale.status_code == 412
        changed = await steer("PATCH", PATH, json={"max_running": 6, "rate": None}, headers=ANY)
        shown = changed.json()
        assert (shown["max_running"], shown["rate"], shown["max_depth"]) == (6, None, 100)
        assert shown["paused"] is not None
        again = await steer.post(f"{PATH}/resume")
        repeated = await steer.post(f"{PATH}/resume")
        assert again.headers["etag"] == repeated.headers["etag"]


async def test_a_queue_nobody_spoke_of_can_be_paused_and_not_resumed(world: World) -> None:
    """A pause makes it known; to resume what never was is 404."""
    async with world.caller() as member:
        steer = await steerer(world, member)
        assert (await steer.post(f"{PATH}/resume")).status_code == 404
        assert (await steer.post(f"{PATH}/pause")).status_code == 200
        assert (await member.get(PATH)).status_code == 200
        assert (await member.post(f"{PATH}/pause")).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"max_running": 0}, "/max_running"),
        ({"max_running_per_key": -1}, "/max_running_per_key"),
        ({"max_depth": 0}, "/max_depth"),
        ({"rate": {"limit": 0, "period_s": 1}}, "/rate/limit"),
        ({"rate": {"limit": 1, "period_s": 0}}, "/rate/period_s"),
        ({"rate": {"limit": 1, "period_s": 1, "burst": 0}}, "/rate/burst"),
        ({"oldest_share": 0}, "/oldest_share"),
        ({"oldest_share": 1.5}, "/oldest_share"),
        ({"target_wait_s": 0.09}, "/target_wait_s"),
        ({"target_wait_s": 86_401}, "/target_wait_s"),
    ],
)
async def test_limits_out_of_bounds_are_refused(world: World, body: dict[str, object], pointer: str) -> None:
    """400 that names the member."""
    async with world.caller() as member:
        steer = await steerer(world, member)
        refused = await steer("PUT", PATH, json=body, headers=ANY)
        assert refused.status_code == 400
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_a_full_queue_refuses_more(world: World) -> None:
    """429 with Retry-After, nothing of the request is stored, and a job that started makes room."""
    async with world.caller() as member:
        steer = await steerer(world, member)
        await steer("PUT", PATH, json={"max_depth": 3}, headers=ANY)
        job = {"task": "a.b", "queue": "mail"}
        assert (await member.post(f"{JOBS}/bulk", json={"jobs": [job] * 4})).status_code == 429
        assert (await member.post(f"{JOBS}/bulk", json={"jobs": [job] * 2})).status_code == 201
        assert (await member.post(JOBS, json=job)).status_code == 201
        refused = await member.post(JOBS, json=job)
        is_problem(refused, "queue-full")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await member.post(JOBS, json={"task": "a.b"})).status_code == 201
        assert await claimed(world) == 3
        assert (await member.post(JOBS, json=job)).status_code == 201
        assert len(world.store.jobs) == 5


async def test_a_purge_cancels_what_waits(world: World) -> None:
    """It needs the queue's name again, and an admin; it is a bulk operation that means this queue alone."""
    async with world.caller() as member:
        admin = await steerer(world, member, Role.ADMIN)
        await member.post(JOBS, json={"task": "a.b", "queue": "mail"})
        refused = await admin.post(f"{PATH}/purge", json={"confirm": "male"})
        assert [error["pointer"] for error in is_problem(refused, "invalid-plan")["errors"]] == ["/confirm"]
        operator = await steerer(world, member)
        is_problem(await operator.post(f"{PATH}/purge", json={"confirm": "mail"}), "forbidden")
        answer = await admin.post(f"{PATH}/purge", json={"confirm": "mail", "reason": "sent twice"})
        assert answer.status_code == 202
        told = answer.json()
        assert (told["action"], told["filter"]["queue"], told["filter"]["status"]) == ("cancel", ["mail"], ["queued"])
        assert (told["reason"], told["expected"]["value"]) == ("sent twice", 1)
