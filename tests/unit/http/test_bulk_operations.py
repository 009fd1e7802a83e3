"""Changes of many jobs over HTTP: who may, what is answered, and what is refused."""

from typing import Any

import attrs
import pytest
from tests.builders import OOPS, a_birth, an_order
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.application.bulk_batches import AdvanceBulk
from equeue.domain.access import Role
from equeue.domain.job import Job
from equeue.domain.outcomes import Failed
from equeue.domain.retry import DEFAULT_BACKOFF
from equeue.domain.settlement import settle
from equeue.domain.status import JobStatus

PATH = "/api/v1/bulk-operations"
GROUPS = "/api/v1/dead-letters/groups"
RETRY_MAIL = {"action": "retry", "filter": {"queue": ["mail"]}}


@pytest.fixture
async def operator(api: Caller, world: World) -> Caller:
    """Give a caller with an operator's key."""
    return api.with_key(await world.key_of(await world.person(Role.OPERATOR)))


async def dead(world: World, number: int = 3, queue: str = "mail") -> list[Job]:
    """Store jobs that died of one cause."""
    births = [a_birth(queue=queue, max_retries=0) for _ in range(number)]
    async with world.units_of_work() as unit:
        await unit.jobs.add(births)
        await unit.commit()
    claims = await world.leases.claim(an_order(queue, limit=number))
    await world.leases.settle([settle(claim, Failed(OOPS), DEFAULT_BACKOFF, jitter=0.0) for claim in claims])
    return [world.store.jobs[birth.job_id] for birth in births]


async def carried_out(world: World) -> None:
    """Do what was asked for."""
    process = AdvanceBulk(world.units_of_work, MemoryJobQueue(), world.clock)
    while await process():
        pass


async def planned(caller: Caller, **request: Any) -> dict[str, Any]:
    """Return a request with the hash of its plan."""
    answer = await caller.post(PATH, json={**request, "dry_run": True})
    assert answer.status_code == 200, answer.text
    return {**request, "plan_hash": answer.json()["plan_hash"]}


async def test_a_preview_shows_and_changes_nothing(operator: Caller, world: World) -> None:
    """A count, the first of the jobs in short, the mark and the hash."""
    jobs = await dead(world, 12)
    answer = await operator.post(PATH, json={**RETRY_MAIL, "dry_run": True})
    told = answer.json()
    assert (answer.status_code, told["kind"], told["count"]) == (200, "preview", {"value": 12, "capped": False})
    assert len(told["sample"]) == 10
    assert told["sample"][0].keys() == {"id", "task", "queue", "status", "created_at"}
    assert world.store.operations == {}
    assert all(world.store.jobs[job.id] == job for job in jobs)


async def test_the_previewed_plan_is_carried_out(operator: Caller, world: World) -> None:
    """202 with the operation and its place; there it tells how far it has come."""
    jobs = await dead(world)
    answer = await operator.post(PATH, json=await planned(operator, **RETRY_MAIL))
    told = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{PATH}/{told['id']}"
    assert (told["status"], told["expected"]) == ("pending", {"value": 3, "capped": False})
    assert told["actor"]["kind"] == "key"
    await carried_out(world)
    ended = (await operator.get(answer.headers["location"])).json()
    assert (ended["status"], ended["matched"], ended["done"], ended["skipped"]) == ("finished", 3, 3, 0)
    assert {world.store.jobs[job.id].status for job in jobs} == {JobStatus.QUEUED}
    assert (ended["filter"]["queue"], ended["plan_hash"]) == (["mail"], told["plan_hash"])


async def test_another_plan_is_refused(operator: Caller) -> None:
    """The hash of one plan is not good for another."""
    request = await planned(operator, **RETRY_MAIL)
    other = {**request, "filter": {"queue": ["mail", "bills"]}}
    is_problem(await operator.post(PATH, json=other), "plan-changed")


async def test_without_a_preview_only_named_jobs_are_changed(operator: Caller, world: World) -> None:
    """Who names jobs has looked at them; anything else needs the hash of a preview."""
    (job, _, _) = await dead(world)
    refused = is_problem(await operator.post(PATH, json=RETRY_MAIL), "invalid-plan")
    assert pointers(refused) == ["/plan_hash"]
    answer = await operator.post(PATH, json={"action": "retry", "filter": {"ids": [str(job.id)]}})
    assert answer.status_code == 202
    await carried_out(world)
    assert world.store.jobs[job.id].status is JobStatus.QUEUED


