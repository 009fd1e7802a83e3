"""Careless handlers under the supervisor of `equeue dev`: each is recorded as what it is, and harms no other."""

import json
from collections.abc import Iterator
from uuid import UUID

import attrs
import pytest
from tests.chaos.ledger import VARIABLE
from tests.chaos.rounds import report, rounds
from tests.chaos.stage import APP, LEASE_1S, Stage, stage
from tests.servers import Server
from tests.tree import Tree, state_folder, tree

NEIGHBOURS = 999
DEADLINE_S = 120.0


@attrs.frozen
class Case:
    """A careless job: how each of its attempts has to be remembered, and a word of the error."""

    task: str
    outcome: str
    word: str
    payload: str = "{}"


CONTAINED = (
    Case("careless.spin_process", "timed_out", "timeout"),
    Case("careless.die_process", "crashed", "exited with code 9", '{"how": "exit"}'),
    Case("careless.die_process", "crashed", "SIGSEGV", '{"how": "segfault"}'),
    Case("careless.memory", "failed", "MemoryError"),
    Case("careless.late", "timed_out", "timeout", '{"seconds": 2}'),
    Case("careless.spin_thread", "timed_out", "timeout"),
)
"""These end without the worker's end; the last goes on turning in its thread until the worker is stopped."""

LETHAL = (
    Case("careless.die", "crashed", "", '{"how": "exit"}'),
    Case("careless.spin", "timed_out", "timeout"),
    Case("careless.die", "crashed", "", '{"how": "segfault"}'),
)
"""These take their worker's process with them, each time; the supervisor's patience makes that slow."""


@pytest.fixture(scope="module")
def here(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a database and a ledger; the workers are the supervisor's."""
    with server.clone(template) as url, stage(url, tmp_path_factory.mktemp("careless")) as made:
        yield made


@pytest.fixture(scope="module")
def kept(here: Stage) -> Iterator[Tree]:
    """Give `equeue dev` with leases of a second."""
    settings = {
        **LEASE_1S,
        "EQUEUE_DATABASE_URL": here.address("worker-1"),
        "EQUEUE_POLL_S": "0.2",
        VARIABLE: str(here.ledger_of_runs.path),
    }
    with state_folder() as state, tree(state, app=APP, **settings) as started:
        yield started.serving()


def offered(here: Stage, case: Case, **columns: object) -> UUID:
    """Enqueue one careless job with a budget of one retry and a second."""
    (job_id,) = here.offer(case.task, case.payload, 1, **{"max_retries": 1, "timeout_s": 1.0} | columns)
    return job_id


def neighbours(here: Stage) -> list[UUID]:
    """Enqueue those who do nothing wrong."""
    return here.offer("chaos.short", count=NEIGHBOURS)


def judged(here: Stage, case: Case, job_id: UUID) -> None:
    """See that a job is dead of what it did, within its budget."""
    job, attempts = here.job(job_id), here.attempts(job_id)
    assert (job["status"], job["retry_count"]) == ("dead", 1), case
    assert {attempt["outcome"] for attempt in attempts} == {case.outcome}, case
    # A crash before the first sign of life of a prefetched job is not charged: one attempt more, and no more than that.
    assert len(attempts) == 2 or (case.outcome == "crashed" and len(attempts) == 3)
    assert case.word.lower() in f"{job['error']['type']} {job['error']['message']}".lower(), job["error"]


def ended_well(here: Stage, ids: list[UUID]) -> None:
    """See that all of them succeed."""
    here.until_ended(ids, DEADLINE_S)
    rows = here.database.execute("select distinct status::text from equeue.jobs where id = any(%s)", (ids,)).fetchall()
    assert rows == [{"status": "succeeded"}]


def test_a_handler_that_blocks_the_loop_for_three_leases_runs_once(here: Stage, kept: Tree) -> None:
    """Its heartbeats go on, nobody takes it over, and the worker is told off but not ended."""
    worker = kept.pids["worker"]
    (job_id,) = here.offer("careless.block", json.dumps({"seconds": 3.2}), max_retries=1)
    others = neighbours(here)
    ended_well(here, [job_id, *others])
    assert here.ledger_of_runs.counts("began")[job_id] == 1
    assert (here.job(job_id)["result"], here.attempts(job_id)) == (f"{job_id}:1", [])
    assert kept.pids["worker"] == worker


def test_what_can_be_contained_costs_no_worker(here: Stage, kept: Tree) -> None:
    """In threads and processes: each is dead after its budget, and the worker goes on."""
    worker = kept.pids["worker"]
    (forked,) = here.offer("careless.fork", max_retries=1)
    poison = {offered(here, case): case for case in CONTAINED[:4]}
    others = neighbours(here)
    here.until_ended(list(poison), DEADLINE_S)
    ended_well(here, [forked, *others])
    for job_id, case in poison.items():
        judged(here, case, job_id)
    assert here.job(forked)["result"] == "parent"
    assert kept.pids["worker"] == worker


@pytest.mark.parametrize("case", CONTAINED[4:], ids=lambda case: case.task)
def test_a_thread_that_ignores_its_end_is_reported(here: Stage, kept: Tree, case: Case) -> None:
    """It loses its slot, the worker says so, and a late result changes nothing."""
    worker = kept.pids["worker"]
    job_id = offered(here, case)
    others = neighbours(here)
    here.until_ended([job_id], DEADLINE_S)
    judged(here, case, job_id)
    settled = here.job(job_id)
    assert case.task in kept.saw("handler.stuck")
    if case.task == "careless.late":
        here.until(lambda: here.ledger_of_runs.counts("late")[job_id] == 2)
        assert case.task in kept.saw("handler.late")
        assert case.task in kept.saw("handler.late")
    ended_well(here, others)
    assert here.job(job_id) == settled
    assert kept.pids["worker"] == worker


@pytest.mark.parametrize("case", LETHAL[: rounds(len(LETHAL), 1)], ids=lambda case: f"{case.task} {case.payload}")
def test_what_ends_its_worker_ends_dead(here: Stage, kept: Tree, case: Case) -> None:
    """The supervisor starts the worker again each time, and the budget bounds how often."""
    worker = kept.pids["worker"]
    job_id = offered(here, case)
    others = neighbours(here)
    here.until_ended([job_id], DEADLINE_S)
    judged(here, case, job_id)
    ended_well(here, others)
    assert kept.pids["worker"] != worker
    report(f"{case.task} {case.payload}", attempts=len(here.attempts(job_id)), neighbours_well=NEIGHBOURS)
