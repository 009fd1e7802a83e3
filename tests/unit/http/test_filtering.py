"""Filters over HTTP: in the list, the count, the export and the suggestions."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from tests.builders import NOON
from tests.unit.http.asserts import is_problem
from tests.unit.http.test_list import JOBS, store, walk
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.domain.access import Role
from equeue.domain.errors import Unavailable
from equeue.domain.outcomes import JobError
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.export import harmless


def q(text: str) -> str:
    """Return a filter as a parameter."""
    return f"q={quote(text)}"


async def listed(api: Caller, query: str) -> set[str]:
    """Return the ids of the jobs that a list brings, all on one page."""
    answer = await api.get(f"{JOBS}?limit=200&{query}")
    assert answer.status_code == 200, answer.text
    return {job["id"] for job in answer.json()["items"]}


async def test_a_filter_narrows_the_list(api: Caller, world: World) -> None:
    """By whatever it says, together with the parameters beside it."""
    wanted = store(world, 2, queue="email", tags=("vip",), payload=b'{"user": {"id": 42}}')
    store(world, 2, queue="email", payload=b'{"user": {"id": 42}}')
    store(world, 2, queue="other", tags=("vip",), payload=b'{"user": {"id": 42}}')
    assert await listed(api, q("queue:em* tag:vip payload.user.id:42")) == set(wanted)
    assert await listed(api, f"{q('payload.user.id:42')}&queue=email&tag=vip") == set(wanted)
    assert len(await listed(api, q("-queue:email"))) == 2


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("status=dead&status=queued", "status:dead,queued"),
        ("tag=vip&tag=eu", "tag:vip,eu"),
        ("priority=<%3D3", "priority:<=3"),
        ("retry_count=>2&attempt=0..3", "retry_count:>2 attempt:0..3"),
        ("created=>-1h", "created:>-1h"),
        ("error=Timeout*", "error:Timeout*"),
        ("concurrency_key=customer:42", 'concurrency_key:"customer:42"'),
    ],
)
async def test_plain_parameters_say_the_same(api: Caller, world: World, plain: str, text: str) -> None:
    """A cursor of the one opens the list of the other, for they are one filter."""
    store(
        world,
        3,
        created_at=world.clock.now(),
        tags=("vip", "eu"),
        retry_count=3,
        priority=1,
        concurrency_key="customer:42",
    )
    store(world, 3, status=JobStatus.DEAD, error=JobError.of("TimeoutError"))
    first = (await api.get(f"{JOBS}?limit=1&{plain}")).json()
    assert first["items"]
    assert await listed(api, plain) == await listed(api, q(text))
    if first["next_cursor"] and " " not in text:
        rest = await api.get(f"{JOBS}?limit=200&{q(text)}&cursor={first['next_cursor']}")
        assert rest.status_code == 200


async def test_a_cursor_is_bound_to_the_filters_text(api: Caller, world: World) -> None:
    """However little it differs; but not to how it is written."""
    store(world, 3, queue="email")
    cursor = (await api.get(f"{JOBS}?limit=1&{q('queue:email,mail')}")).json()["next_cursor"]
    assert (await api.get(f"{JOBS}?{q(' queue:mail,email')}&cursor={cursor}")).status_code == 200
    for other in ("queue:email", "queue:email,mail,x", "-queue:email,mail", "task:email,mail", 'queue~"email","mail"'):
        is_problem(await api.get(f"{JOBS}?{q(other)}&cursor={cursor}"), "cursor-mismatch")


async def test_a_walk_sees_times_from_when_it_began(api: Caller, world: World) -> None:
    """Nothing falls out of a list while somebody pages through it."""
    world.clock.move(timedelta(days=400))
    now = world.clock.now()
    ids = store(world, 4, created_at=now - timedelta(minutes=59))
    first = (await api.get(f"{JOBS}?limit=2&{q('created:>-1h')}")).json()
    world.clock.move(timedelta(minutes=30))
    rest = (await api.get(f"{JOBS}?limit=2&{q('created:>-1h')}&cursor={first['next_cursor']}")).json()
    assert {job["id"] for page in (first, rest) for job in page["items"]} == set(ids)
    assert await listed(api, q("created:>-1h")) == set()


@pytest.mark.parametrize("path", ["", "/count", "/export"])
@pytest.mark.parametrize(
    ("text", "position", "code", "nearest"),
    [
        ("stauts:dead", 0, "unknown-field", "status"),
        ("queue:a stauts:dead", 8, "unknown-field", "status"),
        ("status:deed", 7, "bad-value", "dead"),
        ("(" * 9, 8, "too-deep", None),
        ("x" * 1_001, 1_000, "too-long", None),
        ("tag:\0", 4, "syntax", None),
    ],
)
async def test_a_bad_filter_is_refused_with_its_place(
    api: Caller, path: str, text: str, position: int, code: str, nearest: str | None
) -> None:
    """And with what may have been meant; a typo never becomes all jobs."""
    refusal = is_problem(await api.get(f"{JOBS}{path}?{q(text)}"), "bad-filter")
    [error] = refusal["errors"]
    assert (error["parameter"], error["position"], error["code"]) == ("q", position, code)
    assert error.get("nearest") == nearest


async def test_a_bad_word_is_refused_by_its_parameter(api: Caller) -> None:
    """Each is read as its field's values are."""
    [error] = is_problem(await api.get(f"{JOBS}?priority=x"), "bad-filter")["errors"]
    assert (error["parameter"], error["code"]) == ("priority", "bad-value")


