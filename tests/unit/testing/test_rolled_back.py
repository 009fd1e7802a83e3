"""What is enqueued in a transaction that is rolled back disappears from the in-memory app, on any database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from equeue import Tasks, enqueue
from equeue.testing import MemoryApp

tasks = Tasks()


@tasks.task("user.tell")
def tell(text: str) -> None:
    """Do nothing."""
    del text


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Give the database that the user's tests run on."""
    engine = create_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def app() -> Iterator[MemoryApp]:
    """Give an app that every enqueue goes to."""
    with MemoryApp(tasks).catching() as app:
        yield app


def _texts(app: MemoryApp) -> list[str]:
    return [job.payload["text"] for job in app.enqueued()]


def test_a_session_that_rolls_back_enqueued_nothing(app: MemoryApp, engine: Engine) -> None:
    """What it committed before stays, what it enqueues afterwards counts anew."""
    with Session(engine) as session:
        enqueue(session, tell, text="kept")
        session.commit()
        enqueue(session, tell, text="lost")
        session.rollback()
        enqueue(session, tell, text="kept too")
        session.commit()
        session.rollback()
    assert _texts(app) == ["kept", "kept too"]


def test_a_connection_that_rolls_back_enqueued_nothing(app: MemoryApp, engine: Engine) -> None:
    """The same without a session."""
    with engine.connect() as connection:
        enqueue(connection, tell, text="kept")
        connection.commit()
        enqueue(connection, tell, text="lost")
        connection.rollback()
    assert _texts(app) == ["kept"]


def test_a_scoped_session_counts_as_its_session(app: MemoryApp, engine: Engine) -> None:
    """What web frameworks hand out is looked through."""
    sessions = scoped_session(sessionmaker(engine))
    enqueue(sessions, tell, text="lost")
    sessions.rollback()
    enqueue(sessions, tell, text="kept")
    sessions.commit()
    sessions.remove()
    assert _texts(app) == ["kept"]
