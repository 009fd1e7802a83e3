"""A producer for an event loop: each job is stored, few INSERTs do it, and trouble stays with whom it concerns."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tests.integration.sdk.conftest import Database
from tests.integration.sdk.sample import SWELLING, send

from equeue import (
    AsyncProducer,
    EnqueuedJob,
    InvalidJob,
    NewJob,
    SomeRefused,
    Unavailable,
    new_job,
    options,
)
from equeue.entrypoints.sdk.async_producer import ROOM

pytestmark = pytest.mark.filterwarnings("ignore::equeue.application.new_jobs.LargePayload")
NOWHERE = "postgresql://somebody:hunter2@127.0.0.1:1/nowhere"


@pytest.fixture
async def producer(database_url: str) -> AsyncIterator[AsyncProducer]:
    """Give a producer for a fresh database."""
    async with AsyncProducer(database_url) as producer:
        yield producer


@contextmanager
def held_table(database: Database) -> Iterator[None]:
    """Keep every INSERT waiting within the block."""
    with psycopg.connect(database.url) as connection:
        connection.execute("lock table equeue.jobs in share mode")
        yield


def _call(producer: AsyncProducer, count: int) -> list[asyncio.Task[EnqueuedJob]]:
    return [asyncio.create_task(producer.enqueue(send, user_id=number)) for number in range(count)]


async def _until_waiting(producer: AsyncProducer, database: Database, inserts: int, callers: int) -> None:
    await asyncio.to_thread(database.until_waiting, inserts, callers=callers, line=producer._line)


async def test_a_lone_job_is_durable_when_the_call_returns(producer: AsyncProducer, database: Database) -> None:
    """It is there for everybody to see, and its queue is rung."""
    answer = await producer.enqueue(send, user_id=42)
    row = database.job(answer.id)
    assert answer.created
    assert (row["task"], row["queue"], row["payload"]) == ("email.send", "email", {"user_id": 42})
    assert await asyncio.to_thread(database.rung) == "email"


async def test_callers_share_inserts_and_get_their_own_answers(producer: AsyncProducer, database: Database) -> None:
    """Callers of one moment share a statement; what comes while two are under way is gathered into the next."""
    with held_table(database):
        calls = _call(producer, 20)
        await _until_waiting(producer, database, 1, 0)
        calls += _call(producer, 20)
        await _until_waiting(producer, database, 2, 0)
        calls += _call(producer, 60)
        await _until_waiting(producer, database, 2, 60)
    answers = await asyncio.gather(*calls)
    numbers = [database.job(answer.id)["payload"]["user_id"] for answer in answers]
    assert numbers == [*range(20), *range(20), *range(60)]
    assert sorted(Counter(database.transactions()).values()) == [20, 20, 60]


async def test_one_bad_job_never_fails_its_neighbours(producer: AsyncProducer, database: Database) -> None:
    """A job that only the database can refuse is refused to its own caller."""
    good = _call(producer, 9)
    bad = asyncio.create_task(producer.enqueue(send, user_id=13, numbers=SWELLING))
    good += _call(producer, 9)
    assert all(answer.created for answer in await asyncio.gather(*good))
    with pytest.raises(InvalidJob):
        await bad
    assert len(database.jobs()) == 18


async def test_a_cancelled_caller_leaves_the_line(producer: AsyncProducer, database: Database) -> None:
    """Who waited in line is not stored, who was under way is; nobody else notices."""
    with held_table(database):
        flying = _call(producer, 1)
        await _until_waiting(producer, database, 1, 0)
        flying += _call(producer, 1)
        await _until_waiting(producer, database, 2, 0)
        waiting = _call(producer, 3)
        await _until_waiting(producer, database, 2, 3)
        assert waiting[1].cancel()
        assert flying[0].cancel()
    outcomes = await asyncio.gather(*flying, *waiting, return_exceptions=True)
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, False, False, True, False]
    await producer.close()
    assert len(database.jobs()) == 4


async def test_a_flood_waits_outside(producer: AsyncProducer, database: Database) -> None:
    """No more jobs are made ready than there is room for; all are stored in the end."""
    with held_table(database):
        calls = _call(producer, ROOM + 5_000)
        await _until_waiting(producer, database, 2, ROOM)
        calls += _call(producer, 10)
        await asyncio.sleep(0)
        assert producer._line.jobs == ROOM
    await asyncio.gather(*calls)
    assert len(database.jobs()) == ROOM + 5_010


async def test_a_bulk_is_stored_in_sets(producer: AsyncProducer, database: Database) -> None:
    """Any number of jobs, in order, a thousand to a transaction."""
    answers = await producer.enqueue_many(new_job(send, user_id=number) for number in range(2_500))
    rows = {row["id"]: row for row in database.jobs()}
    assert [rows[answer.id]["payload"]["user_id"] for answer in answers] == list(range(2_500))
    assert await producer.enqueue_many([]) == []


async def test_a_bulk_says_which_of_it_were_refused(producer: AsyncProducer, database: Database) -> None:
    """All others are stored, and the error has their answers."""
    jobs = [new_job(send, user_id=number) for number in range(50)]
    jobs[31] = new_job(send, user_id=31, numbers=SWELLING)
    with pytest.raises(SomeRefused) as refused:
        await producer.enqueue_many(jobs)
    assert [violation.pointer for violation in refused.value.violations] == ["/31/payload"]
    assert len(database.jobs()) == 49


async def test_a_bulk_whose_iterator_fails_keeps_what_was_sent(producer: AsyncProducer, database: Database) -> None:
    """Sets that were under way are stored; the caller hears of the iterator's own error."""

    def jobs() -> Iterator[NewJob]:
        for number in range(2_100):
            yield new_job(send, user_id=number)
        raise LookupError("no more users")

    with pytest.raises(LookupError):
        await producer.enqueue_many(jobs())
    assert len(database.jobs()) == 2_000


