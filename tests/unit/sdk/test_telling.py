"""A lone INSERT may tell the workers itself, and never comes to harm by it."""

import pytest
from tests.unit.sdk.table import Table
from tests.unit.sdk.tasks import send

from equeue import InvalidJob, NewJob, new_job, options
from equeue.entrypoints.sdk.flight import Declarations, Landed, flight
from equeue.entrypoints.sdk.questions import FRESH_TOLD, drive
from equeue.entrypoints.sdk.ringer import QUIET_S, Ringer
from equeue.entrypoints.sdk.telling import telling


def _tell(table: Table, job: NewJob) -> Landed:
    return drive(telling(flight([job], Declarations(), 60)), table.ask)


def _statements(table: Table) -> list[str]:
    return [getattr(step, "statement", "") for step in table.asked]


def test_a_told_insert_needs_no_further_hint() -> None:
    """The one statement stores and tells; nothing is left to be told."""
    table = Table()
    assert _tell(table, new_job(send, user_id=1)).due == frozenset()
    assert _statements(table) == [FRESH_TOLD]
    assert len(table.rows) == 1


def test_a_stuck_bell_never_refuses_a_job() -> None:
    """Where the hint is what the server refuses, the job is stored without, and the hint is still to be given."""
    table = Table(bell_is_stuck=True)
    landed = _tell(table, new_job(send, user_id=1))
    assert len(table.rows) == 1
    assert landed.due


def test_a_refused_job_stays_refused() -> None:
    """A job that cannot be stored is not stored by asking more quietly."""
    table = Table()
    (answer,) = _tell(table, new_job(send, user_id=1, pad="poison")).answers
    assert isinstance(answer, InvalidJob)
    assert not table.rows


def test_after_a_lost_answer_the_hint_is_given_again() -> None:
    """Nobody knows whether the first INSERT told anybody."""
    table = Table(answers_to_lose=1)
    assert _tell(table, new_job(send, user_id=1)).due
    assert len(table.rows) == 1


def test_a_row_with_a_key_is_told_of_afterwards() -> None:
    """Whether it was stored at all is known only then."""
    table = Table()
    assert _tell(table, new_job(options(send, unique="one"), user_id=1)).due
    assert FRESH_TOLD not in _statements(table)


def test_callers_in_a_row_take_no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only after a quiet while may a commit carry a hint: with each other one, commits would wait for one another."""
    now = 100.0
    monkeypatch.setattr("equeue.entrypoints.sdk.ringer.time.monotonic", lambda: now)
    ringer = Ringer({})
    turns = [ringer.give_turn()]
    for _ in range(5):
        now += QUIET_S * 0.9
        turns.append(ringer.give_turn())
    now += QUIET_S * 1.1
    turns.append(ringer.give_turn())
    assert turns == [True, *[False] * 5, True]