@pytest.mark.parametrize("where", [{}, {"queue": [], "status": []}, {"created_before": "2999-01-01T00:00:00Z"}])
async def test_a_filter_that_means_everything_is_refused(operator: Caller, where: dict[str, Any]) -> None:
    """A typo must not become all jobs."""
    is_problem(await operator.post(PATH, json={"action": "cancel", "filter": where, "dry_run": True}), "empty-filter")


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"action": "retry", "filter": {"queues": ["a"]}}, "/filter/queues"),
        ({"action": "retry", "filter": {"status": ["odd"]}}, "/filter/status/0"),
        ({"action": "explode", "filter": {"queue": ["a"]}}, "/action"),
        ({"action": "retry", "filter": {"ids": ["1"]}}, "/filter/ids/0"),
        ({"action": "retry", "filter": {"queue": ["a"]}, "dryrun": True}, "/dryrun"),
        ({"action": "retry", "filter": {"created_after": "yesterday"}}, "/filter/created_after"),
    ],
)
async def test_what_is_not_known_is_refused(operator: Caller, request_: dict[str, Any], pointer: str) -> None:
    """A word that is not known is never ignored."""
    assert pointers(is_problem(await operator.post(PATH, json=request_), "invalid-body")) == [pointer]


async def test_a_plan_that_makes_no_sense_is_refused(operator: Caller) -> None:
    """`errors` says where."""
    request = {"action": "move", "filter": {"status": ["dead"]}, "dry_run": True}
    assert pointers(is_problem(await operator.post(PATH, json=request), "invalid-plan")) == [
        "/filter/status/0",
        "/queue",
    ]


async def test_members_and_viewers_may_not(api: Caller, world: World) -> None:
    """Changes of many jobs are an operator's."""
    for role in (Role.MEMBER, Role.VIEWER):
        caller = api.with_key(await world.key_of(await world.person(role)))
        for method, path in (("POST", PATH), ("GET", PATH), ("POST", f"{GROUPS}/x/retry")):
            is_problem(await caller(method, path, **({"json": RETRY_MAIL} if path == PATH else {})), "forbidden")


async def test_deleting_needs_an_admin(operator: Caller, world: World) -> None:
    """An operator may neither delete nor go on deleting, though he may stop it."""
    await dead(world)
    admin = operator.with_key(await world.key_of(await world.person(Role.ADMIN)))
    delete = {"action": "delete", "filter": {"queue": ["mail"]}}
    is_problem(await operator.post(PATH, json={**delete, "dry_run": True}), "forbidden")
    is_problem(await operator.post(f"{GROUPS}/{OOPS.fingerprint}/delete"), "forbidden")
    place = (await admin.post(PATH, json=await planned(admin, **delete))).headers["location"]
    assert (await operator.post(f"{place}/abort")).json()["status"] == "aborted"
    is_problem(await operator.post(f"{place}/resume"), "forbidden")
    assert len(world.store.jobs) == 3
    assert (await admin.post(f"{place}/resume")).status_code == 202
    await carried_out(world)
    assert world.store.jobs == {}


async def test_a_key_reaches_no_further_in_bulk(api: Caller, world: World) -> None:
    """Its queues confine what it means, what it may move to, and which operations it sees and steers."""
    mail, bills = await dead(world), await dead(world, queue="bills")
    person = await world.person(Role.OPERATOR)
    confined = api.with_key(await world.key_of(person, queue_globs=("mail*",)))
    free = api.with_key(await world.key_of(person))
    request = await planned(confined, action="retry", filter={"status": ["dead"]})
    is_problem(await free.post(PATH, json=request), "plan-changed")
    mine = (await confined.post(PATH, json=request)).headers["location"]
    others = (await free.post(PATH, json=await planned(free, **RETRY_MAIL))).headers["location"]
    unknown = is_problem(await confined.get(f"{PATH}/{uuid7()}"), "not-found")
    for method, path in (("GET", others), ("POST", f"{others}/abort"), ("POST", f"{others}/resume")):
        hidden = is_problem(await confined(method, path), "not-found")
        assert hidden["detail"] == unknown["detail"]
    listed = (await confined.get(PATH)).json()["items"]
    assert [f"{PATH}/{each['id']}" for each in listed] == [mine]
    await carried_out(world)
    assert {world.store.jobs[job.id].status for job in mail} == {JobStatus.QUEUED}
    assert {world.store.jobs[job.id].status for job in bills} == {JobStatus.DEAD}
    move = {"action": "move", "filter": {"queue": ["mail"]}, "queue": "bills", "dry_run": True}
    is_problem(await confined.post(PATH, json=move), "queue-forbidden")


