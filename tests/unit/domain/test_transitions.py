"""The table of transitions, written a second time by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equeue.domain.errors import AlreadyFinished, InvalidTransition
from equeue.domain.status import JobStatus
from equeue.domain.transitions import ARCS, GOING_BACK, SETTLING, YIELDING, Event, follow, source

TABLE = """
-          enqueue              queued
queued     claim                running
queued     cancel               cancelled
queued     expire               cancelled
queued     edit                 queued
queued     run_now              queued
running    heartbeat            running
running    request_cancel       running
running    take_over            running
running    succeed              succeeded
running    retry                queued
running    exhaust              dead
running    discard              dead
running    snooze               queued
running    release              queued
running    acknowledge_cancel   cancelled
dead       manual_retry         queued
cancelled  manual_retry         queued
"""
EXPECTED = {(before, event): after for before, event, after in (line.split() for line in TABLE.split("\n") if line)}

statuses = st.sampled_from([None, *JobStatus])
events = st.sampled_from(Event)


@given(statuses, events)
def test_every_event_follows_the_table_or_is_refused(status: JobStatus | None, event: Event) -> None:
    """For every status and every event: the table's transition, or `InvalidTransition` that names both."""
    expected = EXPECTED.get((status or "-", event))
    if expected is not None:
        assert follow(status, event) == expected
        return
    with pytest.raises(InvalidTransition) as refusal:
        follow(status, event)
    assert (refusal.value.status, refusal.value.event) == (status, event)


def test_the_table_is_whole() -> None:
    """No arc more and none less, and each event is used."""
    assert {(before or "-", event): after for (before, event), after in ARCS.items()} == EXPECTED
    assert {event for _, event in ARCS} == set(Event)


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.DEAD])
def test_cancelling_what_has_ended_is_told_apart(status: JobStatus) -> None:
    """A cancel that comes too late has a name of its own."""
    with pytest.raises(AlreadyFinished):
        follow(status, Event.CANCEL)


def test_success_is_final() -> None:
    """Nothing leads out of success."""
    assert not [event for status, event in ARCS if status is JobStatus.SUCCEEDED]


def test_an_attempt_ends_only_from_running() -> None:
    """Every settling event starts there, and only there; none of them keeps the job running."""
    assert {source(event) for event in SETTLING} == {JobStatus.RUNNING}
    assert JobStatus.RUNNING not in {follow(JobStatus.RUNNING, event) for event in SETTLING}
    staying = {event for status, event in ARCS if status is JobStatus.RUNNING} - SETTLING
    assert staying == {Event.HEARTBEAT, Event.REQUEST_CANCEL, Event.TAKE_OVER}


def test_a_cancel_request_wins_over_going_back_and_over_dying_of_a_failure() -> None:
    """It does not win over success, over a handler's own discard, nor over itself."""
    assert {Event.RETRY, Event.SNOOZE, Event.RELEASE} == GOING_BACK
    assert {Event.EXHAUST} == YIELDING - GOING_BACK


def test_ended_means_no_more_attempts() -> None:
    """Two statuses are on their way, three have ended."""
    assert [status for status in JobStatus if not status.ended] == [JobStatus.QUEUED, JobStatus.RUNNING]
