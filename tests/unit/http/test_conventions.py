"""What every route has in common: each convention of the API walks the route table; who departs from it says why.

Who may call what is `test_matrix`; what every body, method and parameter is refused for is `test_routes`.
"""

import json
import re
from typing import Any

import pytest
from tests.unit.http.asserts import is_problem
from tests.unit.http.conventions import CONVENTIONS, DOCUMENT, Convention, Route, convention, ends, forms, lists, told
from tests.unit.http.test_routes import BY_NAME, api, job_id, path_of
from tests.unit.http.world import Caller, World

from equeue.entrypoints.http.endpoint import API, EVENT_STREAM
from equeue.entrypoints.http.problems import KINDS

__all__ = ["api", "job_id"]

KEYED = {"idempotency-key-reused", "idempotency-in-flight", "invalid-idempotency-key"}
REPEATED: dict[str, Any] = {
    "enqueue_job": {"task": "a"},
    "enqueue_jobs": {"jobs": [{"task": "a"}]},
    "purge_queue": {"confirm": "start.js"},
}
TIME = re.compile(r"(_at|_until|^until|^since|^at|_time)$")


@convention(
    lambda _: True,
    check_live="whoever asks whether the process lives knows no version of its API",
    check_ready="whoever asks whether the process is ready knows no version of its API",
    get_metrics="what scrapes it looks for it there",
    show_docs="people read it",
    show_job="people follow it out of messages, and it leads to a page",
    get_asset="the page that people read needs it",
    show_problem="the `type` of a problem is an address that outlives versions",
)
async def _base(route: Route) -> None:
    assert route.endpoint.path.startswith(f"{API}/")


@convention(lambda endpoint: endpoint.path.startswith(API), get_openapi="the document does not tell of itself")
async def _documented(route: Route) -> None:
    assert route.told["operationId"] == route.endpoint.name
    assert route.told["summary"]


@convention(lambda endpoint: any(name.endswith("_id") for name in endpoint.parameters))
async def _an_id_that_is_none_is_nothing(route: Route) -> None:
    for text in ("x", "00000000000070008000000000000001", "%2e"):
        path = re.sub(r"\{\w+_id:str\}", text, route.endpoint.path).replace(":str}", "}")
        condition = {"if-match": "*"} if route.endpoint.conditional else {}
        body: dict[str, Any] = {"json": {}} if route.endpoint.body else {}
        is_problem(await route.api(route.endpoint.method, path, headers=condition, **body), "not-found")


@convention(told)
async def _times_are_instants_and_durations_are_seconds(route: Route) -> None:
    for name, schema in forms(route):
        if TIME.search(name):
            assert '"date-time"' in str(schema).replace("'", '"'), name
        assert not re.search(r"(_ms|_seconds|_sec|_minutes|timeout|duration)$", name), name


@convention(
    lists,
    list_bulk_operations="nothing in it counts down; how far one has come is in its numbers",
    list_audit_entries="it tells of what is over",
    list_dead_letter_groups="it tells of what is over",
    list_users="nothing in it counts down",
    list_api_keys="whether a key has expired is told by its use, not by a clock",
    list_schedules="fire times are a calendar's; whether one is due is for the system to judge",
    list_tasks="there are no times in it",
    list_queues="what has to do with time is told by the queue's figures",
    suggest_filters="there are no times in it",
)
async def _lists_tell_the_time(route: Route) -> None:
    (form,) = route.endpoint.answers.values()
    assert {"server_time", "now"} & set(form.__struct_fields__)


@convention(told)
async def _failures_are_problems_with_a_page(route: Route) -> None:
    for status, answer in route.told["responses"].items():
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]
            assert "Retry-After" in route.headers(int(status)) or status != "503"
    for code in route.endpoint.problems:
        assert code in KINDS


@convention(lambda endpoint: "EnqueueAnswer" in {form.__name__ for form in endpoint.answers.values()})
async def _enqueues_say_what_came_of_them(route: Route) -> None:
    outcome = DOCUMENT["components"]["schemas"]["EnqueueAnswer"]["properties"]["outcome"]
    assert set(outcome["enum"]) >= {"created", "existing"}
    assert "Location" in route.headers(201)


@convention(
    lambda endpoint: endpoint.method == "POST" and bool({201, 202} & set(endpoint.answers)),
    cancel_job="to cancel again changes nothing, and says so",
    resume_bulk_operation="to resume again changes nothing",
    create_user="a second one with the same address is refused",
    create_api_key="its answer is a secret, which is not kept",
    create_schedule="a second one with the same name is refused",
)
async def _what_creates_can_be_repeated(route: Route) -> None:
    assert set(route.endpoint.problems) >= KEYED
    assert "Idempotency-Key" in route.parameters


@convention(lambda endpoint: set(endpoint.problems) >= KEYED)
async def _what_is_repeated_under_a_key_is_done_once(route: Route) -> None:
    key, body = {"idempotency-key": "once"}, REPEATED.get(route.endpoint.name, {})
    if route.endpoint.name == "create_bulk_operation":
        body = {"action": "cancel", "filter": {"ids": [route.job_id]}}
    first, second = [await route.ask(headers=key, json=body) for _ in range(2)]
    assert first.status_code in (201, 202)
    assert "idempotency-replayed" not in first.headers
    assert (second.headers["idempotency-replayed"], second.content) == ("true", first.content)
    assert second.headers.get("location") == first.headers.get("location")
    spaced: dict[str, Any] = {"content": f" {json.dumps(body)}", "headers": key | {"content-type": "application/json"}}
    is_problem(await route.ask(**spaced), "idempotency-key-reused")


