"""Questions put to a caller's connection, whichever library made it."""

import re
from collections.abc import Awaitable, Callable, Generator, Iterable
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import msgspec

from ...adapters.postgres.insertion import FRESH, HOLDERS, STORE, Query, Rows

if TYPE_CHECKING:
    from sqlalchemy import TextClause
    from sqlalchemy.sql.selectable import TextualSelect

Q = TypeVar("Q")
T = TypeVar("T")

READY = "equeue.ready"
"""The channel on which workers hear of queues that may have work."""

RING = f"""
select pg_notify('{READY}', queue)
from jsonb_array_elements_text(cast(%(queues)s as jsonb)) as told (queue)
"""  # noqa: S608 - the channel is ours
RING_ALONE = RING.replace("select ", "select set_config('synchronous_commit', 'off', true), ", 1)
"""The same as a transaction of its own, which does not wait for the disk: a hint that a crash loses harms nobody."""

FRESH_TOLD = FRESH + f", case when run_at <= now() then pg_notify('{READY}', queue::text) end"
"""A plain INSERT that tells workers itself of what is due."""

_PLACE = re.compile(r"%\((\w+)\)s")


def ringing(queues: Iterable[str]) -> Query:
    """Say that `queues` may have work."""
    return Query(RING, _documents(queues))


def ringing_alone(queues: Iterable[str]) -> Query:
    """Say so outside of anybody's transaction. Within one, that transaction would be kept less safely."""
    return Query(RING_ALONE, _documents(queues))


def _documents(queues: Iterable[str]) -> dict[str, str]:
    return {"queues": msgspec.json.encode(sorted(queues)).decode()}


def drive(course: Generator[Q, Rows, T], ask: Callable[[Q], Rows]) -> T:
    """Ask each question of a course and return its outcome; what an asking raises, the course hears first."""
    try:
        question = next(course)
        while True:
            try:
                rows = ask(question)
            except Exception as error:  # noqa: BLE001 - raised again by whatever course does not expect it
                question = course.throw(error)
            else:
                question = course.send(rows)
    except StopIteration as done:
        outcome: T = done.value
        return outcome


async def drive_async(course: Generator[Q, Rows, T], ask: Callable[[Q], Awaitable[Rows]]) -> T:
    """Do the same where asking takes its time."""
    try:
        question = next(course)
        while True:
            try:
                rows = await ask(question)
            except Exception as error:  # noqa: BLE001 - raised again by whatever course does not expect it
                question = course.throw(error)
            else:
                question = course.send(rows)
    except StopIteration as done:
        outcome: T = done.value
        return outcome


def as_bytes(query: Query) -> bytes:
    """Return a question's statement as psycopg's types take what is not a literal."""
    return _bytes(query.statement)


def numbered(query: Query) -> bytes:
    """Return a question's statement as libpq takes it, its places numbered as they come."""
    return _numbered(query.statement)


_bytes = lru_cache(maxsize=16)(str.encode)


@lru_cache(maxsize=16)
def _numbered(statement: str) -> bytes:
    numbers = count(1)
    return _PLACE.sub(lambda _: f"${next(numbers)}", statement).encode()


def clause(query: Query) -> "TextClause | TextualSelect":
    """Return a question as SQLAlchemy asks it of any driver."""
    return _clause(query.statement)


@lru_cache(maxsize=16)
def _clause(statement: str) -> "TextClause | TextualSelect":
    from sqlalchemy import Uuid, text  # noqa: PLC0415 - there already where it is used, not to be imported elsewhere

    asked = text(_PLACE.sub(r":\1", statement))
    return asked.columns(id=Uuid()) if statement in (FRESH, STORE, HOLDERS) else asked
