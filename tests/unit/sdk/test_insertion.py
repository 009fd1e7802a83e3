"""The document in which rows travel."""

import json
from typing import Any

import pytest
from tests.builders import OWNER, a_birth

from equeue import Fixed, Unique
from equeue.adapters.postgres.insertion import ROUNDS, document, inserting, row_of
from equeue.domain.errors import Unavailable
from equeue.domain.spec import Birth


def _row(birth: Birth) -> dict[str, Any]:
    (row,) = json.loads(document([row_of(birth)]))
    assert isinstance(row, dict)
    return row


def test_defaults_are_left_to_the_table() -> None:
    """A job with nothing special is its id, task and payload."""
    birth = a_birth()
    assert _row(birth) == {"id": str(birth.job_id), "task": birth.spec.task, "payload": "{}"}


def test_a_payload_says_nothing_about_the_row() -> None:
    """It travels as text, so that whatever it holds, no column but its own is touched."""
    forged = b'{}, "user_id": "00000000-0000-7000-8000-000000000001"'
    assert _row(a_birth(payload=forged))["payload"] == forged.decode()
    assert "user_id" not in _row(a_birth(payload=forged))


def test_a_key_belongs_to_its_owner() -> None:
    """The slot names the owner, so two owners may use one key."""
    unique = Unique("k")
    mine, nobodys = _row(a_birth(owner=OWNER, unique=unique)), _row(a_birth(unique=unique))
    assert (mine["unique_slot"], nobodys["unique_slot"]) == (f"{OWNER}:k", "-:k")
    assert (mine["unique_key"], mine["unique_while"], mine["user_id"]) == ("k", "active", str(OWNER))


def test_durations_are_seconds() -> None:
    """As everywhere on the wire."""
    row = _row(a_birth(backoff=Fixed(base=1.5)))
    assert row["backoff"] == {"kind": "fixed", "base_s": 1.5, "jitter": 0.0}


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_key_that_nobody_is_seen_to_hold_is_given_up_at_last(jobs: int) -> None:
    """A set that is refused time and again without a reason ends, as an outage."""
    course = inserting([row_of(a_birth(unique=Unique(f"k{number}"))) for number in range(jobs)])
    next(course)
    for _ in range(2 * ROUNDS - 1):
        course.send(())
    with pytest.raises(Unavailable):
        course.send(())