@convention(
    lists,
    list_attempts="they are read from the first on; nobody turns back, and their number is bounded by the retries",
    list_users="it is walked by id: each made later comes later, so no cursor is needed to meet everybody once",
    list_api_keys="it is walked by id: each made later comes later, so no cursor is needed to meet every key once",
    list_schedules="it is walked by name",
    list_queues="there are as many as somebody named, and a view shows them all",
    list_tasks="there are as many as workers declare, and a view shows them all",
    suggest_filters="ten are enough",
    show_series="its length is the span that was asked for, in steps",
)
async def _lists_are_walked_by_cursor(route: Route) -> None:
    (form,) = route.endpoint.answers.values()
    assert {"items", "next_cursor", "prev_cursor", "has_more"} <= set(form.__struct_fields__)
    assert "Link" in route.headers(200)
    assert (await route.ask("?limit=200")).status_code == 200
    is_problem(await route.ask("?cursor=AAAA"), "cursor-mismatch")
    for limit in ("0", "201", "x"):
        is_problem(await route.ask(f"?limit={limit}"), "invalid-parameter")


@convention(lambda endpoint: "status" in endpoint.query.__struct_fields__)
async def _jobs_are_filtered_by_one_grammar(route: Route) -> None:
    assert (await route.ask("?status=dead&status=queued&q=-tag:x")).status_code == 200
    refusal = is_problem(await route.ask("?q=queue:a%20stauts:dead"), "bad-filter")
    assert "status" in str(refusal)
    is_problem(await route.ask("?status=deaf"), "invalid-parameter")


@convention(lambda endpoint: "sort" in endpoint.query.__struct_fields__)
async def _sorts_are_few(route: Route) -> None:
    for sort in ("-created_at", "created_at"):
        assert (await route.ask(f"?sort={sort}")).status_code == 200
    for sort in ("id", "created_at,id", "created_at;drop", "-payload"):
        is_problem(await route.ask(f"?sort={sort}"), "invalid-parameter")


@convention(lambda endpoint: endpoint.method in ("PUT", "PATCH"))
async def _edits_name_what_was_read(route: Route) -> None:
    path = path_of(route.endpoint, route.job_id)
    answer = await route.api(route.endpoint.method, path, json={})
    assert answer.status_code in (404, 428)
    assert "If-Match" in route.parameters
    assert {"412", "428"} <= set(route.told["responses"])


@convention(lambda endpoint: endpoint.waits)
async def _waiting_is_a_preference(route: Route) -> None:
    assert "Prefer" in route.parameters
    body: dict[str, Any] = {"json": {"task": "a"}} if route.endpoint.body else {}
    plain = await route.ask(headers={"prefer": "wait=soon"}, **body)
    assert "preference-applied" not in plain.headers
    route.world.services.drain.begin()  # or it would wait
    waited = await route.ask(headers={"prefer": "wait=1"}, **body)
    assert waited.headers["preference-applied"] == "wait=1"
    assert waited.status_code == plain.status_code


@convention(
    lambda endpoint: 202 in endpoint.answers,
    cancel_job="what is asked for happens to the job that was named, and the answer shows it",
    get_result="it is asked for again where it was, after `Retry-After`",
)
async def _long_work_has_a_place(route: Route) -> None:
    assert "Location" in route.headers(202)


@convention(lambda endpoint: not ends(endpoint))
async def _streams_can_be_resumed_and_are_not_kept(route: Route) -> None:
    assert "Last-Event-ID" in route.parameters
    route.world.services.drain.begin()  # or it would not end
    answer = await route.ask()
    assert answer.headers["content-type"].startswith(EVENT_STREAM)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


@convention(ends)
async def _requests_keep_their_id(route: Route) -> None:
    answer = await route.ask(headers={"x-request-id": "of-mine-1"})
    assert answer.headers["x-request-id"] == "of-mine-1"
    if answer.headers.get("content-type") == "application/problem+json":
        assert answer.json()["instance"].endswith("of-mine-1")


OBEYED = [
    pytest.param(each, name, id=f"{each.name}-{name}")
    for each in CONVENTIONS
    for name, endpoint in BY_NAME.items()
    if each.applies(endpoint) and name not in each.departures
]
DEPARTED = [pytest.param(each, name, id=f"{each.name}-{name}") for each in CONVENTIONS for name in each.departures]


@pytest.mark.parametrize(("rule", "name"), OBEYED)
async def test_route_keeps_the_convention(api: Caller, world: World, job_id: str, rule: Convention, name: str) -> None:
    """Every route to which it applies, but those that say why not."""
    await rule.check(Route(BY_NAME[name], api, job_id, world))


@pytest.mark.parametrize(("rule", "name"), DEPARTED)
async def test_who_departs_from_a_convention_has_to(
    api: Caller, world: World, job_id: str, rule: Convention, name: str
) -> None:
    """A reason that is no longer needed goes."""
    assert rule.applies(BY_NAME[name])
    assert rule.departures[name]
    with pytest.raises((AssertionError, KeyError)):
        await rule.check(Route(BY_NAME[name], api, job_id, world))
