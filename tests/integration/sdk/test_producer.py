"""A producer for threads: everybody's job is stored, few INSERTs do it, and trouble stays with whom it concerns."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

import psycopg
import pytest
from tests.integration.sdk.conftest import Database
from tests.integration.sdk.sample import SWELLING, send

from equeue import (
    EnqueuedJob,
    InvalidJob,
    NewJob,
    PayloadInvalid,
    Producer,
    SomeRefused,
    Unavailable,
    new_job,
    options,
)

pytestmark = pytest.mark.filterwarnings("ignore::equeue.application.new_jobs.LargePayload")
NOWHERE = "postgresql://somebody:hunter2@127.0.0.1:1/nowhere"


@pytest.fixture
def producer(database_url: str) -> Iterator[Producer]:
    """Give a producer for a fresh database."""
    with Producer(database_url) as producer:
        yield producer


@contextmanager
def held_table(database: Database) -> Iterator[None]:
    """Keep every INSERT waiting within the block."""
    with psycopg.connect(database.url) as connection:
        connection.execute("lock table equeue.jobs in share mode")
        yield


def test_a_lone_job_is_durable_when_the_call_returns(producer: Producer, database: Database) -> None:
    """It is there for everybody to see, with its task's settings, and its queue is rung."""
    answer = producer.enqueue(send, user_id=42)
    row = database.job(answer.id)
    assert answer.created
    assert (row["task"], row["queue"], row["payload"], row["max_retries"]) == (
        "email.send",
        "email",
        {"user_id": 42},
        7,
    )
    assert database.rung() == "email"


def test_callers_share_inserts_and_get_their_own_answers(producer: Producer, database: Database) -> None:
    """While two INSERTs wait, all that comes is gathered into the next; each caller is told of its own job."""
    with ThreadPoolExecutor(100) as threads:
        with held_table(database):
            futures = [threads.submit(producer.enqueue, send, user_id=number) for number in range(100)]
            database.until_waiting(2, callers=98, line=producer._line)
        answers = [future.result() for future in futures]
    assert [database.job(answer.id)["payload"]["user_id"] for answer in answers] == list(range(100))
    assert len(database.jobs()) == 100
    assert sorted(Counter(database.transactions()).values()) == [1, 1, 98]


def test_one_bad_job_never_fails_its_neighbours(producer: Producer, database: Database) -> None:
    """A job that only the database can refuse is refused to its own caller."""
    with ThreadPoolExecutor(12) as threads:
        with held_table(database):
            first = [threads.submit(producer.enqueue, send, user_id=number) for number in range(2)]
            database.until_waiting(2)
            good = [threads.submit(producer.enqueue, send, user_id=number) for number in range(9)]
            bad = threads.submit(producer.enqueue, send, user_id=13, numbers=SWELLING)
            database.until_waiting(2, callers=10, line=producer._line)
        with pytest.raises(InvalidJob) as refused:
            bad.result()
        assert all(future.result().created for future in first + good)
    assert refused.value.violations[0].pointer == "/payload"
    assert len(database.jobs()) == 11


def test_a_bulk_is_stored_in_sets(producer: Producer, database: Database) -> None:
    """Any number of jobs, in order, a thousand to a transaction."""
    answers = producer.enqueue_many(new_job(send, user_id=number) for number in range(2_500))
    rows = {row["id"]: row for row in database.jobs()}
    assert [rows[answer.id]["payload"]["user_id"] for answer in answers] == list(range(2_500))
    assert sorted(Counter(database.transactions()).values()) == [500, 1_000, 1_000]
    assert producer.enqueue_many([]) == []
    assert [answer.created for answer in producer.enqueue_many([new_job(send, user_id=1)])] == [True]


def test_a_bulk_says_which_of_it_were_refused(producer: Producer, database: Database) -> None:
    """All others are stored, and the error has their answers."""
    jobs = [new_job(send, user_id=number) for number in range(50)]
    jobs[31] = new_job(send, user_id=31, numbers=SWELLING)
    with pytest.raises(SomeRefused) as refused:
        producer.enqueue_many(jobs)
    assert [violation.pointer for violation in refused.value.violations] == ["/31/payload"]
    stored = [answer.id for answer in refused.value.answers if isinstance(answer, EnqueuedJob)]
    assert stored == [row["id"] for row in database.jobs()]
    assert len(stored) == 49


def test_a_bulk_whose_iterator_fails_keeps_what_was_sent(producer: Producer, database: Database) -> None:
    """Sets that were under way are stored; the caller hears of the iterator's own error."""

    def jobs() -> Iterator[NewJob]:
        for number in range(2_100):
            yield new_job(send, user_id=number)
        raise LookupError("no more users")

    with pytest.raises(LookupError):
        producer.enqueue_many(jobs())
    assert len(database.jobs()) == 2_000