async def test_an_empty_filter_is_none(api: Caller, world: World) -> None:
    """As if it were not there."""
    ids = store(world, 2)
    assert await listed(api, "q=") == await listed(api, "q=%20%20") == set(ids)


async def test_a_list_counts_when_it_is_asked_to(api: Caller, world: World) -> None:
    """All that the filter means, not what is on the page."""
    store(world, 3, queue="email")
    store(world, 2)
    page = (await api.get(f"{JOBS}?limit=1&count=true&queue=email")).json()
    assert page["count"] == {"value": 3, "capped": False}
    assert "count" not in (await api.get(f"{JOBS}?limit=1")).json()
    assert "count=true" in (await api.get(f"{JOBS}?limit=1&count=true")).headers["link"]


async def test_counts_take_filters(api: Caller, world: World) -> None:
    """By status, under the filter."""
    store(world, 3, tags=("vip",))
    store(world, 2, status=JobStatus.DEAD, tags=("vip",))
    store(world, 4)
    counted = (await api.get(f"{JOBS}/count?{q('tag:vip -status:running')}")).json()
    assert counted["total"] == {"value": 5, "capped": False}
    numbers = {name: count["value"] for name, count in counted["by_status"].items()}
    assert numbers == {"queued": 3, "dead": 2, "succeeded": 0, "cancelled": 0}


@pytest.fixture
def few(world: World) -> Iterator[None]:
    """Let lists look at three jobs at a time."""
    reads: Any = world.services.reads
    window = reads._window
    object.__setattr__(reads, "_window", 3)
    yield
    object.__setattr__(reads, "_window", window)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
async def test_a_page_tells_until_when_it_looked(api: Caller, world: World, sort: str) -> None:
    """An empty page leads on, in both directions, and nothing is missed."""
    store(world, 4, tags=("a",))
    wanted = store(world, 2, tags=("vip",), created_at=NOON + timedelta(minutes=1))
    store(world, 7, tags=("b",), created_at=NOON + timedelta(minutes=2))
    wanted += store(world, 1, tags=("vip",), created_at=NOON + timedelta(minutes=3))
    query = f"limit=2&sort={sort}&{q('tag:vip')}"
    pages = await walk(api, query)
    seen = [job_id for page in pages for job_id in page]
    assert seen == (wanted if sort == "created_at" else wanted[::-1])
    assert [] in pages
    last = (await api.get(f"{JOBS}?{query}")).json()
    assert last["scanned_until"] is not None
    while last["next_cursor"]:
        last = (await api.get(f"{JOBS}?{query}&cursor={last['next_cursor']}")).json()
    back = await walk(api, query, "prev_cursor", last["prev_cursor"])
    again = [job["id"] for job in last["items"][::-1]] + [job_id for page in back for job_id in page[::-1]]
    assert again == seen[::-1][: len(again)]
    assert set(again) == set(wanted)


