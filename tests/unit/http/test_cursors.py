"""Cursors are sealed."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equeue.application.ports.reads import JobFilter, Position
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.cursors import Cursor, CursorSeal
from equeue.entrypoints.http.problems import Problem

KEY, OLDER = b"k" * 32, b"o" * 32
SEAL = CursorSeal.of([KEY], JobFilter(), "-created_at")
A_CURSOR = Cursor(Position(datetime(2026, 11, 22, tzinfo=UTC), UUID(int=7)))

instants = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
cursors = st.builds(Cursor, st.builds(Position, instants, st.uuids()), st.booleans())


@given(cursors)
def test_opened_cursor_is_the_sealed_one(cursor: Cursor) -> None:
    """Nothing of a place is lost, to the microsecond."""
    assert SEAL.open(SEAL.seal(cursor)) == cursor


@pytest.mark.parametrize("other", "ABCDEFxyz0189-_=+/ é\x00")
def test_changed_cursor_is_refused(other: str) -> None:
    """No character of a cursor can be another one, not even one that stands for the same bytes in base64."""
    for number in range(8):
        text = SEAL.seal(Cursor(Position(A_CURSOR.position.created_at, UUID(int=number << 60))))
        for place in range(len(text)):
            if text[place] != other:
                with pytest.raises(Problem, match="cursor-mismatch"):
                    SEAL.open(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize("tail", ["=", "A", "==", "\n"])
def test_lengthened_cursor_is_refused(tail: str) -> None:
    """There is one way to write a cursor."""
    with pytest.raises(Problem, match="cursor-mismatch"):
        SEAL.open(SEAL.seal(A_CURSOR) + tail)


@given(st.text(max_size=80))
def test_made_up_cursor_is_refused(text: str) -> None:
    """Nobody but us makes cursors."""
    with pytest.raises(Problem, match="cursor-mismatch"):
        SEAL.open(text)


def test_older_key_still_opens() -> None:
    """After a rotation the cursors of the former key go on."""
    old = CursorSeal.of([OLDER], JobFilter(), "-created_at").seal(A_CURSOR)
    both = CursorSeal.of([KEY, OLDER], JobFilter(), "-created_at")
    assert both.open(old) == A_CURSOR
    with pytest.raises(Problem):
        SEAL.open(old)


def test_order_of_a_repeated_filter_does_not_matter() -> None:
    """`status=a&status=b` is the same list as `status=b&status=a`."""
    dead, queued = JobStatus.DEAD, JobStatus.QUEUED
    one = CursorSeal.of([KEY], JobFilter(statuses=(dead, queued)), "created_at")
    other = CursorSeal.of([KEY], JobFilter(statuses=(queued, dead)), "created_at")
    assert other.open(one.seal(A_CURSOR)) == A_CURSOR


def test_filters_of_different_kinds_do_not_run_together() -> None:
    """A queue, a task and a key's glob of one name make different lists."""
    filters = (JobFilter(queues=("a",)), JobFilter(tasks=("a",)), JobFilter(queue_globs=("a",)))
    seals = [CursorSeal.of([KEY], where, "created_at") for where in filters]
    for one, other in permutations(seals, 2):
        with pytest.raises(Problem):
            other.open(one.seal(A_CURSOR))


def test_places_before_the_epoch_are_places_too() -> None:
    """No clock, however wrong, breaks a walk."""
    early = Cursor(Position(datetime(1970, 1, 1, tzinfo=UTC) - timedelta(days=1), UUID(int=7)))
    assert SEAL.open(SEAL.seal(early)) == early
