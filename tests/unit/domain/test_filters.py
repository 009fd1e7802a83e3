"""What a filter means of a job."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from tests.builders import NOON, OOPS, OWNER, WORKER, a_job
from tests.filters import trees

from equeue.domain.filter_text import read
from equeue.domain.filters import EVERY, Condition
from equeue.domain.job import Job
from equeue.domain.status import JobStatus

PAYLOAD = b'{"user": {"id": 42, "name": "jo\\u00e9"}, "items": [10, {"a": true}], "n": null, "s": "42", "": 1}'
JOB = a_job(
    JobStatus.DEAD, queue="email", task="email.send", tags=("vip", "eu"), payload=PAYLOAD, concurrency_key="c:1"
)


def means(text: str, job: Job = JOB) -> bool | None:
    """Tell whether a filter's text means a job, as seen a minute after noon."""
    tree = read(text)
    assert tree is not None
    return tree.at(NOON + timedelta(minutes=1)).means(job)


@pytest.mark.parametrize(
    "text",
    [
        "status:dead",
        "status:queued,dead",
        "-status:queued",
        "queue:email",
        "queue:em*",
        "queue:e*l",
        'queue~"mai"',
        "task:*.send",
        "tag:vip",
        "tag:none,eu",
        "tag:v*",
        'tag~"ip"',
        "-tag:test",
        "priority:5",
        "priority:<=5 priority:>4 priority:4..6",
        "retry_count:<1",
        "created:>-1h",
        "created:2026-11-22",
        "created:>=2026-11-22 created:<=2026-11-22 created:<2026-11-23 created:>2026-11-21",
        "created:2026-11-22T12:00:00Z",
        "created:2026-11-22T13:00:00+01:00",
        "created:-1m..now",
        "finished:2026-11-01..2026-11-22",
        "error:ValueError",
        "error:Value*",
        'error~"oops"',
        'error~"Value"',
        "fingerprint:ValueError:oops",
        f"worker:{WORKER}",
        f"-parent:{WORKER}",
        "concurrency_key:c:1",
        "payload.user.id:42",
        "payload.user.id:42.0",
        "payload.user.id:41..43",
        "payload.user.id:>41.5",
        "payload.user.name:jo*",
        'payload.user.name~"é"',
        "payload.items.0:10",
        "payload.items.1.a:true",
        "payload.n:null",
        "payload.s:42",
        'payload.s:"42"',
        'payload."":1',
        "-payload.user:42",
        "-payload.none:1",
        "status:queued OR (queue:email -tag:test)",
    ],
)
def test_a_filter_means_the_job(text: str) -> None:
    """Each in its own way; and its opposite does not."""
    assert means(text) is True
    assert means(f"-({text})") is False


@pytest.mark.parametrize(
    "text",
    [
        "status:queued",
        "queue:mail",
        "queue:xemail*",
        'queue~"Mail"',
        "tag:vi",
        "tag:vip tag:test",
        "priority:>5",
        "created:<-1h",
        "created:2026-11-21",
        "created:>2026-11-22",
        "created:<2026-11-22",
        "started:<-1d",
        "error:Error",
        'error~"Oops"',
        'error~"Traceback"',
        "fingerprint:KeyError",
        f"parent:{WORKER}",
        "unique_key:x",
        'payload.user.id:"42"',
        "payload.user:42",
        "payload.items.2:1",
        "payload.items.a:1",
        "payload.items.1.a:1",
        "payload.items.1.a:>0",
        "payload.s:>1",
        'payload.user.id~"4"',
        "payload.n:0",
        "-(status:queued OR queue:email)",
    ],
)
def test_a_filter_does_not_mean_the_job(text: str) -> None:
    """Nor does it where a field has no value, or one that cannot be compared."""
    assert means(text) is False
    assert means(f"-({text})") is True


def test_no_fingerprint_but_of_the_dead() -> None:
    """A job that is tried again has an error, and is no dead letter."""
    again = a_job(JobStatus.QUEUED, error=OOPS)
    assert means("error:ValueError", again) is True
    assert means("fingerprint:ValueError:oops", again) is False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("payload.a:1", None),
        ("-payload.a:1", None),
        ('error~"x"', None),
        ("error:ValueError", True),
        ("payload.a:1 status:queued", False),
        ("payload.a:1 status:dead", None),
        ("payload.a:1 OR status:dead", True),
        ("payload.a:1 OR status:queued", None),
    ],
)
def test_of_a_document_that_was_not_read_nothing_is_told(text: str, told: object) -> None:
    """Unless the rest of the job decides."""
    assert means(text, attrs.evolve(JOB, payload=b"")) is told


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("status:dead", "dead"),
        ("-status:dead,queued", "running succeeded cancelled"),
        ("status:dead,queued -status:dead", "queued"),
        ("status:dead status:queued", ""),
        ("status:dead OR status:queued", "queued dead"),
        ("status:dead OR queue:a", "queued running succeeded dead cancelled"),
        ("-(status:dead queue:a)", "queued running succeeded dead cancelled"),
        ("fingerprint:x", "dead"),
        ("finished:>-1h", "succeeded dead cancelled"),
        ("-finished:>-1h", "queued running succeeded dead cancelled"),
    ],
)
def test_a_filter_tells_the_statuses_that_it_may_mean(text: str, statuses: str) -> None:
    """So that no others are looked at."""
    tree = read(text)
    assert tree is not None
    assert tree.statuses == {JobStatus(word) for word in statuses.split()}


def jobs() -> list[Job]:
    """Return a job in each status, alike but for that."""
    facts: dict[str, Any] = {"queue": "a", "user_id": OWNER, "payload": b'{"a": {"b": 1}}'}
    return [a_job(status, **facts) for status in JobStatus]


JOBS = jobs()


@given(trees)
def test_no_job_is_meant_outside_of_the_statuses_told(tree: Condition) -> None:
    """Whatever the filter."""
    seen = tree.at(NOON)
    assert seen.statuses == tree.statuses
    assert tree.statuses <= EVERY
    assert {job.status for job in JOBS if seen.means(job)} <= tree.statuses


@given(trees)
def test_times_are_resolved_once(tree: Condition) -> None:
    """What is an instant stays one."""
    seen = tree.at(NOON)
    assert seen.at(NOON + timedelta(days=1)) == seen
