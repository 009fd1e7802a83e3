"""What a caller may ask for: each bound at its limit and one beyond."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.builders import NOON, OTHER_OWNER, OWNER, a_birth, a_spec, a_unique_birth, seconds

from equeue.domain.errors import InvalidJob
from equeue.domain.retry import Exponential, Fixed
from equeue.domain.spec import Birth, JobSpec, Unique, check

TEN_YEARS = timedelta(days=3_653)
DAY = timedelta(days=1)
STEP = timedelta(microseconds=1)
NAME_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789_.-"


def broken(spec: JobSpec, **rules: Any) -> list[str]:
    """Return the pointers of the rules that `spec` breaks."""
    try:
        check(spec, now=NOON, **rules)
    except InvalidJob as invalid:
        return [violation.pointer for violation in invalid.violations]
    return []


WITHIN: list[dict[str, Any]] = [
    {},
    {"task": "a"},
    {"task": "a" * 128},
    {"task": NAME_CHARS},
    {"queue": "a" * 128},
    {"payload": b"{" + b" " * (1024 * 1024 - 2) + b"}"},
    {"priority": 0},
    {"priority": 9},
    {"max_retries": 0},
    {"max_retries": 1_000},
    {"timeout": timedelta(milliseconds=100)},
    {"timeout": DAY},
    {"delay": timedelta(0)},
    {"delay": TEN_YEARS},
    {"run_at": NOON - DAY},
    {"run_at": NOON + TEN_YEARS},
    {"run_at": datetime(2026, 11, 22, 23, tzinfo=timezone(timedelta(hours=14)))},
    {"expires_at": NOON - DAY},
    {"expires_at": NOON + TEN_YEARS},
    {"backoff": Fixed(0.0)},
    {"backoff": Exponential(base=365.0 * 86_400, factor=1_000.0, cap=365.0 * 86_400, jitter=0.0)},
    {"tags": ("t",) * 20},
    {"tags": ("🐘" * 64, "a b")},
    {"unique": Unique("k")},
    {"unique": Unique("k" * 255)},
    {"unique": Unique("é" * 127 + "k")},
    {"concurrency_key": "customer:42"},
    {"concurrency_key": "k" * 255},
]


@pytest.mark.parametrize("facts", WITHIN)
def test_what_lies_within_the_bounds_is_admitted(facts: dict[str, Any]) -> None:
    """The limit itself is allowed."""
    assert broken(a_spec(**facts)) == []


BEYOND: list[tuple[dict[str, Any], str]] = [
    *(({"task": name}, "/task") for name in ("", "a" * 129, "A", "a b", "a/b", "é", "a\n", "a\x00", "١")),
    *(({"queue": name}, "/queue") for name in ("", "a" * 129, "Default")),
    ({"payload": b"{" + b" " * (1024 * 1024 - 1) + b"}"}, "/payload"),
    *(({"payload": document}, "/payload") for document in (b"", b"[]", b"null", b'"{}"')),
    ({"priority": -1}, "/priority"),
    ({"priority": 10}, "/priority"),
    ({"max_retries": -1}, "/max_retries"),
    ({"max_retries": 1_001}, "/max_retries"),
    ({"timeout": timedelta(milliseconds=100) - STEP}, "/timeout_s"),
    ({"timeout": DAY + STEP}, "/timeout_s"),
    ({"timeout": timedelta(0)}, "/timeout_s"),
    ({"delay": -STEP}, "/delay_s"),
    ({"delay": TEN_YEARS + STEP}, "/delay_s"),
    ({"delay": timedelta(0), "run_at": NOON}, "/delay_s"),
    ({"run_at": NOON - DAY - STEP}, "/run_at"),
    ({"run_at": NOON + TEN_YEARS + STEP}, "/run_at"),
    ({"run_at": NOON.replace(tzinfo=None)}, "/run_at"),
    ({"run_at": datetime.max.replace(tzinfo=UTC)}, "/run_at"),
    ({"run_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))}, "/run_at"),
    ({"expires_at": NOON - DAY - STEP}, "/expires_at"),
    ({"expires_at": NOON + TEN_YEARS + STEP}, "/expires_at"),
    ({"expires_at": NOON.replace(tzinfo=None)}, "/expires_at"),
    ({"backoff": Fixed(-1.0)}, "/backoff/base_s"),
    ({"backoff": Exponential(cap=1e9)}, "/backoff/cap_s"),
    ({"backoff": Exponential(factor=0.5)}, "/backoff/factor"),
    ({"backoff": Exponential(jitter=float("nan"))}, "/backoff/jitter"),
    ({"tags": ("t",) * 21}, "/tags"),
    ({"tags": ("a", "")}, "/tags/1"),
    ({"tags": ("t" * 65,)}, "/tags/0"),
    *(({"tags": (tag,)}, "/tags/0") for tag in ("a\n", "a\x00", "\ud800")),
    *(({"unique": Unique(key)}, "/unique/key") for key in ("", " ", "k" * 256, "é" * 128, "a\x00", "a\n", "\udc00")),
    *(({"concurrency_key": key}, "/concurrency_key") for key in ("", "k" * 256, "\r")),
]


@pytest.mark.parametrize(("facts", "pointer"), BEYOND)
def test_one_step_beyond_a_bound_is_refused(facts: dict[str, Any], pointer: str) -> None:
    """With a pointer to the one field at fault."""
    assert broken(a_spec(**facts)) == [pointer]


def test_every_broken_rule_is_named_at_once() -> None:
    """Callers mend a request in one go; the message says what is wrong in words."""
    spec = JobSpec("", priority=99, max_retries=-1, tags=("",), unique=Unique(""))
    assert broken(spec) == ["/task", "/priority", "/max_retries", "/tags/0", "/unique/key"]
    with pytest.raises(InvalidJob, match=r"/priority: must be between 0 \(first\) and 9"):
        check(spec, now=NOON)


def test_an_installation_may_set_its_own_payload_bound() -> None:
    """The bound counts bytes and is inclusive."""
    spec = a_spec(payload=b'{"a":1}')
    assert broken(spec, payload_bytes=7) == []
    assert broken(spec, payload_bytes=6) == ["/payload"]


def test_a_unique_slot_belongs_to_its_owner() -> None:
    """Owners share no slot with each other nor with nobody; no key, no slot."""
    spec = a_spec(unique=Unique("k"))
    slots = {Birth(a_birth().job_id, spec, owner).unique_slot for owner in (OWNER, OTHER_OWNER, None)}
    assert len(slots) == 3
    assert a_birth().unique_slot is None
    assert a_unique_birth(Unique("k")).unique_slot == a_unique_birth(Unique("k"), priority=1).unique_slot
    assert a_unique_birth(Unique("k")).unique_slot != a_unique_birth(Unique("j")).unique_slot


def test_violations_are_seen_from_the_document_that_holds_the_job() -> None:
    """A pointer can be put under another."""
    with pytest.raises(InvalidJob) as refusal:
        check(a_spec(timeout=seconds(0)), now=NOON)
    (violation,) = refusal.value.violations
    assert violation.under("/jobs/3").pointer == "/jobs/3/timeout_s"


@pytest.mark.parametrize("traceparent", ["", "x" * 256, "00-\n", "00-é"])
def test_a_trace_that_cannot_be_kept_is_left_out(traceparent: str) -> None:
    """Nobody is refused for it, and the longest that can be kept is."""
    assert a_spec(traceparent=traceparent).traceparent is None
    assert a_spec(traceparent="x" * 255).traceparent == "x" * 255
