"""A job lives and dies with the transaction it is enqueued in, whichever library the transaction is of."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from tests.integration.sdk.conftest import Database
from tests.integration.sdk.sample import send

from equeue import EnqueuedJob, EnqueueOutcome, enqueue, enqueue_many, new_job, options, ring
from equeue.adapters.postgres.engine import read_url


class Abandoned(Exception):
    """A caller's transaction fails."""


@pytest.fixture
def places(database_url: str, engine: Engine, async_engine: AsyncEngine) -> "Places":
    """Give every kind of transaction."""
    return Places(database_url, engine, async_engine)


class Places:
    """Every kind of transaction that a caller may have: committed at the end of the block, rolled back by an error."""

    def __init__(self, url: str, engine: Engine, async_engine: AsyncEngine) -> None:
        self.url = url
        self.engine = engine
        self.async_engine = async_engine

    @asynccontextmanager
    async def async_psycopg(self) -> AsyncIterator[Any]:
        async with await psycopg.AsyncConnection.connect(self.url, row_factory=dict_row) as connection:
            yield connection

    @asynccontextmanager
    async def psycopg(self) -> AsyncIterator[Any]:
        with psycopg.connect(self.url, cursor_factory=psycopg.RawCursor) as connection:
            yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        with Session(self.engine) as session, session.begin():
            yield session

    @asynccontextmanager
    async def scoped_session(self) -> AsyncIterator[Any]:
        sessions = scoped_session(sessionmaker(self.engine))
        with sessions.begin():
            yield sessions
        sessions.remove()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def async_session(self) -> AsyncIterator[Any]:
        async with AsyncSession(self.async_engine) as session, session.begin():
            yield session

    @asynccontextmanager
    async def async_scoped_session(self) -> AsyncIterator[Any]:
        sessions = async_scoped_session(async_sessionmaker(self.async_engine), scopefunc=lambda: 1)
        async with sessions.begin():
            yield sessions
        await sessions.remove()

    @asynccontextmanager
    async def async_connection(self) -> AsyncIterator[Any]:
        async with self.async_engine.begin() as connection:
            yield connection


Open: TypeAlias = Callable[[Places], AbstractAsyncContextManager[Any]]
SQLALCHEMY: list[Open] = [
    Places.session,
    Places.scoped_session,
    Places.connection,
    Places.async_session,
    Places.async_scoped_session,
    Places.async_connection,
]
PSYCOPG: list[Open] = [Places.async_psycopg, Places.psycopg]
every = pytest.mark.parametrize("begin", PSYCOPG + SQLALCHEMY)
each_of_sqlalchemy = pytest.mark.parametrize("begin", SQLALCHEMY)
each_of_psycopg = pytest.mark.parametrize("begin", PSYCOPG)


async def _enqueue(into: Any, user_id: int) -> EnqueuedJob:
    answer: Any = enqueue(into, send, user_id=user_id)
    answer = await answer if isinstance(answer, Awaitable) else answer
    assert isinstance(answer, EnqueuedJob)
    return answer


@every
async def test_a_commit_stores_the_job(begin: Open, places: Places, database: Database) -> None:
    """The job is there once the transaction is committed, not before, with all that its task declares."""
    async with begin(places) as into:
        answer = await _enqueue(into, 42)
        assert database.jobs() == []
    (job,) = database.jobs()
    assert answer.created
    assert answer.id == job["id"]
    assert answer.id.version == 7
    assert (job["task"], job["queue"], job["status"], job["payload"]) == (
        "email.send",
        "email",
        "queued",
        {"user_id": 42},
    )
    assert (job["max_retries"], job["timeout_s"], job["priority"], job["user_id"]) == (7, 45, 5, None)
    assert job["run_at"] == job["created_at"]


@every
async def test_a_rollback_leaves_no_job_and_rings_nothing(begin: Open, places: Places, database: Database) -> None:
    """A job of a transaction that fails was never there, and nobody is told of it."""

    async def fail() -> None:
        async with begin(places) as into:
            await _enqueue(into, 42)
            raise Abandoned

    with pytest.raises(Abandoned):
        await fail()
    assert database.jobs() == []
    assert await asyncio.to_thread(database.heard) == []


@each_of_sqlalchemy
async def test_a_commit_rings_at_once(begin: Open, places: Places, database: Database) -> None:
    """Workers are told of the queue right after the commit, once, however many jobs there were."""
    async with begin(places) as into:
        for user_id in range(5):
            await _enqueue(into, user_id)
        assert database.heard() == []
    assert await asyncio.to_thread(database.rung) == "email"
    assert await asyncio.to_thread(database.heard) == []


@each_of_psycopg
async def test_psycopg_rings_when_asked(begin: Open, places: Places, database: Database) -> None:
    """A psycopg connection does not say when it commits, so its caller rings, and only after the commit."""
    async with begin(places) as into:
        await _enqueue(into, 42)
        with pytest.raises(RuntimeError, match="after the commit"):
            await _ring(into, "email")
        ended = into.commit()
        if isinstance(ended, Awaitable):
            await ended
        assert database.heard() == []
        await _ring(into, "email", "default")
    assert sorted(database.heard()) == ["default", "email"]


