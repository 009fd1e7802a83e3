"""GET /api/v1/jobs."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from tests.builders import NOON, a_job
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.domain.access import Role
from equeue.domain.status import JobStatus

JOBS = "/api/v1/jobs"


def store(world: World, number: int, **facts: Any) -> list[str]:
    """Put jobs into the store, three to an instant, and return their ids, oldest first."""
    jobs = [
        attrs.evolve(
            a_job(facts.get("status", JobStatus.QUEUED)),
            **{"user_id": world.member.id, "created_at": NOON + timedelta(seconds=n // 3), **facts, "id": uuid7()},
        )
        for n in range(number)
    ]
    world.store.jobs.update({job.id: job for job in jobs})
    return [str(job.id) for job in sorted(jobs, key=lambda job: (job.created_at, job.id))]


async def walk(api: Caller, query: str, along: str = "next_cursor", cursor: str | None = None) -> list[list[str]]:
    """Follow the cursors to the end; return the ids on each page."""
    pages: list[list[str]] = []
    while True:
        page = (await api.get(f"{JOBS}?{query}" + (f"&cursor={cursor}" if cursor else ""))).json()
        pages.append([job["id"] for job in page["items"]])
        cursor = page[along]
        if cursor is None:
            return pages


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
async def test_walk_sees_every_job_once(api: Caller, world: World, sort: str, limit: int) -> None:
    """Jobs of the same instant are neither skipped nor repeated, in both directions of the sort."""
    ids = store(world, 14)
    pages = await walk(api, f"sort={sort}&limit={limit}")
    seen = [job_id for page in pages for job_id in page]
    assert seen == (ids if sort == "created_at" else ids[::-1])
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
async def test_walk_back_sees_the_same_pages(api: Caller, world: World, sort: str) -> None:
    """`prev_cursor` leads back over the pages by which one came."""
    store(world, 11)
    query = f"sort={sort}&limit=3"
    forward = await walk(api, query)
    first = (await api.get(f"{JOBS}?{query}")).json()
    last = first
    while last["next_cursor"]:
        last = (await api.get(f"{JOBS}?{query}&cursor={last['next_cursor']}")).json()
    back = await walk(api, query, "prev_cursor", last["prev_cursor"])
    assert back == forward[-2::-1]
    assert first["prev_cursor"] is None


async def test_jobs_that_come_during_a_walk_disturb_nothing(api: Caller, world: World) -> None:
    """A walk by `created_at` sees every job that existed throughout exactly once."""
    ids = store(world, 9)
    first = (await api.get(f"{JOBS}?limit=4")).json()
    store(world, 5, created_at=NOON + timedelta(hours=1))
    rest = await walk(api, "limit=4", cursor=first["next_cursor"])
    assert [job["id"] for job in first["items"]] + [job_id for page in rest for job_id in page] == ids[::-1]


async def test_filters_narrow_and_repeat(api: Caller, world: World) -> None:
    """A repeated parameter means any of them; different parameters mean all of them."""
    dead = store(world, 2, status=JobStatus.DEAD, queue="email")
    gone = store(world, 1, status=JobStatus.CANCELLED, queue="email")
    store(world, 3, queue="email")
    store(world, 3, status=JobStatus.DEAD, queue="other")
    [page] = await walk(api, "status=dead&status=cancelled&queue=email&task=test.task")
    assert set(page) == {*dead, *gone}
    assert await walk(api, "task=nobody") == [[]]


async def test_member_sees_only_their_own_jobs(api: Caller, world: World) -> None:
    """Another's jobs are not there for a member; an operator sees all."""
    own = store(world, 2)
    others = store(world, 2, user_id=uuid7())
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    assert await walk(api, "") == [own[::-1]]
    [seen] = await walk(operator, "")
    assert set(seen) == {*own, *others}


async def test_confined_key_sees_only_its_queues(api: Caller, world: World) -> None:
    """What lies outside the key's queues is left out, and leaves no gap on any page."""
    own = store(world, 5, queue="email")
    store(world, 5, queue="other")
    confined = api.with_key(await world.key_of(world.member, queue_globs=("em*",)))
    pages = await walk(confined, "limit=2")
    assert [job_id for page in pages for job_id in page] == own[::-1]
    assert [len(page) for page in pages] == [2, 2, 1]


