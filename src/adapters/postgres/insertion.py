"""The one INSERT of jobs: as many as one JSON document holds, for any driver, with what came of each.

Nothing here does I/O: `inserting` says what to ask and is told the rows, so that one course serves every kind of
connection.
"""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from collections.abc import Generator, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import attrs
import msgspec

from ...domain.errors import Unavailable
from ...domain.ids import JobId, Json, UserId
from ...domain.spec import (
    DEFAULT_MAX_RETRIES,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TIMEOUT,
    Birth,
    JobSpec,
    OnConflict,
)
from ...domain.transitions import Event, follow
from .arrays import array_text
from .backoffs import backoff_facts

ROUNDS = 100
"""How often a key whose holder is never seen is tried for again."""

# One text instead of nineteen arrays: a third of the client's and half of the server's work for a thousand rows, and
# for a single one as quick as VALUES. `jsonb_to_recordset` would say the same, and look up nineteen types at each call.
# A payload travels as text within it, so that nobody's payload can say more than its own column.
INSERT = f"""
insert into equeue.jobs (id, status, task, queue, payload, priority, run_at, max_retries, timeout_s, backoff,
  expires_at, tags, unique_key, unique_while, unique_slot, concurrency_key, user_id, parent_id, traceparent)
select cast(born ->> 'id' as uuid), '{follow(None, Event.ENQUEUE)}', born ->> 'task',
  coalesce(born ->> 'queue', '{DEFAULT_QUEUE}'), cast(born ->> 'payload' as jsonb),
  coalesce(cast(born ->> 'priority' as smallint), {DEFAULT_PRIORITY}),
  coalesce(cast(born ->> 'run_at' as timestamptz),
    now() + coalesce(cast(born ->> 'delay_s' as double precision), 0) * interval '1 second'),
  coalesce(cast(born ->> 'max_retries' as integer), {DEFAULT_MAX_RETRIES}),
  coalesce(cast(born ->> 'timeout_s' as double precision), {DEFAULT_TIMEOUT.total_seconds():g}),
  born -> 'backoff', cast(born ->> 'expires_at' as timestamptz), coalesce(cast(born ->> 'tags' as text[]), '{{}}'),
  born ->> 'unique_key', cast(born ->> 'unique_while' as equeue.unique_while), born ->> 'unique_slot',
  born ->> 'concurrency_key', cast(born ->> 'user_id' as uuid), cast(born ->> 'parent_id' as uuid),
  born ->> 'traceparent'
from jsonb_array_elements(cast(%(jobs)s as jsonb)) as jobs (born)
"""

# For rows that nothing can stand in the way of: looking for what might costs 20 µs, and 3 a row in a large set.
FRESH = INSERT + "returning id"
ADD_FRESH = INSERT + "returning id, created_at, payload::text"

# For rows with keys, and for a set that may have been sent before: then the primary key passes over what is there.
STORE = INSERT + "on conflict do nothing returning id"

# For rows with keys in a transaction that knows whether it committed. uq_jobs_unique_slot arbitrates.
ADD = (
    INSERT
    + "on conflict (unique_slot) where unique_slot is not null do nothing returning id, created_at, payload::text"
)

# Who stands in the way of rows that were not inserted: the holders of their keys, or they themselves, stored before.
# Primary key and uq_jobs_unique_slot.
HOLDERS = """
select id, unique_slot
from equeue.jobs
where id = any(array(select cast(jsonb_array_elements_text(cast(%(ids)s as jsonb)) as uuid)))
union
select id, unique_slot
from equeue.jobs
where unique_slot is not null
  and unique_slot = any(array(select jsonb_array_elements_text(cast(%(slots)s as jsonb))))
"""

# Primary key.
DECLARED = """
select id, queue, max_retries, timeout_s, cast(backoff as text)
from equeue.tasks
where id = any(array(select jsonb_array_elements_text(cast(%(tasks)s as jsonb))))
"""

_encode = msgspec.json.Encoder().encode
Rows: TypeAlias = Sequence[Sequence[Any]]


@attrs.frozen
class Query:
    """One question: a statement with named places, and the JSON texts for them."""

    statement: str
    documents: Mapping[str, str]


@attrs.frozen(eq=False)
class NewRow:
    """One job to be stored: its columns, as far as they are not the defaults."""

    job_id: JobId
    columns: Mapping[str, object]
    slot: str | None = None
    on_conflict: OnConflict = OnConflict.RETURN_EXISTING