@each_of_sqlalchemy
async def test_sqlalchemy_rings_when_asked(begin: Open, places: Places, database: Database) -> None:
    """Jobs that were inserted some other way can be told of through SQLAlchemy too."""
    async with begin(places) as into:
        await _ring(into, "email")
    assert await asyncio.to_thread(database.rung) == "email"


async def _ring(into: Any, *queues: str) -> None:
    told: Any = ring(into, *queues)
    if isinstance(told, Awaitable):
        await told


def test_a_busy_pool_holds_up_no_commit(database: Database, database_url: str) -> None:
    """While no other connection is free the commit ends as ever; the hint waits for one, or is dropped."""
    engine = create_engine(read_url(database_url), pool_size=1, max_overflow=0)
    with Session(engine) as session:
        enqueue(session, send, user_id=1)
        session.commit()
        session.connection()
        assert [job["status"] for job in database.jobs()] == ["queued"]
    assert database.rung() == "email"
    engine.dispose()


def test_a_later_transaction_of_one_connection_rings_too(database: Database, engine: Engine) -> None:
    """A connection that stays open rings for what it committed when its next transaction begins."""
    with engine.connect() as connection:
        enqueue(connection, send, user_id=1)
        connection.commit()
        enqueue(connection, send, user_id=2)
        connection.rollback()
        assert database.rung() == "email"
    assert len(database.jobs()) == 1


def test_a_savepoint_rings_with_its_transaction(database: Database, engine: Engine) -> None:
    """What is enqueued within a savepoint is told of after the whole transaction's commit, not at its release."""
    with Session(engine) as session, session.begin():
        with session.begin_nested():
            enqueue(session, send, user_id=1)
        assert database.heard() == []
    assert database.rung() == "email"


def test_a_test_that_rolls_everything_back_rings_nothing(database: Database, engine: Engine) -> None:
    """A session joined into an outer transaction, as test suites do it, commits nothing and tells nobody."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            enqueue(session, send, user_id=1)
            session.commit()
        outer.rollback()
    assert database.heard() == []
    assert database.jobs() == []


def test_autocommit_rings_at_once(database: Database, engine: Engine) -> None:
    """Where each statement commits by itself, workers are told right away."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        enqueue(connection, send, user_id=1)
        assert database.rung() == "email"


async def test_synchronous_code_within_an_asynchronous_session_enqueues(
    database: Database, async_engine: AsyncEngine
) -> None:
    """`run_sync` gives a plain session; enqueuing there works and rings like anywhere."""
    async with AsyncSession(async_engine) as session, session.begin():
        answer = await session.run_sync(lambda plain: enqueue(plain, send, user_id=42))
    assert database.job(answer.id)["payload"] == {"user_id": 42}
    assert await asyncio.to_thread(database.rung) == "email"


def test_many_jobs_share_the_transaction(database: Database, engine: Engine) -> None:
    """All of them are stored, in order, and none before the commit."""
    with Session(engine) as session:
        answers = enqueue_many(session, (new_job(send, user_id=number) for number in range(1_500)))
        assert database.jobs() == []
        session.commit()
    rows = {row["id"]: row for row in database.jobs()}
    assert [rows[answer.id]["payload"]["user_id"] for answer in answers] == list(range(1_500))
    assert database.rung() == "email"


def test_a_future_job_rings_nobody(database: Database, engine: Engine) -> None:
    """No worker could start it yet."""
    with Session(engine) as session, session.begin():
        enqueue(session, options(send, delay=60), user_id=1)
    assert database.heard() == []


def test_a_held_key_is_seen_within_the_transaction(database: Database, engine: Engine) -> None:
    """Also a key that the same transaction took."""
    once = options(send, unique="k")
    with Session(engine) as session, session.begin():
        first, second = enqueue(session, once, user_id=1), enqueue(session, once, user_id=2)
    assert (first.created, second.outcome, second.id) == (True, EnqueueOutcome.EXISTING, first.id)
    assert len(database.jobs()) == 1


def test_what_is_no_connection_is_refused() -> None:
    """The message says what could be given."""
    with pytest.raises(TypeError, match=r"cannot enqueue into a builtins\.object: give a SQLAlchemy Session"):
        enqueue(object(), send, user_id=1)  # type: ignore[call-overload]


def test_every_engine_rings(database: Database) -> None:
    """Also one whose pool is made where another one's was thrown away."""
    queues = [f"queue-{number}" for number in range(120)]
    kept: list[Engine] = []
    for number, queue in enumerate(queues):
        engine = create_engine(read_url(database.url))
        with Session(engine) as session, session.begin():
            enqueue(session, options(send, queue=queue), user_id=1)
        engine.dispose()
        kept = [*kept, engine][-20:] if number % 3 else kept
        del session, engine
    heard = database.heard()
    while len(heard) < len(queues) and (next_one := database.rung()) is not None:
        heard.append(next_one)
    assert sorted(heard) == sorted(queues)