async def test_a_repeated_request_makes_one_operation(operator: Caller, world: World) -> None:
    """The same key and body: the first answer again, word for word; another body is refused."""
    (job, other, _) = await dead(world)
    key = {"Idempotency-Key": "once"}
    request = {"action": "retry", "filter": {"ids": [str(job.id)]}}
    first = await operator.post(PATH, json=request, headers=key)
    again = await operator.post(PATH, json=request, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(world.store.operations) == 1
    changed = {"action": "retry", "filter": {"ids": [str(other.id)]}}
    is_problem(await operator.post(PATH, json=changed, headers=key), "idempotency-key-reused")


async def test_abort_and_resume_over_http(operator: Caller, world: World) -> None:
    """Each says what the operation is then; on one that has ended both come too late."""
    await dead(world)
    place = (await operator.post(PATH, json=await planned(operator, **RETRY_MAIL))).headers["location"]
    for _ in range(2):
        aborted = await operator.post(f"{place}/abort")
        assert (aborted.status_code, aborted.json()["status"]) == (200, "aborted")
    resumed = await operator.post(f"{place}/resume")
    assert (resumed.status_code, resumed.json()["status"]) == (202, "running")
    await carried_out(world)
    is_problem(await operator.post(f"{place}/abort"), "invalid-transition")
    is_problem(await operator.post(f"{place}/resume"), "invalid-transition")
    actions = [entry.act.action for entry in world.store.audit.values()]
    assert actions == ["bulk.create", "bulk.abort", "bulk.resume"]
    assert all(entry.act.actor.request_id for entry in world.store.audit.values())


async def test_a_group_of_dead_letters_is_retried_or_deleted(operator: Caller, world: World) -> None:
    """One cause, one operation."""
    group, other = await dead(world), await dead(world, 1, queue="bills")
    world.store.jobs[other[0].id] = attrs.evolve(
        other[0], error=attrs.evolve(OOPS, fingerprint="another") if other[0].error else None
    )
    answer = await operator.post(f"{GROUPS}/{OOPS.fingerprint}/retry")
    assert answer.status_code == 202
    assert answer.json()["expected"]["value"] == 3
    await carried_out(world)
    assert {world.store.jobs[job.id].status for job in group} == {JobStatus.QUEUED}
    admin = operator.with_key(await world.key_of(await world.person(Role.ADMIN)))
    assert (await admin.post(f"{GROUPS}/another/delete")).status_code == 202
    await carried_out(world)
    assert other[0].id not in world.store.jobs


async def test_operations_are_listed_newest_first(operator: Caller, world: World) -> None:
    """Page by page, each once."""
    (job, *_) = await dead(world)
    request = {"action": "retry", "filter": {"ids": [str(job.id)]}}
    made = [(await operator.post(PATH, json=request)).json()["id"] for _ in range(5)]
    first = (await operator.get(PATH, params={"limit": "3"})).json()
    rest = (await operator.get(PATH, params={"limit": "3", "cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    back = (await operator.get(PATH, params={"limit": "3", "cursor": rest["prev_cursor"]})).json()
    assert (back["items"], back["prev_cursor"]) == (first["items"], None)
    confined = operator.with_key(await world.key_of(await world.person(Role.OPERATOR), queue_globs=("mail",)))
    is_problem(await confined.get(PATH, params={"cursor": first["next_cursor"]}), "cursor-mismatch")
    is_problem(await operator.get(PATH, params={"cursor": "x"}), "cursor-mismatch")
    is_problem(await operator.get(PATH, params={"limit": "0"}), "invalid-parameter")


@pytest.mark.parametrize("id", ["x", "00000000-0000-7000-8000-000000000000", "0" * 32])
async def test_an_operation_that_is_not_there(operator: Caller, id: str) -> None:
    """A text that names none is like an id that nobody has."""
    is_problem(await operator.get(f"{PATH}/{id}"), "not-found")
    is_problem(await operator.post(f"{PATH}/{id}/abort"), "not-found")
