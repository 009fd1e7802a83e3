"""The dashboard's files: what is served, with which headers, and what is not."""

import base64
import gzip
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.http.world import Caller, World

from equeue.entrypoints.http.app import Application
from equeue.entrypoints.http.dashboard import Dashboard

SCRIPT = b"self.__next_f=[]"
PAGE = b"<!doctype html><script src='/ui/x.js'></script><script>" + SCRIPT + b"</script>"
FILES = {
    "index.html": PAGE,
    "404.html": b"<h1>There is no such page</h1>",
    "jobs/index.html": PAGE,
    "theme.js": b"1",
    "_next/static/chunks/a.js": b"2" * 5_000,
}


def furnish(world: World, folder: Path) -> None:
    """Let the API serve what is in `folder`."""
    assert isinstance(world.app, Application)
    world.app.dashboard = Dashboard(folder)


@pytest.fixture
async def ui(world: World, tmp_path: Path) -> AsyncIterator[Caller]:
    """Give a caller of an API with a built dashboard."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    furnish(world, tmp_path)
    async with world.caller() as caller:
        yield caller.with_key(None)


async def test_pages_are_served_with_a_policy_that_names_their_scripts(ui: Caller) -> None:
    """Inline code runs only if its hash is in the header; nothing else may come from anywhere else."""
    answer = await ui.get("/ui/jobs/?q=status:dead")
    digest = base64.b64encode(hashlib.sha256(SCRIPT).digest()).decode()
    policy = answer.headers["content-security-policy"]

    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-cache"


async def test_named_by_content_means_kept_for_ever(ui: Caller) -> None:
    """What the build names by its content never changes; the rest is asked for again, and not sent again."""
    kept = await ui.get("/ui/_next/static/chunks/a.js")
    fresh = await ui.get("/ui/theme.js")
    again = await ui.get("/ui/theme.js", headers={"if-none-match": fresh.headers["etag"]})

    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/javascript")
    assert fresh.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_files_come_packed_for_who_can_read_that(ui: Caller) -> None:
    """The packed body is the same file; who cannot read it gets it as it is."""
    packed = await ui.get("/ui/_next/static/chunks/a.js", headers={"accept-encoding": "gzip"})
    plain = await ui.get("/ui/_next/static/chunks/a.js", headers={"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(FILES["_next/static/chunks/a.js"], 9, mtime=0))
    assert packed.content == plain.content == FILES["_next/static/chunks/a.js"]


async def test_a_missing_slash_leads_on_with_its_query(ui: Caller) -> None:
    """A link that somebody typed works."""
    answer = await ui.get("/ui/jobs?q=status%3Adead")

    assert (answer.status_code, answer.headers["location"]) == (308, "/ui/jobs/?q=status%3Adead")
    assert (await ui.get("/ui")).headers["location"] == "/ui/"


@pytest.mark.parametrize(
    "path", ["/ui/nope", "/ui/nope/", "/ui//", "/ui/jobs/%2e%2e/theme.js", "/ui/%2e%2e/app.py", "/ui/..%5capp.py"]
)
async def test_what_is_not_there_has_its_page(ui: Caller, path: str) -> None:
    """No name leads out of the folder."""
    answer = await ui.get(path)

    assert (answer.status_code, answer.content) == (404, FILES["404.html"])


async def test_only_reading_is_possible(ui: Caller) -> None:
    """A file takes nothing; HEAD says all but the body."""
    posted = await ui("POST", "/ui/", json={})
    head = await ui("HEAD", "/ui/")

    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    assert posted.json()["code"] == "method-not-allowed"
    assert (head.status_code, head.content) == (200, b"")


async def test_where_it_is_not_built_a_page_says_how(world: World, tmp_path: Path) -> None:
    """The API runs all the same."""
    furnish(world, tmp_path)
    async with world.caller() as caller:
        answer = await caller.with_key(None).get("/ui/")

    assert answer.status_code == 404
    assert "make dashboard" in answer.text


async def test_the_short_address_of_a_job_leads_to_its_page(ui: Caller) -> None:
    """It tells nothing of the job, not even whether there is one."""
    job_id = "00000000-0000-7000-8000-000000000001"
    answer = await ui.get(f"/j/{job_id}")

    assert (answer.status_code, answer.headers["location"]) == (302, f"/ui/jobs/view/?id={job_id}")
    assert (await ui.get("/j/x")).status_code == 404