async def exported(api: Caller, query: str = "") -> list[dict[str, Any]]:
    """Return the jobs of an export in lines."""
    answer = await api.get(f"{JOBS}/export?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert "content-length" not in answer.headers
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_export_brings_every_job_once(api: Caller, world: World) -> None:
    """Over as many pages as there are, in order, and each as a list shows it."""
    ids = store(world, 450)
    lines = await exported(api)
    assert [job["id"] for job in lines] == ids[::-1]
    assert lines[0] == (await api.get(f"{JOBS}?limit=1")).json()["items"][0]
    assert [job["id"] for job in await exported(api, "sort=created_at&queue=none")] == []
    assert [job["id"] for job in await exported(api, f"sort=created_at&{q('-queue:none')}")] == ids


async def test_an_export_shows_only_ones_own(api: Caller, world: World) -> None:
    """As every list."""
    own = store(world, 2, queue="email")
    store(world, 2, user_id=uuid7(), queue="email")
    store(world, 2, queue="other")
    confined = api.with_key(await world.key_of(world.member, queue_globs=("em*",)))
    assert {job["id"] for job in await exported(confined)} == set(own)
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    assert len(await exported(operator)) == 6


async def test_a_table_has_a_row_for_each_job(api: Caller, world: World) -> None:
    """With a head, and documents only where they are asked for."""
    store(world, 2, status=JobStatus.DEAD, tags=("vip", "eu"), error=JobError.of("E", 'said "no",\nthen left'))
    answer = await api.get(f"{JOBS}/export?format=csv&include=payload")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="jobs.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["status"], row["tags"], row["error_message"], row["payload"]) for row in rows] == [
        ("dead", "vip eu", 'said "no",\nthen left', "{}")
    ] * 2
    assert "payload" not in (await api.get(f"{JOBS}/export?format=csv")).text.splitlines()[0]
    assert answer.text.count("\r\n") == 3


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
async def test_no_cell_is_a_formula(api: Caller, world: World, start: str) -> None:
    """Whatever somebody called a thing: a spreadsheet shows it, and runs nothing."""
    text = f"{start}HYPERLINK(1)"
    store(world, 1, status=JobStatus.DEAD, concurrency_key=text, tags=(text,), error=JobError.of(text, text))
    answer = await api.get(f"{JOBS}/export?format=csv")
    [row] = csv.DictReader(io.StringIO(answer.text, newline=""))
    cells = [row[name] for name in ("concurrency_key", "tags", "error_type", "error_message")]
    assert cells == [f"'{text}"] * 4
    assert harmless("plain=text") == "plain=text"


