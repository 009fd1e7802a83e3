"""Groups of dead letters over HTTP: exact, paged without gaps, and each caller's own; and the waits of a policy."""

from datetime import timedelta
from uuid import UUID

from tests.builders import WORKER, a_birth, an_order
from tests.contract.world import decided
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role
from equeue.domain.ids import UserId
from equeue.domain.outcomes import Discarded, JobError, Lapsed, Outcome

PATH = "/api/v1/dead-letters/groups"


def error(cause: str, kind: str = "ValueError") -> Discarded:
    """Return an ending that a cause gave."""
    return Discarded(JobError.of(kind, f"broken by {cause}", "", cause))


async def die(world: World, outcome: Outcome, *, queue: str = "default", owner: UserId | None = None) -> UUID:
    """Have one job die, and a second go by; return its id."""
    birth = a_birth(queue=queue, max_retries=0, owner=owner)
    async with world.units_of_work() as unit:
        await unit.jobs.add([birth])
        await unit.commit()
    (claim,) = await world.leases.claim(an_order(queue, worker=WORKER))
    await world.leases.settle([decided(claim, outcome)])
    world.clock.move(timedelta(seconds=1))
    return birth.job_id


async def viewer(world: World, caller: Caller, *globs: str) -> Caller:
    """Return a caller who sees all, as far as the key's queues go."""
    return caller.with_key(await world.key_of(await world.person(Role.VIEWER), queue_globs=globs))


async def test_a_group_tells_what_its_jobs_have_in_common(world: World) -> None:
    """Count, error, queues, tasks, times and the last job; crashes are told from failures."""
    first = await die(world, error("f1"), queue="mail")
    last = await die(world, error("f1"))
    await die(world, Lapsed())
    async with world.caller() as member:
        see = await viewer(world, member)
        crash, failure = (await see.get(PATH)).json()["items"]
        assert (crash["crashes"], crash["error_type"], crash["fingerprint"]) == (
            True,
            "LeaseExpired",
            "lapse:test.task",
        )
        assert (failure["fingerprint"], failure["jobs"], failure["crashes"]) == ("f1", 2, False)
        assert (failure["queues"], failure["tasks"]) == (["default", "mail"], ["test.task"])
        assert failure["first_seen"] < failure["last_seen"]
        assert (failure["example_job_id"], failure["error_type"]) == (str(last), "ValueError")
        narrowed = (await see.get(PATH, params={"queue": "mail"})).json()["items"]
        assert [(each["jobs"], each["example_job_id"]) for each in narrowed] == [(1, str(first))]
        assert (await see.get(PATH, params={"task": "other"})).json()["items"] == []


async def test_a_walk_sees_every_group_once_in_both_directions(world: World) -> None:
    """Pages join without gap or repetition, forth and back, and the links lead there too."""
    for place in range(5):
        await die(world, error(f"f{place}"))
    async with world.caller() as member:
        see = await viewer(world, member)
        seen, answer = [], (await see.get(PATH, params={"limit": 2})).json()
        assert answer["prev_cursor"] is None
        while True:
            seen += [each["fingerprint"] for each in answer["items"]]
            if not answer["has_more"]:
                break
            answer = (await see.get(PATH, params={"limit": 2, "cursor": answer["next_cursor"]})).json()
        assert seen == ["f4", "f3", "f2", "f1", "f0"]
        back = await see.get(PATH, params={"limit": 2, "cursor": answer["prev_cursor"]})
        assert [each["fingerprint"] for each in back.json()["items"]] == ["f2", "f1"]
        assert 'rel="next"' in back.headers["link"]
        assert 'rel="prev"' in back.headers["link"]


async def test_each_sees_the_groups_of_jobs_within_reach(world: World) -> None:
    """A member counts own jobs alone, a confined key those of its queues; a cursor is good for its view only."""
    await die(world, error("f1"), queue="mail")
    await die(world, error("f1"), owner=world.member.id)
    await die(world, error("f2"))
    async with world.caller() as member:
        assert [(each["fingerprint"], each["jobs"]) for each in (await member.get(PATH)).json()["items"]] == [("f1", 1)]
        confined = await viewer(world, member, "mail*")
        items = (await confined.get(PATH)).json()["items"]
        assert [(each["fingerprint"], each["jobs"], each["queues"]) for each in items] == [("f1", 1, ["mail"])]
        see = await viewer(world, member)
        cursor = (await see.get(PATH, params={"limit": 1})).json()["next_cursor"]
        assert (await member.get(PATH, params={"cursor": cursor})).json()["code"] == "cursor-mismatch"


async def test_a_retried_job_leaves_its_group(world: World) -> None:
    """The count follows at once, and a group of none is not shown."""
    job_id = await die(world, error("f1"), owner=world.member.id)
    async with world.caller() as member:
        assert (await member.post(f"/api/v1/jobs/{job_id}/retry")).status_code == 200
        assert (await member.get(PATH)).json()["items"] == []


async def test_waits_of_a_policy_are_previewed(world: World) -> None:
    """Each retry that is left with its bounds, and what all of them take at most; nonsense is refused."""
    async with world.caller() as member:
        policy = {"kind": "exponential", "base_s": 2, "factor": 3, "cap_s": 10, "jitter": 0.5}
        body = {"backoff": policy, "max_retries": 4, "retry_count": 1}
        items = (await member.post("/api/v1/backoff/preview", json=body)).json()["items"]
        assert items == [
            {"retry": 2, "min_s": 3.0, "max_s": 6.0, "total_max_s": 6.0},
            {"retry": 3, "min_s": 5.0, "max_s": 10.0, "total_max_s": 16.0},
            {"retry": 4, "min_s": 5.0, "max_s": 10.0, "total_max_s": 26.0},
        ]
        refused = await member.post("/api/v1/backoff/preview", json={"backoff": policy | {"jitter": 2}})
        assert [each["pointer"] for each in refused.json()["errors"]] == ["/backoff/jitter"]
