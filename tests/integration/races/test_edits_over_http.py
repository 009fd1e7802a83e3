"""Edits under If-Match at the same instant, through the API over PostgreSQL: nobody's change is lost."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from tests.builders import a_birth, an_order
from tests.integration.http.test_postgres import a_key, the_services
from tests.integration.races.conftest import Arena
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, calling

from equeue.domain.access import Role
from equeue.domain.errors import DomainError
from equeue.domain.outcomes import Succeeded
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.app import create_app

pytestmark = pytest.mark.timeout(600)

JOBS = "/api/v1/jobs"


@pytest.fixture
async def admin(arena: Arena) -> AsyncIterator[Caller]:
    """Give a caller with an admin's key."""
    async with (
        the_services(arena.url) as services,
        calling(create_app(services), await a_key(services, Role.ADMIN)) as api,
    ):
        yield api


async def patch(caller: Caller, job_id: str, etag: str, changes: Any) -> Any:
    """Edit a job that was read."""
    return await caller("PATCH", f"{JOBS}/{job_id}", json=changes, headers={"if-match": f'"{etag}"'})


async def test_of_two_edits_one_is_stale(arena: Arena, admin: Caller) -> None:
    """200 and 412; repeated on what there is now, the second change stands beside the first."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth(payload=b'{"a": 0, "b": 0}'))
        changes = [{"payload": {"a": 1}}, {"payload": {"b": 1}}]
        contenders = [partial(patch, admin, str(job.id), job.etag, change) for change in changes]
        answers = await arena.race_behind(job.id, number, *contenders)
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        lost = next(place for place, answer in enumerate(answers) if answer.status_code == 412)
        is_problem(answers[lost], "stale")
        etag = (await admin.get(f"{JOBS}/{job.id}")).headers["etag"].strip('"')
        again = await patch(admin, str(job.id), etag, changes[lost])
        assert again.json()["job"]["payload"] == {"a": 1, "b": 1}


async def test_edit_races_claim(arena: Arena, admin: Caller) -> None:
    """200 and the worker has it so, or 412 and it does not."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        answer, claims = await arena.race(
            number,
            partial(patch, admin, str(job.id), job.etag, {"priority": 1}),
            lambda: arena.world.leases.claim(an_order(limit=1)),
        )
        claim = claims[0] if claims else await arena.world.reclaimed(job.id)
        assert (answer.status_code, claim.priority) in {(200, 1), (412, 5)}
        await arena.world.ended(claim, Succeeded())


async def test_delete_races_retry(arena: Arena, admin: Caller) -> None:
    """204 and 404, or 409 and 200."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        assert not isinstance(await arena.world.cancel(job.id), DomainError)
        path = f"{JOBS}/{job.id}"
        deleted, retried = await arena.race_behind(
            job.id, number, partial(admin, "DELETE", path), partial(admin.post, f"{path}/retry")
        )
        assert (deleted.status_code, retried.status_code) in {(204, 404), (409, 200)}
        if retried.status_code == 200:
            assert (await arena.world.job(job.id)).status is JobStatus.QUEUED
