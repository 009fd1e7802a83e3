"""From a task, its arguments and options to a job that can be stored."""

import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from tests.unit.sdk.tasks import Address, build, send, stranger, tasks

from equeue import (
    Exponential,
    Fixed,
    InvalidJob,
    LargePayload,
    OnConflict,
    PayloadInvalid,
    TaskRefused,
    Unique,
    UniqueWhile,
    new_job,
    options,
)
from equeue.application.new_jobs import LARGE_PAYLOAD_BYTES
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.domain.spec import PAYLOAD_BYTES, JobSpec

SOON = datetime.now(UTC) + timedelta(hours=1)
LATER = SOON + timedelta(hours=1)


def test_a_job_has_what_its_task_declares() -> None:
    """Queue, retries, backoff and timeout come from the decorator, the rest is the system's default."""
    job = new_job(send, user_id=42)
    assert job.spec == JobSpec(
        "email.send",
        queue="email",
        max_retries=7,
        backoff=Exponential(base=3, cap=90),
        timeout=timedelta(seconds=45),
    )
    assert json.loads(job.payload) == {"user_id": 42}


def test_arguments_may_be_given_by_position() -> None:
    """They are the handler's own, without the context that the worker adds."""
    assert json.loads(new_job(send, 42, "de").payload) == {"user_id": 42, "lang": "de"}
    assert json.loads(new_job(build, "2026-11").payload) == {"month": "2026-11"}


def test_arguments_may_be_more_than_plain_types() -> None:
    """Whatever the worker can read back may be given."""
    payload = new_job(build, month="2026-11", to=Address("Main", 7)).payload
    assert json.loads(payload) == {"month": "2026-11", "to": {"street": "Main", "number": 7}}


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [({"user_id": "x"}, "/user_id"), ({}, ""), ({"user_id": 1, "bogus": 2}, "/bogus"), ({"user_id": 1.5}, "/user_id")],
)
def test_arguments_that_do_not_fit_are_refused_at_once(payload: dict[str, Any], pointer: str) -> None:
    """A job that would fail at each attempt is not made; the error points at the field."""
    with pytest.raises(PayloadInvalid) as refused:
        cast(Any, new_job)(send, **payload)
    assert refused.value.violations[0].pointer == pointer


def test_too_many_arguments_are_a_mistake_of_the_call() -> None:
    """They fail like any call with too many arguments."""
    with pytest.raises(TypeError):
        new_job(send, 1, "en", "", 4)  # type: ignore[call-overload]


def test_only_tasks_make_jobs() -> None:
    """A plain function is not a task, and the message says what to do."""
    with pytest.raises(TaskRefused, match="decorate it"):
        new_job(stranger, user_id=1)


def test_options_reach_the_job() -> None:
    """Each option overrules the task's declaration, and only that one."""
    wished = options(
        send,
        queue="slow",
        priority=0,
        run_at=SOON,
        max_retries=0,
        backoff=Fixed(base=9),
        timeout=1.5,
        expires_at=LATER,
        tags=["vip", "eu"],
        unique=Unique("k", UniqueWhile.QUEUED, OnConflict.REJECT),
        concurrency_key="customer:42",
    )
    assert new_job(wished, user_id=42).spec == JobSpec(
        "email.send",
        queue="slow",
        priority=0,
        run_at=SOON,
        max_retries=0,
        backoff=Fixed(base=9),
        timeout=timedelta(seconds=1.5),
        expires_at=LATER,
        tags=("vip", "eu"),
        unique=Unique("k", UniqueWhile.QUEUED, OnConflict.REJECT),
        concurrency_key="customer:42",
    )
    assert new_job(send, user_id=42).spec.queue == "email"


