"""How a set of jobs gets into the table, whatever happens on the way; no database is needed to know."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.sdk.table import Table
from tests.unit.sdk.tasks import build, send

from equeue import EnqueueOutcome, InvalidJob, NewJob, OnConflict, Unavailable, Unique, new_job, options
from equeue.entrypoints.sdk.flight import DECLARATIONS_KEPT_S, Answer, Declarations, Landed, flight
from equeue.entrypoints.sdk.questions import drive

CREATED, EXISTING, REJECTED = EnqueueOutcome


def _fly(table: Table, *jobs: NewJob, known: Declarations | None = None, patience_s: float = 60) -> Landed:
    return drive(flight(jobs, known or Declarations(), patience_s), table.ask)


def _outcomes(answers: Sequence[Answer]) -> list[str]:
    return ["refused" if isinstance(answer, InvalidJob) else answer.outcome.value for answer in answers]


def _poison() -> NewJob:
    return new_job(send, user_id=1, pad="poison")


def test_a_set_is_one_insert() -> None:
    """However many jobs, one statement stores them, and each is answered with its own id, in order."""
    table = Table()
    answers = _fly(table, *(new_job(send, user_id=number) for number in range(100))).answers
    assert table.inserts == [100]
    stored = [table.rows[answer.id]["payload"] for answer in answers if not isinstance(answer, InvalidJob)]
    assert [json.loads(payload)["user_id"] for payload in stored] == list(range(100))


def test_one_bad_job_never_fails_its_neighbours() -> None:
    """Those that can be stored are, each once; those that cannot are refused, each by itself."""
    table = Table()
    jobs = [_poison() if place in (0, 37, 63, 99) else new_job(send, user_id=place) for place in range(100)]
    outcomes = _outcomes(_fly(table, *jobs).answers)
    assert [place for place, outcome in enumerate(outcomes) if outcome == "refused"] == [0, 37, 63, 99]
    assert outcomes.count("created") == len(table.rows) == 96
    assert len(table.inserts) < 60


def test_a_lone_bad_job_is_refused_at_once() -> None:
    """Nothing is tried again for it."""
    table = Table()
    assert _outcomes(_fly(table, _poison()).answers) == ["refused"]
    assert table.inserts == [1]


@pytest.mark.parametrize("second", [send, options(send, unique="k")], ids=["without keys", "with a key"])
def test_a_set_whose_answer_was_lost_is_stored_once(second: Any) -> None:
    """It is sent again under the same ids, and found to be there: created, not doubled and not in its own way."""
    table = Table(answers_to_lose=1)
    assert _outcomes(_fly(table, new_job(send, user_id=1), new_job(second, user_id=2)).answers) == ["created"] * 2
    assert len(table.rows) == 2
    assert table.inserts == [2, 2]


def test_a_lost_question_is_asked_again_after_growing_pauses() -> None:
    """While the database is away each try waits longer, up to a bound, so that nobody storms it."""
    table = Table(questions_to_lose=10)
    assert _outcomes(_fly(table, new_job(send, user_id=1)).answers) == ["created"]
    assert len(table.pauses) == 10
    assert 0.025 <= table.pauses[0] <= 0.075
    assert all(1.0 <= pause <= 3.0 for pause in table.pauses[-3:])


def test_patience_ends() -> None:
    """Once the time is over the caller is told that the job may or may not be there."""
    table = Table(questions_to_lose=1)
    with pytest.raises(Unavailable):
        _fly(table, new_job(send, user_id=1), patience_s=0)


def test_a_held_key_is_answered_with_its_holder() -> None:
    """The caller gets the holder's id, and is told whether it is content with it."""
    table = Table()
    (first,) = _fly(table, new_job(options(send, unique="k"), user_id=1)).answers
    content = new_job(options(send, unique="k"), user_id=2)
    strict = new_job(options(send, unique=Unique("k", on_conflict=OnConflict.REJECT)), user_id=3)
    landed = _fly(table, content, strict, new_job(send, user_id=4))
    assert not isinstance(first, InvalidJob)
    assert _outcomes(landed.answers) == ["existing", "rejected", "created"]
    assert [answer.id for answer in landed.answers[:2] if not isinstance(answer, InvalidJob)] == [first.id] * 2
    assert len(table.rows) == 2


def test_two_of_one_set_with_one_key_are_one_job() -> None:
    """The second is answered with the first."""
    table = Table()
    one, other = _fly(table, *(new_job(options(send, unique="k"), user_id=number) for number in range(2))).answers
    assert _outcomes([one, other]) == ["created", "existing"]
    assert not isinstance(one, InvalidJob)
    assert not isinstance(other, InvalidJob)
    assert one.id == other.id


def test_a_holder_that_ends_meanwhile_leaves_its_key() -> None:
    """Between being in the way and being looked for it may end: then the job is stored after all."""
    table = Table()
    _fly(table, new_job(options(send, unique="k"), user_id=1))
    table.meanwhile = table.rows.clear
    assert _outcomes(_fly(table, new_job(options(send, unique="k"), user_id=2)).answers) == ["created"]


def test_keys_are_inserted_in_one_order() -> None:
    """Two sets that want the same keys ask for them in the same order, so that they never wait in a ring."""
    table = Table()
    keys = ["c", "a", "b"]
    _fly(table, *(new_job(options(send, unique=key), user_id=1) for key in keys))
    assert [row["unique_key"] for row in table.rows.values()] == ["a", "b", "c"]


def test_named_tasks_get_what_their_workers_declared() -> None:
    """Queue, retries, timeout and backoff come from the catalogue, looked up once for a set and once a minute."""
    now = [0.0]
    known = Declarations(lambda: now[0])
    table = Table(declared={"a.b": ("a.b", "billing", 9, 5.0, '{"kind": "fixed", "base_s": 4, "jitter": 0}')})
    for _ in range(2):
        _fly(table, new_job("a.b", {}), new_job("a.b", {}), new_job("un.known", {}), known=known)
    assert len(table.asked) == 3
    now[0] = DECLARATIONS_KEPT_S + 1
    _fly(table, new_job("a.b", {}), known=known)
    assert len(table.asked) == 5
    row, _, unknown = list(table.rows.values())[:3]
    assert (row["queue"], row["max_retries"], row["timeout_s"]) == ("billing", 9, 5.0)
    assert row["backoff"] == {"kind": "fixed", "base_s": 4, "jitter": 0}
    assert "queue" not in unknown


def test_only_queues_with_due_new_jobs_are_told_of() -> None:
    """A job of the future, a job that was there before and a refused one wake nobody."""
    table = Table()
    _fly(table, new_job(options(build, unique="k", queue="held"), month="x"))
    landed = _fly(
        table,
        new_job(send, user_id=1),
        new_job(options(build, unique="k", queue="held"), month="x"),
        new_job(options(build, delay=60, queue="later"), month="x"),
        _poison(),
    )
    assert landed.due == {"email"}