async def test_an_export_that_cannot_begin_says_so(api: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a problem, not as an empty file."""

    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(type(world.services.reads), "page", away)
    is_problem(await api.get(f"{JOBS}/export"), "unavailable")


async def test_head_of_an_export_walks_nowhere(api: Caller, world: World) -> None:
    """It gets the headers alone."""
    store(world, 3)
    answer = await api("HEAD", f"{JOBS}/export")
    assert (answer.status_code, answer.content) == (200, b"")
    sent = await sent_by(world, asyncio.Event().set, method="HEAD")
    assert [message.get("body") for message in sent] == [None, b""]


async def test_no_page_is_read_for_who_has_gone(world: World) -> None:
    """The stream ends with the piece that was under way."""
    store(world, 450)
    gone = asyncio.Event()
    sent = await sent_by(world, gone.set, gone)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_an_export_is_cut_short_when_the_server_stops(world: World) -> None:
    """Its end is not told, so nobody takes it for whole."""
    store(world, 450)
    sent = await sent_by(world, world.services.drain.begin)
    world.services.drain.started.clear()
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"] is True


async def sent_by(
    world: World, after_first: Any, gone: asyncio.Event | None = None, method: str = "GET"
) -> list[dict[str, Any]]:
    """Return what an export sends if something happens after its first piece, to a caller who may go then."""
    gone = gone or asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and len(sent) == 2:
            after_first()
            await asyncio.sleep(0)

    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requests:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": method, "path": f"{JOBS}/export", "raw_path": b"/",
        "root_path": "", "query_string": b"", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
        "state": {}, "headers": [(b"authorization", f"Bearer {world.member_key}".encode()), (b"host", b"test")],
    }  # fmt: skip
    app: Any = world.app
    await app(scope, receive, send)
    return sent


async def test_fields_and_names_are_suggested(api: Caller, world: World) -> None:
    """For what stands at the cursor; of queues those in reach."""
    store(world, 1, queue="email")
    await world.declare("mail.send")
    for text, start, field, words in (
        ("sta", 0, None, ["status:", "started:"]),
        ("-pay", 1, None, ["payload."]),
        ("status:d", 7, "status", ["dead", "queued", "succeeded", "cancelled"]),
        ("status:dead,qu", 12, "status", ["queued"]),
        ("queue:a (task:mai", 14, "task", ["mail.send"]),
        ("zzz:a", 4, None, []),
    ):
        answer = (await api.get(f"/api/v1/filters/suggest?{q(text)}")).json()
        assert (answer["start"], answer["end"], answer["field"]) == (start, len(text), field), text
        assert [item["text"] for item in answer["items"]] == words, text
    confined = api.with_key(await world.key_of(world.member, queue_globs=("none",)))
    assert (await confined.get("/api/v1/filters/suggest?q=queue:")).json()["items"] == []
    inside = (await api.get("/api/v1/filters/suggest?q=sta:x queue:a&position=2")).json()
    assert (inside["start"], inside["end"]) == (0, 5)


async def test_a_bulk_operation_takes_the_same_filter(api: Caller, world: World) -> None:
    """It means those jobs and no others, and says so."""
    facts = {"status": JobStatus.DEAD, "payload": b'{"user": 42}', "created_at": world.clock.now() - timedelta(hours=1)}
    wanted = store(world, 2, tags=("vip",), **facts)
    store(world, 2, **facts)
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    request = {"action": "retry", "filter": {"q": "tag:vip payload.user:42 created:<now"}}
    path = "/api/v1/bulk-operations"
    plan = (await operator.post(path, json={**request, "dry_run": True})).json()
    assert plan["count"]["value"] == 2
    assert {job["id"] for job in plan["sample"]} == set(wanted)
    world.clock.move(timedelta(hours=1))
    created = await operator.post(path, json={**request, "plan_hash": plan["plan_hash"]})
    assert created.status_code == 202
    assert created.json()["filter"]["q"] == "tag:vip payload.user:42 created:<now"
    other = {**request, "filter": {"q": "tag:vip"}, "plan_hash": plan["plan_hash"]}
    is_problem(await operator.post(path, json=other), "plan-changed")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty-filter"),
        ("status:dead,cancelled,queued,running,succeeded", "empty-filter"),
        ("stauts:dead", "bad-filter"),
    ],
)
async def test_a_bulk_operation_needs_a_filter_that_says_something(
    api: Caller, world: World, text: str, code: str
) -> None:
    """A typo never becomes all jobs, and neither does nothing."""
    admin = api.with_key(await world.key_of(await world.person(Role.ADMIN)))
    body = {"action": "cancel", "filter": {"q": text}, "dry_run": True}
    refusal = is_problem(await admin.post("/api/v1/bulk-operations", json=body), code)
    assert code != "bad-filter" or [error["pointer"] for error in refusal["errors"]] == ["/filter/q"]
