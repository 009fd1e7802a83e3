"""The two channels of hints, what is said on them, and the connections kept for them, outside the pool."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection, Notify
from sqlalchemy.ext.asyncio import AsyncEngine

from ...domain.events import CancelRequested
from ...domain.ids import UUID
from .engine import connect_arguments
from .mailbox import Mailbox

Connection: TypeAlias = AsyncConnection[Any]
Message: TypeAlias = tuple[str, str]
"""A channel, and what is said there: at most 7,999 bytes."""

READY = "equeue.ready"
CANCEL = "equeue.cancel"
LISTEN = f'listen "{READY}"; listen "{CANCEL}"'
NOTIFY = """
select pg_notify(told.channel, told.words)
from unnest(%(channels)b::text[], %(words)b::text[]) as told (channel, words)
"""
IDS_A_MESSAGE = 200


async def open_connection(engine: AsyncEngine) -> Connection:
    """Open a connection of its own to the engine's database, in AUTOCOMMIT."""
    positional, named = engine.dialect.create_connect_args(engine.url)
    options = {**connect_arguments(engine.url), **named, "autocommit": True}
    return await psycopg.AsyncConnection.connect(*positional, **options)


def ready_messages(queues: Iterable[str]) -> Iterator[Message]:
    """Say that queues may have work."""
    return ((READY, queue) for queue in queues)


def cancel_messages(cancels: Sequence[CancelRequested]) -> Iterator[Message]:
    """Say which jobs are to stop, as many to a message as it holds."""
    for queue in {event.queue for event in cancels}:
        ids = iter([str(event.job_id) for event in cancels if event.queue == queue])
        while words := list(islice(ids, IDS_A_MESSAGE)):
            yield CANCEL, " ".join([queue, *words])


def deliver(notify: Notify, mailbox: Mailbox) -> None:
    """Put what was said into the mailbox; what nobody of ours can have said is passed over."""
    if notify.channel == READY:
        mailbox.put_ready(notify.payload)
        return
    queue, *words = notify.payload.split(" ")
    try:
        mailbox.put_cancels(queue, [UUID(word) for word in words])
    except ValueError:
        return
