"""What is said of a job and of a queue: what keeps them first, in words that a person can act on."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import NOON, OWNER, QUEUE, TASK, WORKER, minutes, seconds
from uuid_utils.compat import uuid7

from equeue.domain.explanation import (
    MOST_AHEAD,
    MOST_COUNTED,
    SILENCE,
    Head,
    JobFacts,
    JobSituation,
    QueueFacts,
    QueueSituation,
    explain_job,
    explain_queue,
)
from equeue.domain.limits import Bucket, QueueLimits, Rate
from equeue.domain.queue import Pause
from equeue.domain.reasons import Behind, QueueUnserved, RateLimited, TaskUnknown
from equeue.domain.status import JobStatus


def facts(**changes: Any) -> JobFacts:
    """Return a job that is due."""
    ordinary: dict[str, Any] = {"task": TASK, "queue": QUEUE, "status": JobStatus.QUEUED, "run_at": NOON}
    return JobFacts(job_id=uuid7(), **ordinary | changes)


def situation(job: JobFacts | None = None, *, limits: QueueLimits | None = None, **changes: Any) -> JobSituation:
    """Return how it stands with a job that nothing keeps, in a queue that somebody serves."""
    queue: dict[str, Any] = {
        name: changes.pop(name) for name in ("pause", "bucket", "running", "seen_at") if name in changes
    }
    told = QueueFacts(name=QUEUE, limits=limits or QueueLimits(), **{"seen_at": NOON} | queue)
    return JobSituation(now=NOON, job=job or facts(), queue=told, **{"task_seen_at": NOON} | changes)


def codes(told: JobSituation) -> list[str]:
    """Return the codes of what is said of a job."""
    return [reason.code for reason in explain_job(told).reasons]


def test_a_job_that_nothing_keeps_is_ready_and_nothing_is_said() -> None:
    """It may be claimed at this moment."""
    assert explain_job(situation()).ready
    assert codes(situation()) == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (situation(facts(run_at=NOON + seconds(1))), "not-due"),
        (situation(facts(expires_at=NOON)), "expired"),
        (situation(pause=Pause(NOON)), "paused"),
        (situation(pause=Pause(NOON, until=NOON + seconds(1))), "paused"),
        (situation(limits=QueueLimits(max_running=3), running=3), "max-running"),
        (situation(facts(key="k"), limits=QueueLimits(max_running_per_key=1), running_of_key=1), "max-running-per-key"),
        (situation(limits=QueueLimits(rate=Rate(1, minutes(1))), bucket=Bucket(0.5, NOON)), "rate-limited"),
    ],
)
def test_what_keeps_a_job_is_said(told: JobSituation, code: str) -> None:
    """One reason each, and it is not ready."""
    assert codes(told) == [code]
    assert explain_job(told).ready is False


@pytest.mark.parametrize(
    "told",
    [
        situation(facts(run_at=NOON)),
        situation(facts(expires_at=NOON + seconds(1))),
        situation(pause=Pause(NOON - minutes(1), until=NOON)),
        situation(limits=QueueLimits(max_running=3), running=2),
        situation(facts(key="k"), limits=QueueLimits(max_running_per_key=2), running_of_key=1),
        situation(limits=QueueLimits(max_running_per_key=1), running_of_key=1),
        situation(limits=QueueLimits(rate=Rate(1, minutes(1))), bucket=Bucket(1.0, NOON)),
        situation(limits=QueueLimits(rate=Rate(1, minutes(1)))),
        situation(limits=QueueLimits(rate=Rate(1, minutes(1))), bucket=Bucket(0.0, NOON - minutes(1))),
        situation(limits=QueueLimits(max_depth=1)),
    ],
)
def test_what_just_fits_keeps_nobody(told: JobSituation) -> None:
    """At the very instant, at the last place, with the last token."""
    assert explain_job(told).ready


def test_all_that_keeps_a_job_is_said() -> None:
    """Who mends one thing shall not find the next one after it."""
    told = situation(
        facts(run_at=NOON + seconds(1), key="k"),
        limits=QueueLimits(max_running=1, max_running_per_key=1, rate=Rate(1, minutes(1))),
        pause=Pause(NOON),
        running=1,
        running_of_key=1,
        bucket=Bucket(0.0, NOON),
    )
    assert codes(told) == ["not-due", "paused", "max-running", "rate-limited", "max-running-per-key"]


def test_a_rate_says_when_the_next_token_comes() -> None:
    """From what is left by now."""
    told = situation(limits=QueueLimits(rate=Rate(2, minutes(1))), bucket=Bucket(0.0, NOON - seconds(12)))
    (reason,) = explain_job(told).reasons
    assert isinstance(reason, RateLimited)
    assert abs(reason.at - (NOON + seconds(18))) < timedelta(milliseconds=1)


def test_nobody_who_knows_it_is_told_apart_from_never_anybody() -> None:
    """A typo in a name is another matter than a worker that is down; neither makes the job less ready."""
    never = explain_job(situation(task_seen_at=None, seen_at=None))
    once = explain_job(situation(task_seen_at=NOON - SILENCE, seen_at=NOON - SILENCE))
    assert never.reasons == (TaskUnknown(TASK, None), QueueUnserved(QUEUE, None))
    assert once.reasons == (TaskUnknown(TASK, NOON - SILENCE), QueueUnserved(QUEUE, NOON - SILENCE))
    assert never.ready
    assert once.ready
    assert "ever known" in never.reasons[0].words(NOON)
    assert "5 min ago" in once.reasons[0].words(NOON)
    assert codes(situation(task_seen_at=NOON - SILENCE + seconds(1))) == []


def test_how_many_come_before_is_said_as_far_as_it_was_counted() -> None:
    """Beyond that there are more."""
    assert explain_job(situation(ahead=7)).reasons == (Behind(7),)
    assert explain_job(situation(ahead=MOST_AHEAD)).reasons == (Behind(MOST_AHEAD - 1, capped=True),)


@pytest.mark.parametrize(
    ("status", "more", "words"),
    [
        (JobStatus.SUCCEEDED, {}, "It succeeded at 2026-11-22 11:59:00 UTC (1 min ago)"),
        (
            JobStatus.DEAD,
            {"why": "oops"},
            "It died at 2026-11-22 11:59:00 UTC (1 min ago): oops",
        ),
        (JobStatus.CANCELLED, {"why": "expired"}, "It was cancelled at 2026-11-22 11:59:00 UTC (1 min ago): expired"),
    ],
)
def test_what_is_over_is_said_in_words(status: JobStatus, more: dict[str, Any], words: str) -> None:
    """How, when and why."""
    told = explain_job(situation(facts(status=status, finished_at=NOON - minutes(1), **more)))
    assert told.ready is False
    assert told.reasons[0].words(NOON) == words


def test_what_runs_says_where() -> None:
    """And whether it has begun; once its lease is over, that it will be taken over."""
    held = {"status": JobStatus.RUNNING, "worker_id": WORKER, "lease_expires_at": NOON + seconds(30)}
    begun = explain_job(situation(facts(**held, started_at=NOON - seconds(5), cancel_requested=True)))
    waiting = explain_job(situation(facts(**held)))
    lapsed = explain_job(situation(facts(**held | {"lease_expires_at": NOON})))
    assert begun.reasons[0].words(NOON) == (
        f"Worker {WORKER} began it at 2026-11-22 11:59:55 UTC (5 s ago); it was asked to stop"
    )
    assert "has it in hand" in waiting.reasons[0].words(NOON)
    assert [each.code for each in lapsed.reasons] == ["lease-lapsed"]


def test_a_pause_says_who_why_and_until_when() -> None:
    """All that was said with it."""
    pause = Pause(NOON - minutes(90), OWNER, reason="the provider is down", until=NOON + timedelta(days=2, hours=3))
    (reason,) = explain_job(situation(pause=pause)).reasons
    assert reason.words(NOON) == (
        f"The queue was paused by user {OWNER} at 2026-11-22 10:30:00 UTC (1 h 30 min ago), "
        "until 2026-11-24 15:00:00 UTC (in 2 d 3 h): the provider is down"
    )
    (endless,) = explain_job(situation(pause=Pause(NOON))).reasons
    assert "until somebody resumes it" in endless.words(NOON)


def queue(limits: QueueLimits | None = None, **changes: Any) -> QueueSituation:
    """Return how it stands with a queue that somebody serves."""
    told = QueueFacts(name=QUEUE, limits=limits or QueueLimits(), running=changes.pop("running", 0), seen_at=NOON)
    return QueueSituation(now=NOON, queue=told, **changes)


def said(told: QueueSituation) -> list[str]:
    """Return the codes of what is said of a queue."""
    return [reason.code for reason in explain_queue(told).reasons]


def test_a_queue_without_work_says_so() -> None:
    """Or when its next job is due."""
    assert said(queue()) == ["empty"]
    assert said(queue(next_run_at=NOON + seconds(9))) == ["not-due"]
    assert explain_queue(queue()).ready is False


def test_a_queue_is_ready_if_any_of_its_jobs_is() -> None:
    """Of a key that has room, or of none."""
    one = QueueLimits(max_running_per_key=1)
    full, free, none = Head("a", 5, 1), Head("b", 1, 0), Head(None, 1)
    assert explain_queue(queue(one, heads=(full, free))).ready
    assert explain_queue(queue(one, heads=(full, none))).ready
    assert explain_queue(queue(heads=(Head("a", 5, 9),))).ready
    assert explain_queue(queue(one, heads=(full,))).ready is False
    assert explain_queue(queue(one, heads=(full,), deep=True)).ready is None


def test_what_is_certain_is_not_left_open() -> None:
    """However deep the row of one key is, a queue without a place starts nothing."""
    limits = QueueLimits(max_running=1, max_running_per_key=1)
    told = explain_queue(queue(limits, running=1, heads=(Head("a", 5, 1),), deep=True))
    assert told.ready is False


def test_keys_are_told_to_whom_they_may_be_told() -> None:
    """Ten of them at most."""
    heads = tuple(Head(f"k{place:02}", 1, 1) for place in range(12))
    limits = QueueLimits(max_running_per_key=1)
    (told,) = explain_queue(queue(limits, heads=heads)).reasons
    (kept,) = explain_queue(queue(limits, heads=heads, tells_keys=False)).reasons
    assert attrs.asdict(told)["keys"] == tuple(f"k{place:02}" for place in range(10))
    assert attrs.asdict(kept)["keys"] == ()


def test_a_full_queue_says_so_as_far_as_anybody_counts() -> None:
    """It refuses more, and starts what waits."""
    heads = (Head(None, 2),)
    assert said(queue(QueueLimits(max_depth=2), waiting=2, heads=heads)) == ["max-depth"]
    assert said(queue(QueueLimits(max_depth=2), waiting=1, heads=heads)) == []
    assert said(queue(QueueLimits(max_depth=MOST_COUNTED), waiting=MOST_COUNTED, heads=heads)) == []
    assert explain_queue(queue(QueueLimits(max_depth=2), waiting=2, heads=heads)).ready
