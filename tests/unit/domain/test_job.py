"""The aggregate's own moves: what people do to a job."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from tests.builders import NOON, OOPS, OWNER, WORKER, a_birth, a_job, minutes

from equeue.domain.errors import AlreadyFinished, InvalidJob, InvalidTransition, StaleEdit
from equeue.domain.events import CancelRequested, JobEdited, JobEnded, JobQueued
from equeue.domain.job import EXPIRED, Job, JobEdit
from equeue.domain.lease import Fence
from equeue.domain.retry import Fixed
from equeue.domain.spec import REASON_CHARS, JobSpec, OnConflict, Unique, UniqueWhile
from equeue.domain.status import JobStatus

LATER = NOON + minutes(1)


def deleted(job: Job) -> tuple[Job, None]:
    """Return the job that may be deleted."""
    job.delete()
    return job, None


QUEUED, RUNNING, SUCCEEDED, DEAD, CANCELLED = JobStatus
MOVES: dict[str, tuple[Callable[[Job], Any], set[JobStatus]]] = {
    "cancel": (lambda job: job.cancel(LATER), {QUEUED, RUNNING, CANCELLED}),
    "retry": (lambda job: job.retry(LATER), {DEAD, CANCELLED}),
    "run now": (lambda job: job.run_now(LATER), {QUEUED}),
    "edit": (lambda job: job.edit(JobEdit(priority=1), job.etag), {QUEUED}),
    "delete": (deleted, {SUCCEEDED, DEAD, CANCELLED}),
    "expire": (lambda job: attrs.evolve(job, expires_at=NOON).expire(LATER), {QUEUED}),
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("status", JobStatus)
def test_a_move_is_made_or_refused_as_the_table_says(name: str, status: JobStatus) -> None:
    """From every other status it raises and says what stood in the way; identity, attempts and token stay."""
    move, allowed = MOVES[name]
    job = a_job(status, attempt=4, lease_token=7)
    if status not in allowed:
        with pytest.raises(InvalidTransition):
            move(job)
        return
    after, _ = move(job)
    assert (after.id, after.attempt, after.lease_token, after.payload) == (job.id, 4, 7, job.payload)
    assert after.revision == job.revision + (after != job)


def test_a_reason_has_a_bound_and_can_be_stored() -> None:
    """As many characters as the table takes, and nothing in them that it could not hold."""
    for status in (QUEUED, RUNNING):
        assert a_job(status).cancel(LATER, "é" * REASON_CHARS)[0].cancel_reason == "é" * REASON_CHARS
        assert a_job(status).cancel(LATER, "a\x00\ud800")[0].cancel_reason == "a\ufffd\ufffd"
        with pytest.raises(InvalidJob) as refusal:
            a_job(status).cancel(LATER, "é" * (REASON_CHARS + 1))
        assert [violation.pointer for violation in refusal.value.violations] == ["/reason"]


def test_a_job_is_born_queued_and_due() -> None:
    """Now, after its delay, or when it was said."""
    assert Job.born(a_birth(), NOON).run_at == NOON
    assert Job.born(a_birth(delay=minutes(5)), NOON).run_at == NOON + minutes(5)
    assert Job.born(a_birth(run_at=LATER), NOON).run_at == LATER
    birth = a_birth(owner=OWNER, unique=Unique("k", UniqueWhile.QUEUED), expires_at=LATER)
    job = Job.born(birth, NOON)
    assert (job.status, job.created_at, job.user_id, job.expires_at) == (QUEUED, NOON, OWNER, LATER)
    assert (job.unique_key, job.unique_while, job.unique_slot) == ("k", UniqueWhile.QUEUED, birth.unique_slot)
    assert job.queued() == JobQueued(job.id, job.queue, 5, NOON)


def test_cancelling_a_queued_job_ends_it() -> None:
    """At once, with the reason, its key free."""
    job, events = a_job(unique_slot="k").cancel(LATER, "enough")
    assert (job.status, job.finished_at, job.cancel_reason, job.unique_slot) == (CANCELLED, LATER, "enough", None)
    assert events == [JobEnded(job.id, job.queue, CANCELLED)]


def test_cancelling_a_running_job_asks_its_worker() -> None:
    """The job runs on until the worker says otherwise; asking again changes nothing."""
    before = a_job(RUNNING, unique_slot="k")
    job, events = before.cancel(LATER, "enough")
    assert (job.status, job.cancel_requested_at, job.cancel_reason, job.unique_slot) == (RUNNING, LATER, "enough", "k")
    assert (job.finished_at, job.lease_expires_at) == (None, before.lease_expires_at)
    assert events == [CancelRequested(job.id, job.queue, WORKER)]
    assert job.cancel(LATER + minutes(1), "again") == (job, [])


def test_cancelling_a_cancelled_job_is_a_repetition() -> None:
    """It stays as it was first cancelled."""
    job = a_job(CANCELLED, cancel_reason="first")
    assert job.cancel(LATER, "second") == (job, [])


@pytest.mark.parametrize("status", [SUCCEEDED, DEAD])
def test_cancelling_what_has_finished_is_refused_by_name(status: JobStatus) -> None:
    """Too late has an error of its own."""
    with pytest.raises(AlreadyFinished):
        a_job(status).cancel(LATER)


def test_a_manual_retry_starts_over() -> None:
    """Budget, lapses, cancel, progress and times are as new; error, attempts and token are kept; the key stays free."""
    before = a_job(
        DEAD,
        retry_count=3,
        lapse_count=2,
        started_at=NOON,
        cancel_requested_at=NOON,
        cancel_reason="enough",
        progress=b"1",
        unique_key="k",
        unique_while=UniqueWhile.ACTIVE,
    )
    job, events = before.retry(LATER)
    assert (job.status, job.run_at, job.retry_count, job.lapse_count) == (QUEUED, LATER, 0, 0)
    assert (job.started_at, job.finished_at, job.progress) == (None, None, None)
    assert (job.cancel_requested_at, job.cancel_reason, job.unique_slot) == (None, None, None)
    assert (job.error, job.attempt, job.fence) == (OOPS, 1, Fence(job.id, 1))
    assert events == [job.queued()]


def test_a_manual_retry_drops_an_expiry_that_has_passed() -> None:
    """And only that one."""
    assert a_job(DEAD, expires_at=LATER).retry(LATER)[0].expires_at is None
    assert a_job(DEAD, expires_at=LATER + minutes(1)).retry(LATER)[0].expires_at == LATER + minutes(1)


def test_run_now_makes_due_and_never_later() -> None:
    """A job of the future is due; one that is due keeps its place in the queue."""
    job, events = a_job(run_at=NOON + minutes(60)).run_now(LATER)
    assert (job.run_at, events) == (LATER, [job.queued()])
    due = a_job(run_at=NOON)
    assert due.run_now(LATER) == (due, [])


def test_only_a_passed_expiry_expires() -> None:
    """From the very instant on, and with its own reason."""
    for expires_at in (None, LATER + minutes(1)):
        job = a_job(expires_at=expires_at)
        assert job.expire(LATER) == (job, [])
    job, events = a_job(expires_at=LATER, unique_slot="k").expire(LATER)
    assert (job.status, job.finished_at, job.cancel_reason, job.unique_slot) == (CANCELLED, LATER, EXPIRED, None)
    assert events == [JobEnded(job.id, job.queue, CANCELLED)]


def test_an_edit_changes_what_it_names() -> None:
    """Fields left open stay, and falsy values count."""
    before = a_job(tags=("a",))
    edit = JobEdit(priority=0, queue="other", run_at=LATER, max_retries=0, tags=(), payload=b'{"a":1}')
    job, events = before.edit(edit, before.etag)
    assert (job.priority, job.queue, job.run_at, job.max_retries) == (0, "other", LATER, 0)
    assert (job.tags, job.payload) == ((), b'{"a":1}')
    assert events == [JobEdited(job.id, "other"), job.queued()]
    same, _ = before.edit(JobEdit(), before.etag)
    assert attrs.evolve(same, revision=before.revision) == before


def test_an_edit_cannot_take_back_retries_that_were_used() -> None:
    """The budget may shrink to what is used and no further."""
    job = a_job(retry_count=2, max_retries=3)
    assert job.edit(JobEdit(max_retries=2), job.etag)[0].max_retries == 2
    with pytest.raises(InvalidJob) as refusal:
        job.edit(JobEdit(max_retries=1), job.etag)
    assert [violation.pointer for violation in refusal.value.violations] == ["/max_retries"]


def test_an_edit_of_what_has_changed_since_is_refused() -> None:
    """Every claim, end and edit in between makes the etag that was read worthless."""
    job = a_job(run_at=LATER + minutes(60))
    claimed = attrs.evolve(job, lease_token=1)
    for other in (job.run_now(LATER)[0], claimed, a_job(RUNNING, id=job.id), job.edit(JobEdit(), job.etag)[0]):
        with pytest.raises(StaleEdit):
            other.edit(JobEdit(priority=1), job.etag)


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_run_again_is_a_new_one_like_it(status: JobStatus) -> None:
    """What was asked for is asked for again; what belongs to the one run is not."""
    asked = JobSpec(
        "email.send",
        payload=b'{"a":1}',
        queue="email",
        priority=2,
        run_at=LATER,
        max_retries=7,
        backoff=Fixed(3.0),
        timeout=minutes(1),
        expires_at=NOON + minutes(60),
        tags=("vip",),
        unique=Unique("k", UniqueWhile.QUEUED),
        concurrency_key="customer:42",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    job = attrs.evolve(Job.born(attrs.evolve(a_birth(), spec=asked), NOON), status=status, retry_count=2)
    unique = Unique("k", UniqueWhile.QUEUED, OnConflict.REJECT)
    assert job.again(LATER) == attrs.evolve(asked, run_at=None, unique=unique, traceparent=None)
    assert job.again(NOON + minutes(60)).expires_at is None
    assert a_job(status).again(LATER).unique is None


def test_an_edit_keeps_the_rules_of_a_new_job() -> None:
    """Each changed field is judged as it would be at the enqueue, and those left open are not."""
    JobEdit().check(now=NOON)
    edit = JobEdit(
        priority=10, queue="No", run_at=NOON + minutes(10**7), max_retries=-1, tags=("",), payload=b"{     }"
    )
    with pytest.raises(InvalidJob) as refusal:
        edit.check(now=NOON, payload_bytes=6)
    pointers = {violation.pointer for violation in refusal.value.violations}
    assert pointers == {"/priority", "/queue", "/run_at", "/max_retries", "/tags/0", "/payload"}
