"""Who may call what: every route against every kind of caller, by a table that knows nothing of the routes' own."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import attrs
import pytest
from tests.builders import a_job
from tests.unit.http.test_routes import BY_NAME, call
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.domain.access import Role, Scope
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.app import ENDPOINTS
from equeue.entrypoints.http.endpoint import EVENT_STREAM

PEOPLE = frozenset({"member", "viewer", "operator", "admin"})
KEYS = frozenset(f"key {scope}" for scope in Scope)
NOBODY = frozenset({"anonymous", "expired", "logged out", "disabled", "revoked key"})

OPEN = PEOPLE | KEYS | NOBODY
ANYBODY = PEOPLE | KEYS
PERSON = PEOPLE
PERSON_OR_ADMIN = PEOPLE | {"key admin"}
READER = PEOPLE | {"key jobs:read"}
WRITER = PEOPLE | {"key jobs:write"}
OWNER = PEOPLE | {"key jobs:write", "key jobs:admin"}
READER_OR_WRITER = PEOPLE | {"key jobs:read", "key jobs:write"}
STATISTICS_READER = PEOPLE | {"key jobs:read", "key stats:read"}
WATCHER = frozenset({"viewer", "operator", "admin", "key stats:read"})
QUEUE_READER = PEOPLE | {"key jobs:read", "key queues:admin"}
OPERATOR = frozenset({"operator", "admin", "key jobs:admin"})
QUEUE_OPERATOR = frozenset({"operator", "admin", "key queues:admin"})
SCHEDULE_READER = PEOPLE | {"key jobs:read", "key schedules:admin"}
SCHEDULE_OPERATOR = frozenset({"operator", "admin", "key schedules:admin"})
ADMIN = frozenset({"admin", "key admin"})

WHO: Mapping[str, frozenset[str]] = {
    "enqueue_job": WRITER,
    "enqueue_jobs": WRITER,
    "create_bulk_operation": OPERATOR,
    "list_bulk_operations": OPERATOR,
    "get_bulk_operation": OPERATOR,
    "abort_bulk_operation": OPERATOR,
    "resume_bulk_operation": OPERATOR,
    "retry_dead_letters": OPERATOR,
    "delete_dead_letters": ADMIN,
    "list_dead_letter_groups": READER,
    "list_audit_entries": ADMIN,
    "list_jobs": READER,
    "count_jobs": READER,
    "export_jobs": READER,
    "suggest_filters": READER,
    "show_overview": STATISTICS_READER,
    "show_series": STATISTICS_READER,
    "show_queue_stats": STATISTICS_READER,
    "get_job": READER,
    "stream_job": READER,
    "stream_events": WATCHER,
    "get_result": READER,
    "list_attempts": READER,
    "explain_job": READER,
    "cancel_job": OWNER,
    "retry_job": OWNER,
    "run_job_now": OWNER,
    "rerun_job": OWNER,
    "edit_job": OPERATOR,
    "delete_job": ADMIN,
    "get_scaling": WATCHER,
    "get_metrics": OPEN,
    "list_queues": QUEUE_READER,
    "get_queue": QUEUE_READER,
    "explain_queue": QUEUE_READER,
    "put_queue": QUEUE_OPERATOR,
    "edit_queue": QUEUE_OPERATOR,
    "unset_queue": QUEUE_OPERATOR,
    "pause_queue": QUEUE_OPERATOR,
    "resume_queue": QUEUE_OPERATOR,
    "purge_queue": ADMIN,
    "list_schedules": SCHEDULE_READER,
    "get_schedule": SCHEDULE_READER,
    "preview_schedule": SCHEDULE_READER,
    "create_schedule": SCHEDULE_OPERATOR,
    "put_schedule": SCHEDULE_OPERATOR,
    "edit_schedule": SCHEDULE_OPERATOR,
    "delete_schedule": SCHEDULE_OPERATOR,
    "pause_schedule": SCHEDULE_OPERATOR,
    "resume_schedule": SCHEDULE_OPERATOR,
    "run_schedule": SCHEDULE_OPERATOR,
    "preview_backoff": ANYBODY,
    "list_tasks": READER_OR_WRITER,
    "get_task": READER_OR_WRITER,
    "log_in": OPEN,
    "refresh_session": OPEN,
    "follow_link": OPEN,
    "log_out": OPEN,
    "get_me": ANYBODY,
    "change_password": PERSON,
    "list_users": ADMIN,
    "create_user": ADMIN,
    "get_user": ADMIN,
    "edit_user": ADMIN,
    "disable_user": ADMIN,
    "list_api_keys": PERSON_OR_ADMIN,
    "create_api_key": PERSON_OR_ADMIN,
    "get_api_key": PERSON_OR_ADMIN,
    "edit_api_key": PERSON_OR_ADMIN,
    "revoke_api_key": PERSON_OR_ADMIN,
    "rotate_api_key": PERSON_OR_ADMIN,
    "get_system": ADMIN,
    "check_live": OPEN,
    "check_ready": OPEN,
    "get_openapi": OPEN,
    "show_docs": OPEN,
    "get_asset": OPEN,
    "show_job": OPEN,
    "show_problem": OPEN,
}
"""route -> whom it lets in."""

GUARDS = {"unauthenticated", "forbidden"}
OF_SOMEBODY = [name for name, endpoint in BY_NAME.items() if {"job_id", "key_id"} & set(endpoint.parameters)]


@pytest.fixture
async def callers(world: World) -> AsyncIterator[dict[str, Caller]]:
    """Give one caller of each kind."""
    admin = await world.person(Role.ADMIN)
    async with world.caller() as caller:
        keys: dict[str, str | None] = {role: await world.token_of(await world.person(role)) for role in Role}
        keys |= {f"key {scope}": await world.key_of(admin, scopes=frozenset({scope})) for scope in Scope}
        keys["anonymous"] = None
        keys["revoked key"] = await world.key_of(admin, revoked=True)
        keys["disabled"] = await world.token_of(await world.person(Role.ADMIN, disabled=True))
        tokens = world.services.identity.open_session.write.access
        keys["logged out"], goes_on = await world.token_of(admin), tokens.read(await world.token_of(admin))
        ended = tokens.read(keys["logged out"] or "")
        assert goes_on is not None
        assert ended is not None
        keys["expired"] = tokens.write(attrs.evolve(goes_on, expires_at=world.clock.now()))
        async with world.units_of_work() as unit:
            stored = await unit.sessions.hold(ended.session_id)
            assert stored is not None
            await unit.sessions.put(stored.session.ended())
            await unit.commit()
        yield {name: caller.with_key(key) for name, key in keys.items()}


def test_every_route_has_a_row() -> None:
    """Whoever adds a route says here, once more, for whom it is."""
    assert set(WHO) == {endpoint.name for endpoint in ENDPOINTS}


@pytest.mark.parametrize("name", WHO)
async def test_route_lets_in_whom_it_is_for(world: World, callers: dict[str, Caller], name: str) -> None:
    """Nobody else gets past 401 or 403; whoever is let in may still be refused for other reasons."""
    got = set()
    if EVENT_STREAM in BY_NAME[name].streams:
        world.services.drain.begin()  # or it would not end
    for who, caller in callers.items():
        answer = await call(caller, name, str(uuid7()))
        code = answer.json().get("code") if answer.headers.get("content-type") == "application/problem+json" else None
        if code not in GUARDS:
            got.add(who)
        elif who in NOBODY:
            assert code == "unauthenticated"
        else:
            assert code == "forbidden"
    assert got == WHO[name]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
@pytest.mark.parametrize("name", OF_SOMEBODY)
async def test_what_is_somebody_elses_is_like_what_is_not_there(world: World, name: str, role: Role) -> None:
    """For members, and for viewers where they would change it: the very same answer as for an id that never was."""
    owner = await world.person(Role.MEMBER)
    job = a_job(JobStatus.QUEUED, user_id=owner.id)
    world.store.jobs[job.id] = job
    await world.key_of(owner)
    (key_id,) = (key.id for key in world.store.keys.values() if key.user == owner)
    endpoint = BY_NAME[name]
    if role is Role.VIEWER and endpoint.method == "GET" and "job_id" in endpoint.parameters:
        return  # a viewer reads all jobs
    async with world.caller() as caller:
        api = caller.with_key(await world.token_of(await world.person(role)))
        condition = {"if-match": "*"} if endpoint.conditional else {}
        answers = []
        for wanted in (job.id if "job_id" in endpoint.parameters else key_id, uuid7()):
            path = endpoint.path.replace(":str}", "}").format(job_id=wanted, key_id=wanted)
            body: dict[str, Any] = {"json": {}} if endpoint.body is not None else {}
            answers.append(await api(endpoint.method, path, headers={"x-request-id": "same", **condition}, **body))
    assert answers[0].status_code == answers[1].status_code >= 400
    assert answers[0].content == answers[1].content
    assert world.store.jobs[job.id] == job
    assert not world.store.keys[key_id].revoked
