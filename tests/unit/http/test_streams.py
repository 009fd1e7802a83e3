"""Streams: they begin with the present, tell each change once, ping when silent, and end when it is time."""

from typing import Any

import attrs
import pytest
from tests.builders import seconds
from tests.unit.http.asserts import is_problem
from tests.unit.http.tap import Tap, tapped
from tests.unit.http.test_waiting import JOBS, end, put
from tests.unit.http.world import Caller, World
from tests.unit.worker.world import breathe
from uuid_utils.compat import uuid7

from equeue.domain.access import Principal, Role, Scope
from equeue.domain.errors import Unavailable
from equeue.domain.ids import UUID
from equeue.domain.status import JobStatus

EVENTS = "/api/v1/events"


def change(world: World, job_id: str, **facts: Any) -> None:
    """Let something happen to a job."""
    job = world.store.jobs[UUID(job_id)]
    world.store.jobs[job.id] = attrs.evolve(job, **facts)


async def _away(key: str) -> Principal | None:  # noqa: ARG001 - as every judge
    raise Unavailable


def follow(world: World, job_id: str, **headers: str) -> Any:
    """Open a job's stream."""
    return tapped(world.app, world.member_key, f"{JOBS}/{job_id}/stream", **headers)


@pytest.fixture
async def viewer_key(world: World) -> str:
    """Give the key of somebody who sees everything."""
    return await world.key_of(await world.person(Role.VIEWER))


async def test_stream_begins_with_the_present_state(world: World) -> None:
    """Kept by nobody on the way, and in one piece with its id."""
    job_id = put(world)
    async with follow(world, job_id) as tap:
        await world.timers.move(0.1)
        ((name, mark, data),) = tap.events
        assert (tap.status, name, mark) == (200, "status", "queued-0-0")
        assert (data["id"], data["status"], data["attempt"]) == (job_id, "queued", 0)
        assert tap.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert tap.headers["cache-control"] == "no-store"
        assert tap.headers["x-accel-buffering"] == "no"
        assert "content-length" not in tap.headers


async def test_stream_tells_each_change_once_and_ends_with_the_job(world: World) -> None:
    """Status, progress, end; and then the answer is over."""
    job_id = put(world)
    async with follow(world, job_id) as tap:
        await world.timers.move(0.1)
        change(world, job_id, status=JobStatus.RUNNING, attempt=1, lease_token=1)
        await world.timers.move(1)
        change(world, job_id, progress=b'{"done":1,"total":2}')
        await world.timers.move(1)
        assert tap.names == ["status", "status", "progress"]
        assert tap.events[-1][2]["progress"] == {"done": 1, "total": 2}
        end(world, job_id)
        await world.timers.move(1)
        assert tap.names == ["status", "status", "progress", "status", "end"]
        assert tap.events[-1][2]["status"] == "succeeded"
        await breathe()
        assert tap.ended


async def test_resumed_stream_begins_with_the_present_too(world: World) -> None:
    """Whatever was missed meanwhile is in it."""
    job_id = put(world)
    end(world, job_id, JobStatus.DEAD)
    async with follow(world, job_id, last_event_id="queued-0-0") as tap:
        await world.timers.move(0.1)
        assert tap.names == ["status", "end"]
        await breathe()
        assert tap.ended


async def test_stream_of_a_deleted_job_ends(world: World) -> None:
    """With an end that names no status."""
    job_id = put(world)
    async with follow(world, job_id) as tap:
        await world.timers.move(0.1)
        world.store.jobs.clear()
        await world.timers.move(1)
        name, _, data = tap.events[-1]
        assert (name, data["status"]) == ("end", None)
        await breathe()
        assert tap.ended


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_silent_stream_pings(world: World, viewer_key: str, path: str) -> None:
    """Each fifteen seconds, or a proxy would cut it."""
    async with tapped(world.app, viewer_key, path.format(put(world))) as tap:
        await world.timers.move(0.1)
        before = tap.pings
        await world.timers.move(46)
        assert tap.pings - before == 3


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_stream_ends_first_at_shutdown(world: World, viewer_key: str, path: str) -> None:
    """Nothing waits for whoever reads it."""
    async with tapped(world.app, viewer_key, path.format(put(world))) as tap:
        await world.timers.move(0.1)
        world.services.drain.begin()
        await breathe()
        assert tap.ended


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_stream_ends_with_its_key(world: World, path: str) -> None:
    """At the very moment at which the key expires."""
    viewer = await world.person(Role.VIEWER)
    key = await world.key_of(viewer, expires_at=world.clock.now() + seconds(20))
    async with tapped(world.app, key, path.format(put(world))) as tap:
        await world.timers.move(19.9)
        assert not tap.ended
        await world.timers.move(0.2)
        assert tap.ended


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_stream_ends_soon_after_its_key(world: World, path: str) -> None:
    """A key that is revoked, or changed, is good for no more than one more comment."""
    viewer = await world.person(Role.VIEWER)
    async with tapped(world.app, await world.key_of(viewer), path.format(put(world))) as tap:
        await world.timers.move(10)
        assert not tap.ended
        revoked = {key_id: attrs.evolve(key, revoked=True) for key_id, key in world.store.keys.items()}
        world.store.keys.update(revoked)
        await world.timers.move(15)
        assert tap.ended


