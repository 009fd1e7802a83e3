"""Isolated handlers: whatever they do to their process, the worker lives and the attempt is recorded as what it was."""

import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.worker.isolated import tasks
from tests.unit.worker.world import World

from equeue import Exponential
from equeue.adapters.system import UuidV7Ids
from equeue.domain.ids import JobId
from equeue.domain.job import Job
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

RULES = WorkerRules(concurrency=4, cancel_grace=timedelta(seconds=5))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world with a worker in it."""
    world = World()
    world.ids = UuidV7Ids()
    await world.start(tasks, RULES)
    yield world
    assert await world.stop() == [0]


async def ran(world: World, task: str, payload: dict[str, Any] | None = None, **fields: Any) -> Job:
    """Run one job to its end."""
    job_id = await world.enqueue(task, json.dumps(payload or {}).encode(), **fields)
    await world.until_ended(job_id)
    return world.job(job_id)


def outcome(world: World, job_id: JobId) -> AttemptOutcome:
    """Return how the job's last attempt is remembered."""
    return world.attempts(job_id)[-1].outcome


async def test_a_handler_runs_elsewhere_with_all_it_needs(world: World) -> None:
    """Typed payload, context and result go over and come back; the process has a group of its own."""
    job = await ran(world, "child.facts", {"point": {"x": 7}})
    told = json.loads(job.result or b"")
    assert told["pid"] == told["group"] != os.getpid()
    assert (told["x"], told["note"], told["attempt"]) == (7, "none", 1)
    assert told["fence"] == str(job.fence)


async def test_a_process_is_used_again(world: World) -> None:
    """Starting one costs more than most handlers."""
    first = await ran(world, "child.async")
    second = await ran(world, "child.async")
    assert first.result == second.result


async def test_a_payload_that_does_not_fit_costs_no_process(world: World) -> None:
    """It is discarded by the worker itself."""
    job = await ran(world, "child.facts", {"point": {"x": "seven"}})
    assert job.error is not None
    assert job.error.type == "PayloadInvalid"


@pytest.mark.parametrize(
    ("kind", "status", "remembered", "error"),
    [
        ("error", JobStatus.DEAD, AttemptOutcome.FAILED, "ValueError"),
        ("exit", JobStatus.DEAD, AttemptOutcome.FAILED, "SystemExit"),
        ("discard", JobStatus.DEAD, AttemptOutcome.DISCARDED, "Discard"),
        ("object", JobStatus.DEAD, AttemptOutcome.DISCARDED, "ResultInvalid"),
        ("retry", JobStatus.DEAD, AttemptOutcome.FAILED, "Retry"),
    ],
)
async def test_what_was_raised_there_counts_here(
    world: World, kind: str, status: JobStatus, remembered: AttemptOutcome, error: str
) -> None:
    """With type, message and traceback of the other process."""
    job = await ran(world, "child.raise", {"kind": kind})
    assert (job.status, outcome(world, job.id)) == (status, remembered)
    assert job.error is not None
    assert job.error.type.endswith(error)


async def test_a_snooze_comes_across(world: World) -> None:
    """The job goes back, uncharged."""
    job_id = await world.enqueue("child.raise", b'{"kind":"snooze"}')
    await world.until(lambda: bool(world.attempts(job_id)))
    assert (world.job(job_id).status, outcome(world, job_id)) == (JobStatus.QUEUED, AttemptOutcome.SNOOZED)


@pytest.mark.parametrize(
    ("how", "words"), [("exit", "exited with code 9"), ("segfault", "SIGSEGV"), ("kill", "SIGKILL")]
)
async def test_a_process_that_dies_is_a_crash(world: World, how: str, words: str) -> None:
    """The worker lives to tell of what, and its next job gets a new process."""
    job = await ran(world, "child.die", {"how": how})
    assert (job.status, outcome(world, job.id)) == (JobStatus.DEAD, AttemptOutcome.CRASHED)
    assert job.error is not None
    assert words in job.error.message
    assert (await ran(world, "child.async")).status is JobStatus.SUCCEEDED


async def test_a_handler_elsewhere_asks_for_jobs(world: World) -> None:
    """They come across with all their settings, and are born with its success alone."""
    job = await ran(world, "child.asks")
    called, named = sorted((each for each in world.store.jobs.values() if each.parent_id == job.id), key=lambda j: j.id)
    assert job.result == f'"{called.id}"'.encode()
    assert (called.tags, called.unique_key, called.run_at - job.created_at) == (("a",), "only", timedelta(seconds=60))
    assert (named.priority, named.backoff, named.max_retries) == (1, Exponential(base=3), 0)
    failed = await ran(world, "child.asks", {"fail": True})
    assert [each for each in world.store.jobs.values() if each.parent_id == failed.id] == []


async def test_memory_is_bounded(world: World) -> None:
    """Four gigabytes are refused to the handler, not to the machine."""
    job = await ran(world, "child.memory")
    assert job.error is not None
    assert job.error.type == "MemoryError"


async def test_a_forked_process_has_no_say(world: World) -> None:
    """Whatever a handler forks off, the attempt ends once, as its own process says."""
    job = await ran(world, "child.fork")
    assert job.result == b'"parent"'
    assert (await ran(world, "child.async")).status is JobStatus.SUCCEEDED


async def test_a_process_that_ignores_everything_is_killed(world: World) -> None:
    """Nothing is left of it after its timeout and grace, and no slot is lost."""
    job_id = await world.enqueue("child.spin")
    await world.until(lambda: _children_busy(world))
    await world.timers.move(1.1)
    await world.timers.move(5.1)
    await world.until_ended(job_id)
    assert outcome(world, job_id) is AttemptOutcome.TIMED_OUT
    assert "handler.stuck" not in world.log.events()


def _children_busy(world: World) -> bool:
    """Tell whether a child's handler has begun: its deadline then is the task's own."""
    (worker, _) = world._working[0]
    return any(run.deadline <= world.clock.monotonic() + 1.01 for run in worker._runner._running)


async def test_a_timeout_reaches_a_handler_that_looks(world: World) -> None:
    """`ctx.cancelled` turns true in the other process, which is then used again."""
    before = await ran(world, "child.async")
    job_id = await world.enqueue("child.polite")
    await world.until(lambda: _children_busy(world))
    await world.timers.move(1.1)
    await world.until_ended(job_id)
    assert outcome(world, job_id) is AttemptOutcome.TIMED_OUT
    assert (await ran(world, "child.async")).result == before.result


async def test_a_cancel_request_reaches_an_async_handler(world: World) -> None:
    """It is cancelled there, and its cleanup runs."""
    job_id = await world.enqueue("child.sleep", timeout=timedelta(seconds=1))
    await world.until(lambda: _children_busy(world))
    await world.manage.cancel([job_id])
    await world.until_ended(job_id)
    assert (world.job(job_id).status, outcome(world, job_id)) == (JobStatus.CANCELLED, AttemptOutcome.CANCELLED)


async def test_no_process_outlives_the_worker() -> None:
    """Stopping ends them all."""
    world = World()
    await world.start(tasks, RULES)
    pid = int((await ran(world, "child.async")).result or 0)
    os.kill(pid, 0)
    assert await world.stop() == [0]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