async def test_large_documents_are_left_out_and_named(api: Caller, world: World) -> None:
    """Over 2 KB a list leaves payload and result out, unless it is asked to bring them."""
    large = b'{"x":"%s"}' % (b"y" * 2_041)
    store(world, 1, status=JobStatus.SUCCEEDED, payload=large, result=large)
    [job] = (await api.get(JOBS)).json()["items"]
    assert job["truncated"] == ["payload", "result"]
    assert not {"payload", "result"} & job.keys()
    [job] = (await api.get(f"{JOBS}?include=result")).json()["items"]
    assert (job["truncated"], job["result"]) == (["payload"], {"x": "y" * 2_041})
    for query in ("include=payload,result", "include=payload&include=result"):
        [job] = (await api.get(f"{JOBS}?{query}")).json()["items"]
        assert job["truncated"] == []


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
async def test_page_ends_before_it_outgrows_its_bound(api: Caller, world: World, sort: str) -> None:
    """200 payloads of a megabyte are no answer: a page ends at 8 MiB, and the walk goes on, in both directions."""
    ids = store(world, 20, payload=b'{"x":"%s"}' % (b"y" * (2**20 - 8)))
    query = f"limit=200&include=payload&sort={sort}"
    pages = await walk(api, query)
    assert [len(page) for page in pages] == [8, 8, 4]
    assert [job_id for page in pages for job_id in page] == (ids if sort == "created_at" else ids[::-1])
    [first] = await walk(api, f"limit=200&sort={sort}")
    assert len(first) == 20
    page = (await api.get(f"{JOBS}?{query}")).json()
    while page["next_cursor"]:
        assert page["has_more"] is True
        page = (await api.get(f"{JOBS}?{query}&cursor={page['next_cursor']}")).json()
    assert [len(back) for back in await walk(api, query, "prev_cursor", page["prev_cursor"])] == [8, 8]


async def test_two_kilobytes_are_not_large(api: Caller, world: World) -> None:
    """2,048 bytes are brought."""
    store(world, 1, payload=b'{"x":"%s"}' % (b"y" * 2_040))
    [job] = (await api.get(JOBS)).json()["items"]
    assert job["truncated"] == []


async def test_link_header_leads_where_the_cursors_do(api: Caller, world: World) -> None:
    """RFC 8288 links keep filter, sort and size."""
    store(world, 6, queue="email")
    first = await api.get(f"{JOBS}?limit=2&sort=created_at&queue=email")
    [link] = first.headers["link"].split(", ")
    target, rel = link.removeprefix("<").split(">; rel=")
    query = parse_qs(urlsplit(target).query)
    assert (rel, query["limit"], query["sort"], query["queue"]) == ('"next"', ["2"], ["created_at"], ["email"])
    assert query["cursor"] == [first.json()["next_cursor"]]
    second = await api.get(target)
    assert 'rel="prev"' in second.headers["link"]
    assert len(second.json()["items"]) == 2


async def test_page_tells_the_time_and_whether_more_follows(api: Caller, world: World) -> None:
    """`server_time` is the database's, `has_more` agrees with the cursor."""
    store(world, 2)
    page = (await api.get(f"{JOBS}?limit=1")).json()
    assert page["server_time"] == "2026-01-01T00:00:00.000000Z"
    assert page["has_more"] is True
    page = (await api.get(f"{JOBS}?limit=2")).json()
    assert (page["has_more"], page["next_cursor"]) == (False, None)


@pytest.mark.parametrize("other", ["status=dead", "sort=created_at", "queue=a", "task=a"])
async def test_cursor_of_another_list_is_refused(api: Caller, world: World, other: str) -> None:
    """A cursor is bound to filter and sort."""
    store(world, 3)
    cursor = (await api.get(f"{JOBS}?limit=1")).json()["next_cursor"]
    is_problem(await api.get(f"{JOBS}?limit=1&cursor={cursor}&{other}"), "cursor-mismatch")
    assert (await api.get(f"{JOBS}?limit=2&cursor={cursor}")).status_code == 200


async def test_cursor_of_another_caller_is_refused(api: Caller, world: World) -> None:
    """A member's cursor does not open what another may see."""
    store(world, 3)
    cursor = (await api.get(f"{JOBS}?limit=1")).json()["next_cursor"]
    admin = api.with_key(await world.key_of(await world.person(Role.ADMIN)))
    is_problem(await admin.get(f"{JOBS}?limit=1&cursor={cursor}"), "cursor-mismatch")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=9223372036854775808",
        "limit=1e2",
        "limit=1&limit=2",
        "limit=",
        "limit=x",
        "offset=1",
        "stauts=dead",
        "status=retrying",
        "status=",
        "sort=id;drop",
        "sort=priority",
        "sort=created_at&sort=created_at",
        "queue=%00",
        "queue=A",
        "task=%ff",
        "include=error",
        "include=",
        "cursor=" + "x" * 201,
        "%00=1",
        "status[]=dead",
        "&".join(["status=dead"] * 101),
    ],
)
async def test_bad_parameter_is_refused_by_name(api: Caller, query: str) -> None:
    """A typo never becomes "all jobs"."""
    refusal = is_problem(await api.get(f"{JOBS}?{query}"), "invalid-parameter")
    [error] = refusal["errors"]
    assert error["parameter"] in {query.partition("=")[0], "sort", "\ufffd", ""}