def test_a_payload_that_does_not_fit_never_leaves(producer: Producer, database: Database) -> None:
    """It is refused before anything is asked of the database."""
    with pytest.raises(PayloadInvalid):
        producer.enqueue(send, user_id="x")  # type: ignore[call-overload]
    assert database.jobs() == []


def test_a_unique_key_is_taken_once(producer: Producer, database: Database) -> None:
    """Of many who want it at once one gets it, and all are told the same id."""
    wished = options(send, unique="k")
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: producer.enqueue(wished, user_id=number), range(200)))
    (job,) = database.jobs()
    assert {answer.id for answer in answers} == {job["id"]}
    assert [answer.created for answer in answers].count(True) == 1


def test_a_named_task_goes_where_its_workers_said(producer: Producer, database: Database) -> None:
    """Its queue, retries, backoff and timeout are those that its workers declared."""
    database.run(
        "insert into equeue.tasks (id, queue, max_retries, timeout_s, backoff) values ('a.b', 'billing', 9, 5, %s)",
        '{"kind": "fixed", "base_s": 4}',
    )
    row = database.job(producer.enqueue("a.b", {"n": 1}).id)
    assert (row["queue"], row["max_retries"], row["timeout_s"], row["payload"]) == ("billing", 9, 5, {"n": 1})
    assert row["backoff"] == {"kind": "fixed", "base_s": 4, "jitter": 0}
    assert database.rung() == "billing"


def test_a_cut_connection_stores_the_job_once(producer: Producer, database: Database) -> None:
    """The set is sent again over a new connection; the caller notices nothing."""
    with ThreadPoolExecutor(1) as threads:
        with held_table(database):
            future = threads.submit(producer.enqueue, send, user_id=42)
            database.until_waiting(1)
            database.cut_waiting()
            database.until_waiting(1)
        answer = future.result()
    assert [row["id"] for row in database.jobs()] == [answer.id]


def test_a_restart_between_two_calls_is_not_noticed(producer: Producer, database: Database) -> None:
    """A connection that died idle costs a try, not an error."""
    producer.enqueue(send, user_id=1)
    database.run(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and application_name like 'equeue%%'"
    )
    producer.enqueue(send, user_id=2)
    assert len(database.jobs()) == 2


def test_a_database_that_is_away_is_said_so() -> None:
    """Once its patience is over a call says that the job may or may not be there; no password is in what it says."""
    with Producer(NOWHERE, patience_s=0.1) as producer:
        with pytest.raises(Unavailable) as refused:
            producer.enqueue(send, user_id=1)
        assert "hunter2" not in f"{refused.value!r} {refused.value.__cause__!r} {producer!r}"


def test_closing_waits_for_what_is_under_way(database: Database) -> None:
    """Whoever called before is answered; whoever calls after is refused."""
    producer = Producer(database.url)
    with ThreadPoolExecutor(6) as threads:
        with held_table(database):
            futures = [threads.submit(producer.enqueue, send, user_id=number) for number in range(5)]
            database.until_waiting(2, callers=3, line=producer._line)
            closing = threads.submit(producer.close)
        closing.result()
        assert all(future.result().created for future in futures)
    with pytest.raises(RuntimeError, match="closed"):
        producer.enqueue(send, user_id=1)


def test_a_forked_child_enqueues_by_itself(producer: Producer, database: Database) -> None:
    """It opens connections of its own; the parent's stay whole."""
    producer.enqueue(send, user_id=1)
    child = os.fork()
    if child == 0:
        os._exit(0 if producer.enqueue(send, user_id=2).created else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    producer.enqueue(send, user_id=3)
    assert [row["payload"]["user_id"] for row in database.jobs()] == [1, 2, 3]


class Interrupted(Exception):
    """A signal came."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Have a signal raise `Interrupted` in the main thread, as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number, frame)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("flies", [True, False], ids=["while flying", "while waiting"])
def test_an_interrupted_caller_leaves_nobody_waiting(producer: Producer, database: Database, *, flies: bool) -> None:
    """A Ctrl-C ends one caller's wait, whether it flies a set or waits in line; all others are answered."""
    answers: list[Future[EnqueuedJob]] = []

    def call(count: int) -> None:
        answers.extend(threads.submit(producer.enqueue, send, user_id=number) for number in range(count))

    def follow() -> None:
        database.until_waiting(1 if flies else 2, callers=0 if flies else 1, line=producer._line)
        call(4 if flies else 3)
        database.until_waiting(2, callers=3 if flies else 4, line=producer._line)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    with interruptible(), ThreadPoolExecutor(8) as threads:
        with held_table(database):
            if not flies:
                call(2)
                database.until_waiting(2)
            following = threads.submit(follow)
            with pytest.raises(Interrupted):
                producer.enqueue(send, user_id=99)
            following.result()
        assert all(answer.result().created for answer in answers)
    assert 99 not in [row["payload"]["user_id"] for row in database.jobs()]
