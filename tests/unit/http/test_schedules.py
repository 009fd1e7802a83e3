"""Schedules over HTTP: made, looked at, changed by who has seen them, paused, run by hand and previewed."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.test_payload_schemas import SCHEMA
from tests.unit.http.world import Caller, World, a_world

from equeue.adapters.calendar import CronCalendar
from equeue.adapters.memory.platform import FixedJitter
from equeue.adapters.system import UuidV7Ids
from equeue.application.enqueue import EnqueueRules
from equeue.application.firing import FireSchedules, MakeJobs
from equeue.domain.access import Role, Scope

PATH = "/api/v1/schedules"
ANY = {"If-Match": "*"}
NIGHTLY = {"name": "nightly", "cron": "0 2 * * *", "zone": "Europe/Berlin", "job": {"task": "report.build"}}
HOURLY = {"name": "hourly", "every_s": 3_600, "job": {"task": "a.b", "payload": {"n": 1.50}, "queue": "mail"}}


@pytest.fixture
async def steer(world: World, api: Caller) -> Caller:
    """Give a caller who may set schedules."""
    return api.with_key(await world.key_of(await world.person(Role.OPERATOR)))


async def manage_by_code(world: World, name: str) -> None:
    """Make a schedule one that code declared."""
    async with world.units_of_work() as unit:
        found = await unit.schedules.hold(name)
        assert found is not None
        await unit.schedules.save([attrs.evolve(found, managed_by_code=True)])
        await unit.commit()


async def test_a_schedule_is_made_and_shown(steer: Caller) -> None:
    """By id and by name, in words, with its next fire time; in lists by name, page by page."""
    made = await steer.post(PATH, json=NIGHTLY)
    assert made.status_code == 201, made.text
    document = made.json()
    assert made.headers["location"] == f"{PATH}/{document['id']}"
    assert document["next_at"] == "2026-01-01T01:00:00.000000Z"
    assert (document["overlap"], document["catch_up"], document["managed_by"]) == ("skip", "last", "api")
    assert "Europe/Berlin" in document["words"]
    for named in (document["id"], "nightly"):
        shown = await steer.get(f"{PATH}/{named}")
        assert shown.json() == document | {"fires": []}
        assert shown.headers["etag"] == f'"{document["etag"]}"'
    hourly = (await steer.post(PATH, json=HOURLY)).json()
    assert (hourly["words"], hourly["job"]["payload"], hourly["next_at"]) == (
        "Every hour",
        {"n": 1.5},
        "2026-01-01T01:00:00.000000Z",
    )
    first = (await steer.get(PATH, params={"limit": 1})).json()
    assert ([each["name"] for each in first["items"]], first["next_after"]) == (["hourly"], "hourly")
    second = (await steer.get(PATH, params={"limit": 1, "after": "hourly"})).json()
    assert ([each["name"] for each in second["items"]], second["has_more"]) == (["nightly"], False)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"cron": "0 2 * *"}, "bad-cron", "/cron"),
        ({"cron": "0 25 * * *"}, "bad-cron", "/cron"),
        ({"zone": "Europe/Atlantis"}, "bad-cron", "/zone"),
        ({"every_s": 60}, "invalid-schedule", "/cron"),
        ({"cron": None}, "invalid-schedule", "/cron"),
        ({"job": {"task": "a.b", "tags": [""]}}, "invalid-schedule", "/job/tags/0"),
        ({"name": "00000000-0000-7000-8000-000000000001"}, "invalid-schedule", "/name"),
        ({"catch_up_limit": 0}, "invalid-body", "/catch_up_limit"),
        ({"overlap": "never"}, "invalid-body", "/overlap"),
        ({"typo": 1}, "invalid-body", "/typo"),
        ({"job": {"task": "a.b", "payload": []}}, "invalid-schedule", "/job/payload"),
    ],
)
async def test_what_is_wrong_is_named(steer: Caller, change: dict[str, Any], code: str, pointer: str) -> None:
    """What is out of bounds 400, a rhythm that nobody can follow 422; nothing is stored."""
    refusal = is_problem(await steer.post(PATH, json=NIGHTLY | change), code)
    assert pointers(refusal) == [pointer]
    assert (await steer.get(PATH)).json()["items"] == []


async def test_a_name_is_taken_once(steer: Caller) -> None:
    """409 for the second."""
    await steer.post(PATH, json=NIGHTLY)
    is_problem(await steer.post(PATH, json=NIGHTLY), "schedule-exists")


async def test_a_change_names_what_it_was_made_for(steer: Caller) -> None:
    """Without If-Match 428, upon something older 412; PUT sets all anew, PATCH what it names."""
    made = await steer.post(PATH, json=HOURLY)
    form = {name: value for name, value in HOURLY.items() if name != "name"}
    is_problem(await steer("PUT", f"{PATH}/hourly", json=form), "precondition-required")
    patched = await steer(
        "PATCH",
        f"{PATH}/hourly",
        json={"job": {"priority": 1}, "jitter_s": 5},
        headers={"If-Match": made.headers["etag"]},
    )
    assert patched.status_code == 200, patched.text
    assert (patched.json()["job"]["priority"], patched.json()["job"]["queue"], patched.json()["jitter_s"]) == (
        1,
        "mail",
        5.0,
    )
    for method in ("PUT", "PATCH"):
        stale = await steer(method, f"{PATH}/hourly", json=form, headers={"If-Match": made.headers["etag"]})
        is_problem(stale, "stale")
    gone = await steer("DELETE", f"{PATH}/hourly", headers={"If-Match": made.headers["etag"]})
    is_problem(gone, "stale")
    put = await steer("PUT", f"{PATH}/hourly", json=form, headers={"If-Match": patched.headers["etag"]})
    assert (put.json()["job"]["priority"], put.json()["jitter_s"]) == (5, 0.0)
    swapped = {"cron": "@daily", "every_s": None}
    other = await steer("PATCH", f"{PATH}/hourly", json=swapped, headers=ANY)
    assert (other.json()["cron"], other.json()["every_s"]) == ("@daily", None)
    assert (await steer("DELETE", f"{PATH}/hourly")).status_code == 204
    is_problem(await steer.get(f"{PATH}/hourly"), "not-found")


async def test_what_code_declares_is_changed_in_code(world: World, steer: Caller) -> None:
    """It can be paused, resumed and run; taken away only by force, for its code may be gone."""
    await steer.post(PATH, json=NIGHTLY)
    await manage_by_code(world, "nightly")
    form = {name: value for name, value in NIGHTLY.items() if name != "name"}
    for method, body in (("PUT", {"json": form}), ("PATCH", {"json": {}}), ("DELETE", {})):
        is_problem(await steer(method, f"{PATH}/nightly", headers=ANY, **body), "managed-by-code")
    for move, status in (("pause", 200), ("resume", 200), ("run", 201)):
        assert (await steer.post(f"{PATH}/nightly/{move}")).status_code == status
    assert (await steer("DELETE", f"{PATH}/nightly?force=true")).status_code == 204


async def test_a_pause_says_who_and_why(world: World, steer: Caller) -> None:
    """And there is no next fire time until it is resumed, which makes up for nothing."""
    await steer.post(PATH, json=HOURLY)
    paused = (await steer.post(f"{PATH}/hourly/pause", json={"reason": "too loud"})).json()
    assert (paused["paused"]["reason"], paused["next_at"]) == ("too loud", None)
    assert paused["paused"]["by"].startswith("key:")
    again = (await steer.post(f"{PATH}/hourly/pause", json={"reason": "another"})).json()
    assert again == paused
    world.clock.move(timedelta(hours=5, minutes=1))
    resumed = (await steer.post(f"{PATH}/hourly/resume")).json()
    assert (resumed["paused"], resumed["next_at"]) == (None, "2026-01-01T06:00:00.000000Z")


async def test_by_hand_once_per_key(world: World, steer: Caller) -> None:
    """A repeated key gets the first answer again; what was made is shown with the schedule."""
    await steer.post(PATH, json=HOURLY)
    answers = [await steer.post(f"{PATH}/hourly/run", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    job = answers[0].json()["job"]
    assert (job["task"], job["queue"], job["payload"]) == ("a.b", "mail", {"n": 1.5})
    (fire,) = (await steer.get(f"{PATH}/hourly")).json()["fires"]
    assert (fire["job_id"], fire["manual"]) == (job["id"], True)
    assert len(world.store.jobs) == 1


async def test_a_payload_is_judged_as_at_an_enqueue(world: World, steer: Caller) -> None:
    """When it is made, changed or run by hand: 422 with pointers into the body; words count as what they stand for."""
    await world.declare("known", schema=SCHEMA)
    bad = HOURLY | {"job": {"task": "known", "payload": {"user_id": "1", "nope": 2}}}
    refusal = is_problem(await steer.post(PATH, json=bad), "payload-invalid")
    assert (refusal["status"], sorted(pointers(refusal))) == (422, ["/job/payload/nope", "/job/payload/user_id"])
    assert (await steer.get(PATH)).json()["items"] == []
    good = HOURLY | {"job": {"task": "known", "payload": {"user_id": 1, "lang": "$schedule"}}}
    assert (await steer.post(PATH, json=good)).status_code == 201
    patch = {"job": {"payload": {"user_id": "$fire_at"}}}
    refusal = is_problem(await steer("PATCH", f"{PATH}/hourly", json=patch, headers=ANY), "payload-invalid")
    assert pointers(refusal) == ["/job/payload/user_id"]
    await world.declare("known", schema=b'{"type": "object", "properties": {"user_id": {"type": "string"}}}')
    assert (await steer("PATCH", f"{PATH}/hourly", json={"jitter_s": 5}, headers=ANY)).status_code == 200
    refusal = is_problem(await steer.post(f"{PATH}/hourly/run"), "payload-invalid")
    assert pointers(refusal) == ["/job/payload/user_id"]
    assert not world.store.jobs


async def test_a_strict_installation_refuses_unknown_tasks() -> None:
    """As it does at an enqueue: 422, with the place."""
    world = await a_world(rules=EnqueueRules(strict_tasks=True))
    async with world.caller() as api:
        steer = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
        assert pointers(is_problem(await steer.post(PATH, json=NIGHTLY), "unknown-task")) == ["/job/task"]
        await world.declare("report.build")
        assert (await steer.post(PATH, json=NIGHTLY)).status_code == 201
        patch = {"job": {"task": "nobody"}}
        refusal = is_problem(await steer("PATCH", f"{PATH}/nightly", json=patch, headers=ANY), "unknown-task")
        assert pointers(refusal) == ["/job/task"]


async def test_what_fires_is_shown(world: World, steer: Caller) -> None:
    """The job that a pass made, and when the next comes."""
    await steer.post(PATH, json=HOURLY)
    world.clock.move(timedelta(hours=1))
    manage = world.services.schedules
    fire = FireSchedules(world.units_of_work, manage.queue, CronCalendar(), UuidV7Ids(), FixedJitter(), MakeJobs())
    await fire()
    shown = (await steer.get(f"{PATH}/hourly")).json()
    assert (shown["last_fire_at"], shown["next_at"]) == ("2026-01-01T01:00:00.000000Z", "2026-01-01T02:00:00.000000Z")
    assert [(each["fire_at"], each["manual"]) for each in shown["fires"]] == [(shown["last_fire_at"], False)]


async def test_a_preview_says_in_words_what_clocks_do(steer: Caller) -> None:
    """On the day they change, and the rule itself; nothing is stored."""
    asked = {"cron": "30 2 * * *", "zone": "Europe/Berlin", "count": 2, "after": "2026-03-28T12:00:00Z"}
    answer = (await steer.post(f"{PATH}/preview", json=asked)).json()
    assert [each["fire_at"] for each in answer["items"]] == [
        "2026-03-29T01:00:00.000000Z",
        "2026-03-30T00:30:00.000000Z",
    ]
    assert answer["items"][0]["local"] == "2026-03-29T03:00:00+02:00"
    assert "it fires at 03:00 instead" in answer["items"][0]["note"]
    assert answer["items"][1]["note"] is None
    assert "fires the first time" in answer["clocks"]
    even = (await steer.post(f"{PATH}/preview", json={"every_s": 90, "count": 2})).json()
    assert [each["fire_at"] for each in even["items"]] == ["2026-01-01T00:01:30.000000Z", "2026-01-01T00:03:00.000000Z"]
    assert even["words"] == "Every 90 seconds"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"cron": "x"}, "bad-cron"),
        ({}, "invalid-schedule"),
        ({"every_s": 1, "after": "9990-01-01T00:00:00Z"}, "invalid-schedule"),
        ({"every_s": 1, "count": 101}, "invalid-body"),
    ],
)
async def test_a_preview_of_nothing_is_refused(steer: Caller, asked: dict[str, Any], code: str) -> None:
    """As a schedule would be."""
    is_problem(await steer.post(f"{PATH}/preview", json=asked), code)


async def test_who_may_see_and_set(world: World, api: Caller, steer: Caller) -> None:
    """A member sees only what is the member's and sets nothing; a viewer sees all; a key only its queues."""
    await steer.post(PATH, json=HOURLY)
    await steer.post(PATH, json=NIGHTLY)
    assert (await api.get(PATH)).json()["items"] == []
    is_problem(await api.get(f"{PATH}/hourly"), "not-found")
    is_problem(await api.post(PATH, json=NIGHTLY), "forbidden")
    viewer = api.with_key(await world.key_of(await world.person(Role.VIEWER)))
    assert len((await viewer.get(PATH)).json()["items"]) == 2
    is_problem(await viewer.post(f"{PATH}/hourly/pause"), "forbidden")
    admin = await world.person(Role.ADMIN)
    confined = api.with_key(await world.key_of(admin, scopes=frozenset({Scope.SCHEDULES_ADMIN}), queue_globs=("mail",)))
    assert [each["name"] for each in (await confined.get(PATH)).json()["items"]] == ["hourly"]
    is_problem(await confined.get(f"{PATH}/nightly"), "not-found")
    is_problem(await confined.post(f"{PATH}/nightly/run"), "not-found")
    is_problem(await confined.post(PATH, json=NIGHTLY | {"name": "other"}), "queue-forbidden")
    moved = await confined("PATCH", f"{PATH}/hourly", json={"job": {"queue": "bills"}}, headers=ANY)
    is_problem(moved, "queue-forbidden")


