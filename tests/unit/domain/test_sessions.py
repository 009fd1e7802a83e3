"""Sessions: of all refresh tokens only the newest is good, once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON, OWNER, a_birth, minutes, seconds

from equeue.domain.sessions import GRACE, Presented, Session

ID = a_birth().job_id


def a_session(generation: int = 3, *, revoked: bool = False) -> Session:
    """Return a session of an hour that was rotated at noon."""
    return Session(ID, OWNER, generation, NOON - minutes(30), NOON, NOON + minutes(30), revoked)


@pytest.mark.parametrize(
    ("generation", "after", "means"),
    [
        (3, seconds(0), Presented.NEWEST),
        (3, minutes(29), Presented.NEWEST),
        (2, seconds(0), Presented.JUST_USED),
        (2, GRACE, Presented.JUST_USED),
        (2, GRACE + timedelta(microseconds=1), Presented.REUSED),
        (1, seconds(0), Presented.REUSED),
        (4, seconds(0), Presented.REUSED),
        (3, minutes(30), Presented.OVER),
        (1, minutes(31), Presented.OVER),
    ],
)
def test_what_a_presented_token_means(generation: int, after: timedelta, means: Presented) -> None:
    """The newest is exchanged, the one before gives the same successor for ten seconds, any other tells of a theft."""
    assert a_session().judge(generation, NOON + after) is means


@given(st.integers(1, 10), st.integers(1, 10))
def test_nothing_is_good_for_a_revoked_session(newest: int, presented: int) -> None:
    """Whichever token it is."""
    assert a_session(newest, revoked=True).judge(presented, NOON) is Presented.OVER


def test_a_rotation_makes_the_newest_the_one_before() -> None:
    """And starts the grace anew; the end of the session stays where it was."""
    rotated = a_session().rotated(NOON + minutes(1))
    assert rotated.judge(4, NOON + minutes(1)) is Presented.NEWEST
    assert rotated.judge(3, NOON + minutes(1)) is Presented.JUST_USED
    assert rotated.judge(2, NOON + minutes(1)) is Presented.REUSED
    assert rotated.expires_at == a_session().expires_at


def test_a_session_lives_until_it_expires_or_is_ended() -> None:
    """Its end is an instant: before it the session goes on, at it no more."""
    session = a_session()
    assert session.lives(session.expires_at - timedelta(microseconds=1))
    assert not session.lives(session.expires_at)
    assert not session.ended().lives(NOON)
