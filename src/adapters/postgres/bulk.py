"""Bulk operations in PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from ...domain.audit import Actor
from ...domain.bulk import BulkOperation, BulkStatus, Place, Tally
from ...domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from ...domain.filter_text import BadFilter, read, write
from ...domain.filters import Condition
from ...domain.ids import UUID
from ...domain.status import JobStatus
from .errors import StorageFault, translated
from .rows import maybe_utc, utc
from .steering_models import OPENED, BulkOperationRow

_OPEN: ColumnElement[bool] = literal_column(f"(status in ({OPENED})) is true", Boolean)
_GLOBS: ColumnElement[Any] = literal_column("(filter -> 'queue_globs')", JSONB)
_IDS = ("job_ids",)
_TIMES = ("created_after", "created_before")
_TEXT = 10_000
"""A filter as we write it may be longer than its author wrote it."""
_KNOWN = frozenset(field.name for field in attrs.fields(BulkFilter))


@attrs.frozen
class PostgresBulkOperations:
    """A `BulkOperations` in a session's transaction: rows are locked by whoever takes or loads them."""

    _session: AsyncSession

    async def add(self, operation: BulkOperation) -> None:
        """Store a new one."""
        plan = operation.plan
        facts = {
            "id": operation.id,
            "action": plan.action,
            "filter": filter_document(plan.where),
            "mark": plan.mark,
            "queue": plan.queue,
            "reason": plan.reason,
            "expected": operation.expected,
            "user_id": operation.actor.user_id,
            "key_id": operation.actor.key_id,
            "created_at": operation.created_at,
        }
        with translated():
            await self._session.execute(insert(BulkOperationRow).values(**facts, **_progress(operation)))

    async def load(self, id: UUID) -> BulkOperation | None:
        """Return an operation, waiting for whoever works on it."""
        return await self._one(BulkOperationRow.id == id, skip_locked=False)

    async def take(self) -> BulkOperation | None:
        """Return the open operation that has rested longest, if its rest is over and nobody holds it."""
        return await self._one(_OPEN, BulkOperationRow.due_at <= func.now(), skip_locked=True)

    async def save(self, operation: BulkOperation, rest: timedelta = timedelta(0)) -> None:
        """Write one that is held."""
        due_at = func.clock_timestamp() + rest
        saving = update(BulkOperationRow).where(BulkOperationRow.id == operation.id)
        with translated():
            await self._session.execute(saving.values(**_progress(operation), due_at=due_at))

    async def any_open(self) -> bool:
        """Tell whether any operation has work left."""
        with translated():
            return bool(await self._session.scalar(select(exists(select(BulkOperationRow.id).where(_OPEN)))))

    async def _one(self, *where: ColumnElement[bool], skip_locked: bool) -> BulkOperation | None:
        asked = select(*BulkOperationRow.__table__.columns).where(*where)
        first = asked.order_by(BulkOperationRow.due_at).limit(1).with_for_update(skip_locked=skip_locked)
        with translated():
            row = (await self._session.execute(first)).one_or_none()
        return None if row is None else operation_of(row)


_ALL: Select[Any] = select(*BulkOperationRow.__table__.columns)


@attrs.frozen
class PostgresBulkReads:
    """A `BulkReads` over what is committed."""

    _engine: AsyncEngine

    async def get(self, id: UUID, globs: tuple[str, ...] = ()) -> BulkOperation | None:
        """Return an operation that is in reach."""
        found = await self._read(_ALL.where(BulkOperationRow.id == id, *_within(globs)))
        return found[0] if found else None

    async def page(
        self, *, limit: int, after: UUID | None = None, oldest_first: bool = False, globs: tuple[str, ...] = ()
    ) -> Sequence[BulkOperation]:
        """Return at most `limit` operations behind the one called `after`."""
        number = BulkOperationRow.id
        behind = [] if after is None else [number > after if oldest_first else number < after]
        order = number if oldest_first else number.desc()
        return await self._read(_ALL.where(*behind, *_within(globs)).order_by(order).limit(limit))

    async def _read(self, asked: Select[Any]) -> Sequence[BulkOperation]:
        with translated():
            async with self._engine.connect() as connection:
                return [operation_of(row) for row in await connection.execute(asked)]


def _within(globs: tuple[str, ...]) -> list[ColumnElement[bool]]:
    if not globs:
        return []
    return [cast(literal(json.dumps(sorted(globs)), Text), JSONB) == _GLOBS]


def _progress(operation: BulkOperation) -> dict[str, Any]:
    """Return the columns that change on the way."""
    cursor, tally = operation.cursor, operation.tally
    return {
        "status": operation.status,
        "matched": tally.matched,
        "done": tally.done,
        "skipped": tally.skipped,
        "failed": tally.failed,
        "cursor_created_at": None if cursor is None else cursor.created_at,
        "cursor_id": None if cursor is None else cursor.job_id,
        "revision": operation.revision,
        "failure": operation.failure,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
    }


def operation_of(row: Any) -> BulkOperation:
    """Return the operation in a row of all columns."""
    placed = row.cursor_created_at is not None
    plan = BulkPlan(
        action=BulkAction(row.action),
        where=filter_of(row.filter),
        mark=utc(row.mark),
        queue=row.queue,
        reason=row.reason,
    )
    return BulkOperation(
        id=row.id,
        plan=plan,
        actor=Actor(row.user_id, row.key_id),
        status=BulkStatus(row.status),
        expected=row.expected,
        tally=Tally(row.done, row.skipped, row.failed),
        cursor=Place(utc(row.cursor_created_at), row.cursor_id) if placed else None,
        created_at=utc(row.created_at),
        started_at=maybe_utc(row.started_at),
        finished_at=maybe_utc(row.finished_at),
        failure=row.failure,
        revision=row.revision,
    )


def filter_document(where: BulkFilter) -> bytes:
    """Return a filter as a column keeps it, what does not narrow left out."""
    said = {name: value for name, value in attrs.asdict(where, recurse=False).items() if value not in ((), None)}
    if where.condition is not None:
        said["condition"] = write(where.condition)
    return json.dumps(said, default=_plain, ensure_ascii=False).encode()


def filter_of(document: bytes) -> BulkFilter:
    """Return the filter in a column; raise `StorageFault` for a condition that this build does not know.

    To leave out what one does not know would widen the filter.
    """
    said: dict[str, Any] = json.loads(document)
    if unknown := said.keys() - _KNOWN:
        raise StorageFault(f"a bulk operation's filter has conditions unknown to this build: {sorted(unknown)}")
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    facts |= {name: datetime.fromisoformat(facts[name]) for name in _TIMES if name in facts}
    facts |= {name: tuple(map(UUID, facts[name])) for name in _IDS if name in facts}
    if "owner" in facts:
        facts["owner"] = UUID(facts["owner"])
    if "statuses" in facts:
        facts["statuses"] = tuple(map(JobStatus, facts["statuses"]))
    if "condition" in facts:
        facts["condition"] = _condition(facts["condition"])
    return BulkFilter(**facts)


def _condition(text: str) -> Condition | None:
    try:
        return read(text, chars=_TEXT)
    except BadFilter as unknown:
        raise StorageFault(f"a bulk operation's filter cannot be read by this build: {unknown}") from None


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
