"""What a task says of exceptions is what becomes of them, in the loop, in threads and for timeouts."""

import asyncio

import pytest
from tests.unit.worker.world import World

from equeue import Discard, Retry, Snooze, Tasks
from equeue.application.error_policy import ErrorPolicy
from equeue.application.tasks import TaskRefused
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus

RAISED: dict[str, BaseException] = {
    "connection": ConnectionResetError("gone"),
    "key": KeyError("x"),
    "index": IndexError("x"),
    "value": ValueError("x"),
    "retry": Retry("again"),
    "discard": Discard("never"),
    "snooze": Snooze(60),
}


def lookup_policy() -> Tasks:
    """Return tasks that retry connections and lookups, but no missing keys."""
    tasks = Tasks()

    @tasks.task("loop.run", retry_on=(ConnectionError, LookupError), discard_on=(KeyError,), max_retries=2)
    async def in_the_loop(what: str) -> None:
        raise RAISED[what]

    @tasks.task("thread.run", retry_on=(ConnectionError, LookupError), discard_on=(KeyError,), max_retries=2)
    def in_a_thread(what: str) -> None:
        raise RAISED[what]

    return tasks


@pytest.mark.parametrize("task", ["loop.run", "thread.run"])
@pytest.mark.parametrize(
    ("what", "outcome", "status"),
    [
        ("connection", AttemptOutcome.FAILED, JobStatus.QUEUED),
        ("index", AttemptOutcome.FAILED, JobStatus.QUEUED),
        ("key", AttemptOutcome.DISCARDED, JobStatus.DEAD),
        ("value", AttemptOutcome.FAILED, JobStatus.DEAD),
        ("retry", AttemptOutcome.FAILED, JobStatus.QUEUED),
        ("discard", AttemptOutcome.DISCARDED, JobStatus.DEAD),
        ("snooze", AttemptOutcome.SNOOZED, JobStatus.QUEUED),
    ],
)
async def test_classes_decide_subclasses_included(
    world: World, task: str, what: str, outcome: AttemptOutcome, status: JobStatus
) -> None:
    """What is not named dies, what is discarded dies first, and a handler's own word goes before both."""
    await world.start(lookup_policy())
    job_id = await world.enqueue(task, f'{{"what": "{what}"}}'.encode())
    await world.until(lambda: bool(world.attempts(job_id)))
    (attempt,) = world.attempts(job_id)
    assert (attempt.outcome, world.job(job_id).status) == (outcome, status)


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ({}, JobStatus.QUEUED),
        ({"retry_on": (ValueError,)}, JobStatus.DEAD),
        ({"retry_on": (OSError,)}, JobStatus.QUEUED),
        ({"discard_on": (TimeoutError,)}, JobStatus.DEAD),
    ],
)
async def test_a_timeout_counts_as_a_timeout_error(
    world: World, errors: dict[str, tuple[type[BaseException], ...]], status: JobStatus
) -> None:
    """`TimeoutError` is an `OSError`; a task that retries neither gives up at its first timeout."""
    tasks = Tasks()

    @tasks.task("slow.run", timeout=5, max_retries=1, **errors)  # type: ignore[arg-type]
    async def slow() -> None:
        await asyncio.Event().wait()

    await world.start(tasks)
    job_id = await world.enqueue("slow.run")
    await world.until(lambda: world.job(job_id).status is JobStatus.RUNNING)
    await world.timers.move(6)
    await world.until(lambda: bool(world.attempts(job_id)))
    assert (world.attempts(job_id)[0].outcome, world.job(job_id).status) == (AttemptOutcome.TIMED_OUT, status)


def test_what_is_no_exception_class_is_refused() -> None:
    """At registration, in words."""
    tasks = Tasks()
    with pytest.raises(TaskRefused, match="exception classes"):
        tasks.task("a.b", retry_on=("ValueError",))(lambda: None)  # type: ignore[arg-type]
    with pytest.raises(TaskRefused, match="on_dead"):
        tasks.task("a.c", on_dead="No Name")(lambda: None)


def test_a_policy_without_words_retries_all() -> None:
    """Whatever was raised, also what is no Exception."""
    assert all(ErrorPolicy().retries(kind) for kind in (ValueError, BaseException, SystemExit))
