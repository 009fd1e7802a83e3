"""Cursors are sealed."""

from datetime import UTC, datetime, timedelta
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


@given(st.data())
def test_changed_cursor_is_refused(data: st.DataObject) -> None:
    """No character of a cursor can be another one (but for those that encode the same bytes)."""
    text = SEAL.seal(A_CURSOR)
    place = data.draw(st.integers(0, len(text) - 2))
    other = data.draw(st.sampled_from("ABCxyz0189-_=+/ é\x00").filter(lambda char: char != text[place]))
    with pytest.raises(Problem, match="cursor-mismatch"):
        SEAL.open(text[:place] + other + text[place + 1 :])


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
    """A queue and a task of one name make different lists."""
    by_queue = CursorSeal.of([KEY], JobFilter(queues=("a",)), "created_at")
    by_task = CursorSeal.of([KEY], JobFilter(tasks=("a",)), "created_at")
    with pytest.raises(Problem):
        by_task.open(by_queue.seal(A_CURSOR))


def test_places_before_the_epoch_are_places_too() -> None:
    """No clock, however wrong, breaks a walk."""
    early = Cursor(Position(datetime(1970, 1, 1, tzinfo=UTC) - timedelta(days=1), UUID(int=7)))
    assert SEAL.open(SEAL.seal(early)) == early