async def test_a_unique_key_is_taken_once(producer: AsyncProducer, database: Database) -> None:
    """Of many who want it at once one gets it, and all are told the same id."""
    wished = options(send, unique="k")
    answers = await asyncio.gather(*(producer.enqueue(wished, user_id=number) for number in range(50)))
    (job,) = database.jobs()
    assert {answer.id for answer in answers} == {job["id"]}
    assert [answer.created for answer in answers].count(True) == 1


async def test_a_cut_connection_stores_the_jobs_once(producer: AsyncProducer, database: Database) -> None:
    """The set is sent again over a new connection; the callers notice nothing."""
    with held_table(database):
        calls = _call(producer, 3)
        await _until_waiting(producer, database, 1, 0)
        await asyncio.to_thread(database.cut_waiting)
        await _until_waiting(producer, database, 1, 0)
    answers = await asyncio.gather(*calls)
    assert [row["id"] for row in database.jobs()] == [answer.id for answer in answers]


async def test_a_database_that_is_away_is_said_so() -> None:
    """Once its patience is over a call says that the job may or may not be there."""
    async with AsyncProducer(NOWHERE, patience_s=0.1) as producer:
        with pytest.raises(Unavailable):
            await producer.enqueue(send, user_id=1)


async def test_closing_waits_for_what_is_under_way(database: Database) -> None:
    """Whoever called before is answered; whoever calls after is refused."""
    producer = AsyncProducer(database.url)
    with held_table(database):
        calls = _call(producer, 1)
        await _until_waiting(producer, database, 1, 0)
        calls += _call(producer, 1)
        await _until_waiting(producer, database, 2, 0)
        calls += _call(producer, 3)
        await _until_waiting(producer, database, 2, 3)
        closing = asyncio.create_task(producer.close())
    await closing
    assert all(answer.created for answer in await asyncio.gather(*calls))
    with pytest.raises(RuntimeError, match="closed"):
        await producer.enqueue(send, user_id=1)
