"""Jobs that handlers asked for, stored in the transaction that settles their parents."""

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import AsyncConnection

from ...domain.settlement import Settlement
from .insertion import Course, NewRow, Query, inserting, row_of

SET_JOBS = 1_000
SET_BYTES = 4 * 1024 * 1024
"""No statement carries more jobs or, but for a single job, more payload than this."""


async def bear(connection: AsyncConnection[Any], settled: Sequence[Settlement]) -> None:
    """Store the children of what was settled just now; one whose unique key is held leaves the holder alone."""
    for rows in _sets(settled):
        await _follow(connection, inserting(rows))


def _sets(settled: Sequence[Settlement]) -> Iterator[list[NewRow]]:
    rows: list[NewRow] = []
    size = 0
    for birth in (birth for settlement in settled for birth in settlement.children):
        size += len(birth.spec.payload)
        if rows and (len(rows) == SET_JOBS or size > SET_BYTES):
            yield rows
            rows, size = [], len(birth.spec.payload)
        rows.append(row_of(birth))
    if rows:
        yield rows


async def _follow(connection: AsyncConnection[Any], course: Course) -> None:
    """Ask what the course wants to know until it has come to its end."""
    cursor = connection.cursor()
    try:
        query: Query = next(course)
        while True:
            await cursor.execute(query.statement.encode(), query.documents)
            query = course.send(await cursor.fetchall())
    except StopIteration:
        return
