"""Hints by NOTIFY: grouped, bounded, harmless, and made up for after a time of deafness."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.builders import NOON, WORKER, seconds
from uuid_utils.compat import uuid7

from equeue.adapters.postgres.channels import CANCEL, READY, cancel_messages
from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.mailbox import CANCELS_KEPT, QUEUES_KEPT, Mailbox
from equeue.adapters.postgres.queue import PostgresJobQueue
from equeue.domain.events import CancelRequested, JobQueued

LONG = seconds(30)
LISTENERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and query like 'listen%'
"""


class Notes:
    """A log that keeps the events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def bind(self, **_: object) -> "Notes":
        return self

    def debug(self, event: str, **_: object) -> None:
        self.events.append(event)

    info = warning = error = debug


@pytest.fixture
async def queue(engine: AsyncEngine) -> AsyncIterator[PostgresJobQueue]:
    """Give a queue."""
    opened = PostgresJobQueue(engine)
    yield opened
    await opened.close()


@pytest.fixture
def ear(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that listens to both channels."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f'listen "{READY}"')
        connection.execute(f'listen "{CANCEL}"')
        yield connection


def queued(queue: str) -> JobQueued:
    """Return the news of a job in `queue`."""
    return JobQueued(uuid7(), queue, 5, NOON)


def heard(ear: psycopg.Connection[Any], until: str) -> list[str]:
    """Return everything that was said, up to one word."""
    said = []
    for notify in ear.notifies(timeout=20):
        said.append(notify.payload)
        if notify.payload == until:
            break
    return said


async def listening(queue: PostgresJobQueue, teller: PostgresJobQueue) -> None:
    """Wait until the queue hears what is said."""
    while not await queue.receive(["warm-up"], timedelta(milliseconds=20)):
        await teller.publish([queued("warm-up")])
    await queue.receive(["warm-up"], timedelta(milliseconds=50))


async def test_a_burst_says_each_queue_few_times(queue: PostgresJobQueue, ear: psycopg.Connection[Any]) -> None:
    """Thousands of jobs at once are one hint, not thousands."""
    for _ in range(2_000):
        await queue.publish([queued("a"), queued("b")])
    await queue.publish([queued("last")])
    said = await asyncio.to_thread(heard, ear, "last")
    assert set(said) == {"a", "b", "last"}
    assert len(said) <= 10


async def test_what_is_said_last_is_said_before_closing(engine: AsyncEngine, ear: psycopg.Connection[Any]) -> None:
    """A process that enqueues and ends wakes the workers all the same."""
    queue = PostgresJobQueue(engine)
    await queue.publish([queued("first")])
    await queue.publish([queued("last")])
    await queue.close()
    assert await asyncio.to_thread(heard, ear, "last") == ["first", "last"]


async def test_any_number_of_cancels_fits_its_messages(queue: PostgresJobQueue, engine: AsyncEngine) -> None:
    """A message holds less than 8,000 bytes; a thousand cancels are several messages and none is lost."""
    cancels = [CancelRequested(uuid7(), "q" * 128, WORKER) for _ in range(1_000)]
    assert all(len(words.encode()) < 8_000 for _, words in cancel_messages(cancels))
    teller = PostgresJobQueue(engine)
    await listening(queue, teller)
    await teller.ring(cancels)
    told: set[UUID] = set()
    while len(told) < len(cancels):
        received = await queue.receive(["q" * 128], LONG)
        assert received
        told |= received.cancels
    await teller.close()


async def test_after_deafness_everybody_looks(
    queue: PostgresJobQueue, engine: AsyncEngine, sql: psycopg.Connection[Any]
) -> None:
    """When the listening connection is cut, hints may be lost; so whoever waits is woken once it is back."""
    teller = PostgresJobQueue(engine)
    await listening(queue, teller)
    waiting = asyncio.create_task(queue.receive(["mine", "other"], LONG))
    await asyncio.sleep(0)
    assert sql.execute(LISTENERS).rowcount == 1
    assert (await waiting).queues == {"mine", "other"}
    assert (await queue.health()).ok
    await teller.close()


async def test_a_database_that_is_away_harms_nobody(engine: AsyncEngine) -> None:
    """Nothing raises; health says why in words; the log has one line for it, and it is over as soon as it is over."""
    del engine
    nowhere, notes = create_engine("postgresql://nobody:secret@127.0.0.1:1/nowhere"), Notes()
    queue = PostgresJobQueue(nowhere, notes)
    for _ in range(3):
        await queue.publish([queued("mine")])
        await queue.ring([CancelRequested(uuid7(), "mine", None)])
        assert not await queue.receive(["mine"], timedelta(milliseconds=200))
    health = await queue.health()
    assert not health.ok
    assert "secret" not in health.detail
    await queue.close()
    assert sorted(notes.events) == ["queue.deaf", "queue.mute"]
    await nowhere.dispose()


async def test_the_mailbox_is_bounded() -> None:
    """What nobody asks for does not pile up."""
    mailbox = Mailbox()
    for n in range(2 * QUEUES_KEPT):
        mailbox.put_ready(f"q{n}")
    for _ in range(2 * CANCELS_KEPT):
        mailbox.put_cancels("q0", [uuid7()])
    received = await mailbox.take([f"q{n}" for n in range(2 * QUEUES_KEPT)], timedelta(0))
    assert len(received.queues) <= QUEUES_KEPT
    assert len(received.cancels) <= CANCELS_KEPT


async def test_words_of_strangers_are_passed_over(queue: PostgresJobQueue, sql: psycopg.Connection[Any]) -> None:
    """Anybody may say anything on a channel of the database."""
    waiting = asyncio.create_task(queue.receive(["mine"], LONG))
    while not waiting.done():
        for words in ("", "mine not-an-id", "mine ", "\u00e9"):
            sql.execute("select pg_notify(%s, %s)", (CANCEL, words))
        sql.execute("select pg_notify(%s, %s)", (READY, "mine"))
        await asyncio.wait({waiting}, timeout=0.05)
    received = await waiting
    assert not received.cancels