def test_options_have_shorthands() -> None:
    """Seconds may be numbers, and a unique key a string."""
    spec = new_job(options(build, delay=60, unique="k"), month="2026-11").spec
    assert (spec.delay, spec.unique, spec.timeout) == (timedelta(minutes=1), Unique("k"), timedelta(minutes=2))


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"priority": 10}, "/priority"),
        ({"queue": "No Such"}, "/queue"),
        ({"max_retries": -1}, "/max_retries"),
        ({"delay": -1}, "/delay_s"),
        ({"delay": 1, "run_at": SOON}, "/delay_s"),
        ({"run_at": datetime(2026, 1, 1)}, "/run_at"),  # noqa: DTZ001 - what must be refused
        ({"timeout": 0}, "/timeout_s"),
        ({"tags": [""]}, "/tags/0"),
        ({"unique": "x" * 256}, "/unique/key"),
        ({"concurrency_key": "\n"}, "/concurrency_key"),
    ],
)
def test_options_out_of_bounds_are_refused(wish: Any, pointer: str) -> None:
    """The same rules as everywhere, with the same pointers."""
    with pytest.raises(InvalidJob) as refused:
        new_job(options(send, **wish), user_id=42)
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_an_option_that_does_not_exist_is_refused() -> None:
    """A typo must not be a default."""
    with pytest.raises(TypeError, match="no such option: retries"):
        options(send, retries=3)  # type: ignore[call-overload]


def test_a_task_of_another_program_is_called_by_its_name() -> None:
    """Its payload is a mapping; what its workers declared is filled in where it is stored."""
    job = new_job("invoice.send", {"number": 7})
    assert (job.spec.task, job.spec.queue, json.loads(job.payload)) == ("invoice.send", "default", {"number": 7})
    declared = TaskDeclaration("invoice.send", "billing", 9, Fixed(), timedelta(seconds=5))
    assert job.completed(declared).spec == JobSpec(
        "invoice.send", queue="billing", max_retries=9, backoff=Fixed(), timeout=timedelta(seconds=5)
    )
    assert job.completed(None) == job


def test_options_of_a_named_task_win_over_what_is_declared() -> None:
    """The caller's word is the last."""
    job = new_job(options("invoice.send", queue="slow", max_retries=0), {"number": 7})
    spec = job.completed(TaskDeclaration("invoice.send", "billing", 9)).spec
    assert (spec.queue, spec.max_retries) == ("slow", 0)


def test_a_named_tasks_payload_must_be_an_object() -> None:
    """A list, a number or NaN in it is refused."""
    for payload in ([1], 7, {"x": float("nan")}, {"x": "\x00"}, {"x": object()}):
        with pytest.raises(InvalidJob):
            new_job("invoice.send", cast(Any, payload))
    with pytest.raises(TypeError):
        new_job("invoice.send", {}, number=7)  # type: ignore[call-overload]


def test_a_registered_task_stands_for_its_handler() -> None:
    """What a `Tasks` returns for a name checks its payload like the handler."""
    with pytest.raises(PayloadInvalid):
        new_job(tasks["email.send"], {"user_id": "x"})
    assert new_job(tasks["email.send"], {"user_id": 1}).spec.queue == "email"


def test_a_large_payload_is_warned_of_where_it_is_enqueued() -> None:
    """Over 32 KB the caller's own line is named, with the remedy; the job is made."""
    with pytest.warns(LargePayload, match="pass ids, not data") as caught:
        job = new_job(send, user_id=1, pad="x" * LARGE_PAYLOAD_BYTES)
    assert caught[0].filename == __file__
    assert len(job.payload) > LARGE_PAYLOAD_BYTES


def test_a_payload_of_32_kb_is_not_warned_of() -> None:
    """The warning begins beyond."""
    empty = len(new_job(send, user_id=1, pad="").payload)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(new_job(send, user_id=1, pad="x" * (LARGE_PAYLOAD_BYTES - empty)).payload) == LARGE_PAYLOAD_BYTES


def test_a_payload_beyond_the_bound_is_refused() -> None:
    """A megabyte is the most."""
    with pytest.raises(InvalidJob) as refused:
        new_job(send, user_id=1, pad="x" * PAYLOAD_BYTES)
    assert refused.value.violations[0].code == "too-large"
