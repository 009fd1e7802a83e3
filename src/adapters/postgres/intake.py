"""Taking in the jobs of many callers at a time: one INSERT on a lane, and the keys of those who gave one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
import psycopg

from ...application.ports.catalogue import TaskDeclaration
from ...application.ports.idempotency import IdempotencyKey
from ...application.ports.intake import Entry
from ...application.ports.jobs import Created
from ...domain.ids import JobId
from .backoffs import backoff_of
from .engine import Lane
from .errors import translated
from .idempotency import KEPT, lock_of
from .insertion import ADD, ADD_FRESH, document, row_of
from .jobs import created

# Primary key. Its columns are domains, which the driver does not know by number.
DECLARED = """
select t.id::text, t.queue::text, t.max_retries, t.timeout_s, t.backoff::text, t.payload_schema::text
from equeue.tasks as t
where t.id = any(%(tasks)b::text[])
"""

# A lock a statement of its own, for whoever locks and looks at once looks with the eyes it had before. None is waited
# for: a key that another transaction holds is left out.
LOCK = """
select asked.place, pg_try_advisory_xact_lock(asked.lock)
from unnest(%(locks)b::bigint[]) with ordinality as asked (lock, place)
"""

# Primary key, one probe a key.
USED = """
select asked.place
from unnest(%(principals)b::text[], %(keys)b::text[]) with ordinality as asked (principal, key, place)
cross join lateral (
  select 1
  from equeue.idempotency_keys as known
  where known.principal = asked.principal and known.key = asked.key and known.expires_at > now()
) as answered
"""

# Primary key; an answer that is past its time makes room.
KEEP = """
insert into equeue.idempotency_keys (principal, key, request_hash, answer, created_at, expires_at)
select given.principal, given.key, given.request_hash, given.answer, now(), now() + %(kept)b
from unnest(%(principals)b::text[], %(keys)b::text[], %(hashes)b::bytea[], %(answers)b::bytea[])
  as given (principal, key, request_hash, answer)
on conflict (principal, key) do update
set request_hash = excluded.request_hash, answer = excluded.answer,
  created_at = excluded.created_at, expires_at = excluded.expires_at
"""

Connection = psycopg.AsyncConnection[Any]


@attrs.frozen
class PostgresIntake:
    """An `Intake` on a lane: a set without keys is one statement and one round trip."""

    _lane: Lane
    _kept: timedelta = KEPT

    async def declared(self, tasks: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return what decides on new jobs of these tasks."""
        with translated():
            async with self._lane.connection() as connection:
                rows = await _rows(connection, DECLARED, {"tasks": sorted(tasks)})
        return {row[0]: _declaration(row) for row in rows}

    async def take(self, entries: Sequence[Entry]) -> Sequence[Created | None]:
        """Store the jobs that nothing stands in the way of."""
        with translated():
            async with self._lane.connection() as connection:
                if any(entry.keeping for entry in entries):
                    async with connection.transaction():
                        stored = await self._keep(connection, entries)
                else:
                    stored = await _store(connection, entries)
        return [stored.get(entry.birth.job_id) for entry in entries]

    async def _keep(self, connection: Connection, entries: Sequence[Entry]) -> Mapping[JobId, Created]:
        """Store those whose keys are free, and the answers under their keys."""
        keyed = await _free(connection, [entry.keeping.key for entry in entries if entry.keeping is not None])
        free = [entry for entry in entries if entry.keeping is None or entry.keeping.key in keyed]
        stored = await _store(connection, free)
        answers = [
            (entry.keeping.key, entry.keeping.write(stored[entry.birth.job_id]))
            for entry in entries
            if entry.keeping is not None and entry.birth.job_id in stored
        ]
        if answers:
            facts = {
                "principals": [key.principal for key, _ in answers],
                "keys": [key.key for key, _ in answers],
                "hashes": [key.request_hash for key, _ in answers],
                "answers": [answer for _, answer in answers],
                "kept": self._kept,
            }
            await connection.execute(KEEP, facts)
        return stored


async def _free(connection: Connection, asked: Sequence[IdempotencyKey]) -> set[IdempotencyKey]:
    """Return the keys that nobody holds and nobody has used; they are this transaction's from here on."""
    locked = await _rows(connection, LOCK, {"locks": [lock_of(key) for key in asked]})
    held = {place for place, is_ours in locked if is_ours}
    names = {"principals": [key.principal for key in asked], "keys": [key.key for key in asked]}
    used = {place for (place,) in await _rows(connection, USED, names)}
    return {key for place, key in enumerate(asked, 1) if place in held - used}


async def _store(connection: Connection, entries: Sequence[Entry]) -> dict[JobId, Created]:
    births = {entry.birth.job_id: entry.birth for entry in entries}
    if not births:
        return {}
    slots = any(birth.unique_slot for birth in births.values())
    jobs = document([row_of(birth) for birth in births.values()])
    rows = await _rows(connection, ADD if slots else ADD_FRESH, {"jobs": jobs})
    return {row[0]: created(births[row[0]], *row[1:]) for row in rows}


async def _rows(connection: Connection, statement: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(statement, facts)
    return await cursor.fetchall()


def _declaration(row: Sequence[Any]) -> TaskDeclaration:
    task, queue, max_retries, timeout_s, backoff, schema = row
    timeout = None if timeout_s is None else timedelta(seconds=timeout_s)
    return TaskDeclaration(
        task, queue, max_retries, backoff_of(backoff), timeout, None if schema is None else schema.encode()
    )
