"""Queues over HTTP: what is set holds, for whom it may concern, and nobody's change is lost."""

from typing import Any

import pytest
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role, Scope

PATH = "/api/v1/queues"
ANY = {"If-Match": "*"}
HOOK = {"task": "http.request", "payload": {"url": "https://example.org/?token=s3cret", "body": "$job"}}


async def operator(world: World, caller: Caller) -> Caller:
    """Return a caller who may set queues."""
    return caller.with_key(await world.key_of(await world.person(Role.OPERATOR)))


async def test_what_is_set_holds_for_new_jobs(world: World) -> None:
    """A queue's retries and timeout count where neither caller nor task says otherwise."""
    async with world.caller() as member:
        steer = await operator(world, member)
        put = await steer("PUT", f"{PATH}/mail", json={"defaults": {"max_retries": 9, "timeout_s": 7}}, headers=ANY)
        assert put.status_code == 200
        for said, kept in (({}, (9, 7.0)), ({"max_retries": 1, "timeout_s": 2}, (1, 2.0))):
            job = (await member.post("/api/v1/jobs", json={"task": "a.b", "queue": "mail", **said})).json()["job"]
            assert (job["max_retries"], job["timeout_s"], job["backoff"]) == (*kept, None)
        other = (await member.post("/api/v1/jobs", json={"task": "a.b"})).json()["job"]
        assert (other["max_retries"], other["timeout_s"]) == (3, 300.0)


async def test_a_change_names_what_it_was_made_for(world: World) -> None:
    """Without If-Match 428, upon something older 412, and nothing is changed; a fitting one is written."""
    async with world.caller() as member:
        steer = await operator(world, member)
        assert (await steer("PUT", f"{PATH}/mail", json={})).json()["code"] == "precondition-required"
        first = await steer("PUT", f"{PATH}/mail", json={"defaults": {"max_retries": 1}}, headers=ANY)
        patch = {"defaults": {"timeout_s": 5}}
        fitting = await steer("PATCH", f"{PATH}/mail", json=patch, headers={"If-Match": first.headers["etag"]})
        assert fitting.json()["defaults"] == {"max_retries": 1, "timeout_s": 5.0, "backoff": None}
        for method in ("PUT", "PATCH", "DELETE"):
            body: dict[str, Any] = {} if method == "DELETE" else {"json": {}}
            stale = await steer(method, f"{PATH}/mail", headers={"If-Match": first.headers["etag"]}, **body)
            assert (stale.status_code, stale.json()["code"]) == (412, "stale")
        assert (await steer.get(f"{PATH}/mail")).headers["etag"] == fitting.headers["etag"]


async def test_a_patch_with_null_gives_a_setting_back(world: World) -> None:
    """A merge patch touches what it names; `null` is the system's default again."""
    async with world.caller() as member:
        steer = await operator(world, member)
        whole = {"defaults": {"max_retries": 1, "backoff": {"kind": "fixed", "base_s": 5}}, "on_dead": HOOK}
        await steer("PUT", f"{PATH}/mail", json=whole, headers=ANY)
        patched = await steer("PATCH", f"{PATH}/mail", json={"defaults": {"backoff": {"base_s": 9}}}, headers=ANY)
        assert patched.json()["defaults"]["backoff"] == {"kind": "fixed", "base_s": 9.0, "jitter": 0.0}
        emptied = await steer("PATCH", f"{PATH}/mail", json={"defaults": None, "on_dead": None}, headers=ANY)
        assert (emptied.json()["defaults"]["max_retries"], emptied.json()["on_dead"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"defaults": {"max_retries": 1001}}, "/defaults/max_retries"),
        ({"defaults": {"timeout_s": 0}}, "/defaults/timeout_s"),
        ({"defaults": {"backoff": {"kind": "fixed", "base_s": -1}}}, "/defaults/backoff/base_s"),
        ({"defaults": {"retries": 1}}, "/defaults/retries"),
        ({"on_dead": {"task": "No Name"}}, "/on_dead/task"),
        ({"on_dead": {"task": "a", "payload": []}}, "/on_dead/payload"),
        ({"on_dead": {"task": "a", "payload": {"a": "x" * 40_000}}}, "/on_dead/payload"),
    ],
)
async def test_what_breaks_a_rule_is_named(world: World, body: dict[str, object], pointer: str) -> None:
    """A setting out of bounds is a 400 that names it, and nothing is stored."""
    async with world.caller() as member:
        steer = await operator(world, member)
        for method in ("PUT", "PATCH"):
            refused = await steer(method, f"{PATH}/mail", json=body, headers=ANY)
            assert refused.status_code == 400
            assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
        assert (await steer.get(f"{PATH}/mail")).status_code == 404


