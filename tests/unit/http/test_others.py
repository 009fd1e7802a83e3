"""Nothing that one member does changes what another can see: on any route, in any order."""

from typing import Any

import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.builders import a_job
from tests.unit.http.test_routes import ASSETS, BY_NAME, FINITE
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role
from equeue.domain.outcomes import JobError
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.endpoint import Endpoint

SHARED = {
    "explain_queue": "it says how many jobs wait, and not whose",
    "explain_job": "it says how many jobs stand before one's own, and not whose",
    "get_metrics": "the whole installation's figures, for whoever may reach the port",
}
"""What a member may notice of others, with the reason."""

ALSO = {
    "suggest_filters": ["/api/v1/filters/suggest?q=queue:", "/api/v1/filters/suggest?q=task:"],
    "get_queue": ["/api/v1/queues/secret"],
    "show_queue_stats": ["/api/v1/queues/secret/stats"],
}
"""Where one may look besides: for the names of what others use."""

LOOKS = [name for name in FINITE if BY_NAME[name].method == "GET" and name not in SHARED]
DEEDS = [name for name, endpoint in BY_NAME.items() if endpoint.method != "GET"]
JOB = {"task": "a", "queue": "mail", "tags": ["vip"], "unique": {"key": "same"}, "concurrency_key": "same"}
BODIES: dict[str, Any] = {
    "enqueue_job": JOB,
    "enqueue_jobs": {"jobs": [JOB, {"task": "b"}, {"task": "a", "queue": "secret"}]},
    "edit_job": {"priority": 0},
    "rerun_job": {"payload": {"x": 2}},
    "create_bulk_operation": {"action": "cancel", "filter": {"queue": ["mail"]}},
    "create_api_key": {"name": "own"},
    "create_user": {"email": "x@example.org", "password": "correct horse battery", "role": "admin"},
    "edit_user": {"role": "viewer"},
    "edit_api_key": {"name": "mine"},
    "change_password": {"old_password": "x" * 12, "new_password": "correct horse battery"},
}


@attrs.define
class Scene:
    """Two members, and what the second has."""

    doer: Caller
    seer: Caller
    ids: dict[str, list[str]]

    async def seen(self) -> dict[str, bytes]:
        """Return all that the second can see, word for word."""
        return {
            f"{name} {path}": (await self.seer.get(path, headers={"x-request-id": "same"})).content
            for name in LOOKS
            for plain in self.paths(BY_NAME[name], "theirs")
            for path in (plain, *ALSO.get(name, ()))
        }

    def paths(self, endpoint: Endpoint, whose: str) -> list[str]:
        """Return the paths of a route that lead to what somebody has."""
        path = endpoint.path.replace(":str}", "}")
        names = ASSETS | {"task_id": "a", "name": "mail"}
        jobs = self.ids[whose] if "job_id" in endpoint.parameters else self.ids[whose][:1]
        return [path.format(**names | {"job_id": job, "key_id": self.ids[f"{whose} key"][0]}) for job in jobs]


async def a_scene(world: World, caller: Caller) -> Scene:
    """Return a fresh scene: the second has a job of each kind, made by the same names as the first will use."""
    await world.empty()
    await world.declare("a", "b")
    error = JobError("ValueError", "no", "")
    ids: dict[str, list[str]] = {}
    callers = {}
    for whose in ("mine", "theirs"):
        person = await world.person(Role.MEMBER)
        jobs = [
            a_job(JobStatus.QUEUED, user_id=person.id, queue="mail"),
            a_job(JobStatus.DEAD, user_id=person.id, queue="mail", error=error),
            a_job(JobStatus.RUNNING, user_id=person.id, queue="mail"),
            a_job(JobStatus.CANCELLED, user_id=person.id, queue="mail"),
        ]
        world.store.jobs.update({job.id: job for job in jobs})
        await world.key_of(person)
        ids[whose] = [str(job.id) for job in jobs]
        ids[f"{whose} key"] = [str(key.id) for key in world.store.keys.values() if key.user == person]
        callers[whose] = caller.with_key(await world.token_of(person))
    return Scene(callers["mine"], callers["theirs"], ids)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(["mine", "theirs"]), st.integers(0, 3)), max_size=8))
@example([("enqueue_jobs", "mine", 0)])
async def test_nothing_that_one_does_changes_what_another_sees(
    common_world: World, deeds: list[tuple[str, str, int]]
) -> None:
    """Whichever routes the first calls, on own jobs and on those of the second, with keys of the same name."""
    async with common_world.caller() as caller:
        scene = await a_scene(common_world, caller)
        before = await scene.seen()
        for name, whose, place in deeds:
            endpoint = BY_NAME[name]
            paths = scene.paths(endpoint, whose)
            body = {"json": BODIES.get(name, {})} if endpoint.body is not None else {}
            headers = {"idempotency-key": "same"} | ({"if-match": "*"} if endpoint.conditional else {})
            await scene.doer(endpoint.method, paths[place % len(paths)], headers=headers, **body)
        after = await scene.seen()
    assert [name for name in before if before[name] != after[name]] == []


async def test_the_second_sees_something(common_world: World) -> None:
    """Or the law above would say nothing: own jobs are listed, counted and shown."""
    async with common_world.caller() as caller:
        scene = await a_scene(common_world, caller)
        seen = await scene.seen()
        listed = (await scene.seer.get("/api/v1/jobs")).json()["items"]
    assert {item["id"] for item in listed} == set(scene.ids["theirs"])
    assert sum(b'"code":"' not in content for content in seen.values()) > len(LOOKS) / 2