Holder: TypeAlias = JobId | None
"""Which other job holds the row's key; `None` for a row that was stored."""

Course: TypeAlias = Generator[Query, Rows, list[Holder]]


def new_row(
    job_id: JobId, spec: JobSpec, payload: Json, *, owner: UserId | None, parent: JobId | None = None
) -> NewRow:
    """Return the row of one job; `spec`'s own payload does not matter."""
    columns = {**_shared(spec), "id": job_id, "payload": payload.decode()}
    if owner is not None:
        columns["user_id"] = owner
    if parent is not None:
        columns["parent_id"] = parent
    if spec.unique is None:
        return NewRow(job_id, columns)
    slot = columns["unique_slot"] = Birth(job_id, spec, owner).unique_slot
    return NewRow(job_id, columns, slot, spec.unique.on_conflict)


def row_of(birth: Birth) -> NewRow:
    """Return the row of one birth."""
    return new_row(birth.job_id, birth.spec, birth.spec.payload, owner=birth.user_id, parent=birth.parent_id)


def inserting(rows: Sequence[NewRow], *, sent_before: bool = False) -> Course:
    """Store rows and return what came of each, in order; a holder that vanishes meanwhile leaves its key to the row.

    Say so if they were `sent_before` and it is not known what came of it: those that are there count as stored.
    """
    holders: dict[JobId, Holder] = {}
    waiting = rows
    for _ in range(ROUNDS):
        alone = not (sent_before or any(row.slot for row in waiting))
        stored = yield Query(FRESH if alone else STORE, {"jobs": document(waiting)})
        holders.update((row[0], None) for row in stored)
        waiting = [row for row in waiting if row.job_id not in holders]
        if waiting:
            holders.update(_known(waiting, (yield _who_holds(waiting))))
            waiting = [row for row in waiting if row.job_id not in holders]
        if not waiting:
            return [holders[row.job_id] for row in rows]
    raise Unavailable("the holder of a unique key changes too fast to be seen")


def declared(tasks: Iterable[str]) -> Query:
    """Ask what workers declared of these tasks."""
    return Query(DECLARED, {"tasks": _text(list(tasks))})


def document(rows: Sequence[NewRow]) -> str:
    """Return what `INSERT` takes: rows in the order of their slots, so that two sets never wait for one another."""
    if any(row.slot is not None for row in rows):
        rows = sorted(rows, key=lambda row: row.slot or "")
    return _text([row.columns for row in rows])


def _who_holds(rows: Sequence[NewRow]) -> Query:
    slots = [row.slot for row in rows if row.slot is not None]
    return Query(HOLDERS, {"ids": _text([row.job_id for row in rows]), "slots": _text(slots)})


def _known(rows: Sequence[NewRow], found: Rows) -> dict[JobId, Holder]:
    ids = {job_id for job_id, _ in found}
    slots = {slot: job_id for job_id, slot in found if slot is not None}
    held: dict[JobId, Holder] = {row.job_id: slots[row.slot] for row in rows if row.slot in slots}
    return held | {row.job_id: None for row in rows if row.job_id in ids}


@lru_cache(maxsize=1_024)
def _shared(spec: JobSpec) -> dict[str, object]:
    """Return the columns that jobs of one request share, without those at their defaults."""
    unique = spec.unique
    facts = {
        "task": spec.task,
        "queue": None if spec.queue == DEFAULT_QUEUE else spec.queue,
        "priority": None if spec.priority == DEFAULT_PRIORITY else spec.priority,
        "run_at": spec.run_at,
        "delay_s": spec.delay.total_seconds() if spec.delay else None,
        "max_retries": None if spec.max_retries == DEFAULT_MAX_RETRIES else spec.max_retries,
        "timeout_s": None if spec.timeout == DEFAULT_TIMEOUT else spec.timeout.total_seconds(),
        "backoff": backoff_facts(spec.backoff),
        "expires_at": spec.expires_at,
        "tags": array_text(spec.tags) if spec.tags else None,
        "unique_key": unique and unique.key,
        "unique_while": unique and unique.held_while.value,
        "concurrency_key": spec.concurrency_key,
        "traceparent": spec.traceparent,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _text(value: object) -> str:
    return _encode(value).decode()