async def test_who_may_not_set_sees_no_payload(world: World) -> None:
    """The payload of a hook may hold a secret: readers see which task is called, and may set nothing."""
    async with world.caller() as member:
        steer = await operator(world, member)
        await steer("PUT", f"{PATH}/mail", json={"on_dead": HOOK}, headers=ANY)
        assert (await steer.get(f"{PATH}/mail")).json()["on_dead"] == HOOK
        assert (await member.get(f"{PATH}/mail")).json()["on_dead"] == {"task": "http.request"}
        assert (await member("PUT", f"{PATH}/mail", json={}, headers=ANY)).status_code == 403
        (entry,) = world.store.audit.values()
        assert (entry.act.action, entry.act.target_id) == ("queue.set", "mail")
        assert "s3cret" not in str(entry)


async def test_queues_out_of_reach_are_not_there(world: World) -> None:
    """A key that is confined to some queues sees and sets no others."""
    async with world.caller() as member:
        steer = await operator(world, member)
        for name in ("mail", "mail.slow", "bills"):
            await steer("PUT", f"{PATH}/{name}", json={}, headers=ANY)
        confined = member.with_key(await world.key_of(await world.person(Role.OPERATOR), queue_globs=("mail*",)))
        assert [each["name"] for each in (await confined.get(PATH)).json()["items"]] == ["mail", "mail.slow"]
        assert (await confined.get(f"{PATH}/bills")).status_code == 404
        assert (await confined("PUT", f"{PATH}/bills", json={}, headers=ANY)).status_code == 404


async def test_a_queue_comes_into_being_with_its_first_job(world: World) -> None:
    """A name that nobody used is 404; one in which a job waits has the system's settings, and so after a delete."""
    async with world.caller() as member:
        steer = await operator(world, member)
        assert (await member.get(f"{PATH}/mail")).status_code == 404
        await member.post("/api/v1/jobs", json={"task": "a.b", "queue": "mail"})
        found = await member.get(f"{PATH}/mail")
        assert (found.status_code, found.headers["etag"], found.json()["updated_at"]) == (200, '"unset"', None)
        await steer("PUT", f"{PATH}/mail", json={}, headers={"If-Match": '"unset"'})
        assert (await steer("DELETE", f"{PATH}/mail")).status_code == 204
        assert (await steer("DELETE", f"{PATH}/mail")).status_code == 404
        assert (await member.get(f"{PATH}/mail")).headers["etag"] == '"unset"'


async def test_every_act_tells_what_was_and_what_is(world: World) -> None:
    """Of a payload that it changed; who takes the settings away takes the pause too, and the log says so."""
    async with world.caller() as member:
        steer = await operator(world, member)
        await steer("PUT", f"{PATH}/mail", json={"on_dead": HOOK, "max_running": 3}, headers=ANY)
        await steer("PATCH", f"{PATH}/mail", json={"on_dead": {"payload": {"other": "s3cret"}}}, headers=ANY)
        await steer.post(f"{PATH}/mail/pause", json={"reason": "rest"})
        await steer("DELETE", f"{PATH}/mail")
        _, edited, _, removed = (entry.act for entry in world.store.audit.values())
    assert (edited.before, edited.after) == ({}, {"on_dead_payload": "changed"})
    paused = {"paused": True, "reason": "rest", "until": None}
    assert removed.before == {"max_running": 3, "on_dead": HOOK["task"]} | paused
    assert removed.after == {"max_running": None, "on_dead": None, "on_dead_payload": "changed", "paused": False}


async def test_a_member_does_not_learn_where_others_work(world: World) -> None:
    """A queue that only others' jobs name is none to a member: not listed, not suggested, not there; viewers see it."""
    async with world.caller() as member:
        other = member.with_key(await world.key_of(await world.person(Role.MEMBER)))
        viewer = member.with_key(await world.key_of(await world.person(Role.VIEWER)))
        assert (await other.post("/api/v1/jobs", json={"task": "a.b", "queue": "secret"})).status_code == 201
        suggested = "/api/v1/filters/suggest?q=queue:"
        for caller, names in ((member, []), (other, ["secret"]), (viewer, ["secret"])):
            assert [each["name"] for each in (await caller.get(PATH)).json()["items"]] == names
            assert [each["text"] for each in (await caller.get(suggested)).json()["items"]] == names
            for path in (f"{PATH}/secret", f"{PATH}/secret/stats"):
                assert (await caller.get(path)).status_code == (200 if names else 404)


async def test_scopes_are_heeded(world: World) -> None:
    """A key for jobs alone sets no queue."""
    async with world.caller() as member:
        person = await world.person(Role.ADMIN)
        jobs_only = member.with_key(await world.key_of(person, scopes=frozenset({Scope.JOBS_ADMIN, Scope.JOBS_READ})))
        assert (await jobs_only("PUT", f"{PATH}/mail", json={}, headers=ANY)).json()["code"] == "forbidden"