async def test_every_act_is_told(world: World, steer: Caller) -> None:
    """Who, what, and what changed; never a payload."""
    await steer.post(PATH, json=HOURLY)
    edit = {"job": {"payload": {"secret": 1}, "tags": ["vip"]}, "jitter_s": 5}
    await steer("PATCH", f"{PATH}/hourly", json=edit, headers=ANY)
    for move in ("pause", "resume", "run"):
        await steer.post(f"{PATH}/hourly/{move}")
    await steer("DELETE", f"{PATH}/hourly")
    told = [entry.act for entry in world.store.audit.values()]
    assert [act.action.removeprefix("schedule.") for act in told] == [
        "create",
        "set",
        "pause",
        "resume",
        "run",
        "delete",
    ]
    assert (told[1].before, told[1].after) == (
        {"jitter_s": 0.0, "tags": []},
        {"jitter_s": 5.0, "tags": ["vip"], "payload": "changed"},
    )
    assert "secret" not in str(told)


@pytest.mark.parametrize("named", ["never", "00000000-0000-7000-8000-000000000001", "UPPER", "%20"])
async def test_what_is_not_there_is_404(steer: Caller, named: str) -> None:
    """Also what could be no name."""
    is_problem(await steer.get(f"{PATH}/{named}"), "not-found")
    is_problem(await steer.post(f"{PATH}/{named}/run"), "not-found")