async def test_stream_goes_on_while_nobody_can_judge_its_key(world: World) -> None:
    """The database may be away for a while; that the key has expired is known without it."""
    key = await world.key_of(await world.person(Role.VIEWER), expires_at=world.clock.now() + seconds(60))
    async with tapped(world.app, key, EVENTS) as tap:
        await world.timers.move(10)
        judge = world.services.authenticate
        object.__setattr__(world.services, "authenticate", _away)
        await world.timers.move(40)
        assert not tap.ended
        await world.timers.move(15)
        object.__setattr__(world.services, "authenticate", judge)
        assert tap.ended


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_stream_ends_when_its_reader_hangs_up(world: World, viewer_key: str, path: str) -> None:
    """And nobody looks for it any more."""
    async with tapped(world.app, viewer_key, path.format(put(world))) as tap:
        await world.timers.move(1)
        tap.left.set()
        await breathe()
        looks = world.watch.looks
        await world.timers.move(10)
        assert world.watch.looks == looks


@pytest.mark.parametrize("path", [f"{JOBS}/{{}}/stream", EVENTS])
async def test_head_of_a_stream_has_no_body(world: World, viewer_key: str, path: str) -> None:
    """It is told what it would get, and that is all."""
    async with tapped(world.app, viewer_key, path.format(put(world)), method="HEAD") as tap:
        await breathe()
        assert (tap.status, tap.body, tap.ended) == (200, b"", True)
        assert tap.headers["content-type"].startswith("text/event-stream")


async def test_anothers_stream_is_404(api: Caller, world: World) -> None:
    """The same as for a job that does not exist."""
    job_id = put(world)
    change(world, job_id, user_id=uuid7())
    for path in (job_id, str(uuid7())):
        is_problem(await api.get(f"{JOBS}/{path}/stream"), "not-found")


async def test_stream_ends_when_the_job_leaves_the_keys_reach(world: World) -> None:
    """A key that is confined to queues follows no job out of them."""
    job_id = put(world, queue="email")
    key = await world.key_of(world.member, queue_globs=("email",))
    async with tapped(world.app, key, f"{JOBS}/{job_id}/stream") as tap:
        await world.timers.move(0.1)
        change(world, job_id, queue="secret", revision=1)
        await world.timers.move(1)
        assert tap.ended
        assert tap.names == ["status"]


async def test_events_tell_which_topics_changed(world: World, viewer_key: str) -> None:
    """Within a tick, each once."""
    async with tapped(world.app, viewer_key, EVENTS) as tap:
        await world.timers.move(0.5)
        assert tap.events == []
        put(world)
        await world.timers.move(1)
        assert [(name, data) for name, _, data in tap.events] == [("changed", {"topics": ["jobs"]})]
        await world.timers.move(5)
        assert tap.names == ["changed"]


async def test_resumed_events_say_to_read_everything_again(world: World, viewer_key: str) -> None:
    """There is no log: one `resync`, then what changes from here on."""
    async with tapped(world.app, viewer_key, EVENTS, last_event_id="7") as tap:
        await world.timers.move(3)
        assert tap.names == ["resync"]


async def test_events_are_not_for_who_sees_only_their_own(api: Caller, world: World) -> None:
    """Whether others' jobs changed is none of a member's business, nor of a key without the scope."""
    is_problem(await api.get(EVENTS), "forbidden")
    key = await world.key_of(await world.person(Role.ADMIN), scopes=frozenset({Scope.JOBS_READ}))
    is_problem(await api.with_key(key).get(EVENTS), "forbidden")


async def test_full_room_is_503(api: Caller, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a time to wait."""
    monkeypatch.setattr("equeue.application.waiting.SEATS", 0)
    answer = await api.get(f"{JOBS}/{put(world)}", headers={"prefer": "wait=5"})
    is_problem(answer, "overloaded")
    assert answer.headers["retry-after"] == "1"


async def test_two_readers_of_one_job_hear_the_same(world: World) -> None:
    """However late the second comes."""
    job_id = put(world)
    async with follow(world, job_id) as first, follow(world, job_id) as second:
        await world.timers.move(1)
        async with follow(world, job_id) as third:
            await world.timers.move(1)
            end(world, job_id)
            await world.timers.move(1)
            taps: list[Tap] = [first, second, third]
            assert [tap.names for tap in taps] == [["status", "status", "end"]] * 3
