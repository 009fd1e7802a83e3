"""What workers said of their tasks, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.catalogue import TaskDeclaration
from ...domain.on_dead import OnDead
from .backoffs import backoff_document, backoff_of
from .errors import translated
from .models import TaskRow
from .queues import on_dead_document, on_dead_of


@attrs.frozen
class PostgresTaskCatalogue:
    """A `TaskCatalogue` in a session's transaction."""

    _session: AsyncSession

    async def declare(self, tasks: Sequence[TaskDeclaration]) -> None:
        """Store or renew declarations, by id, so that workers which start together never wait in a ring."""
        newest = {task.id: task for task in tasks}
        if not newest:
            return
        adding = insert(TaskRow).values([_columns(newest[task_id]) for task_id in sorted(newest)])
        renewed = {name: adding.excluded[name] for name in _columns(tasks[0])} | {"declared_at": func.now()}
        with translated():
            await self._session.execute(adding.on_conflict_do_update(index_elements=[TaskRow.id], set_=renewed))

    async def find(self, ids: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return the declarations of these tasks."""
        with translated():
            rows = await self._session.scalars(select(TaskRow).where(TaskRow.id.in_(ids)))
        return {row.id: _declaration(row) for row in rows}

    async def on_dead(self) -> Mapping[str, OnDead]:
        """Return what is to follow on deaths."""
        asked = select(TaskRow.id, TaskRow.on_dead).where(TaskRow.on_dead.is_not(None))
        with translated():
            rows = await self._session.execute(asked)
        return {task: found for task, document in rows if (found := on_dead_of(document)) is not None}

    async def all(self) -> Sequence[TaskDeclaration]:
        """Return every declaration, by id."""
        with translated():
            rows = await self._session.scalars(select(TaskRow).order_by(TaskRow.id))
        return [_declaration(row) for row in rows]


def _columns(task: TaskDeclaration) -> dict[str, Any]:
    backoff = backoff_document(task.backoff)
    return {
        "id": task.id,
        "queue": task.queue,
        "max_retries": task.max_retries,
        "timeout_s": None if task.timeout is None else task.timeout.total_seconds(),
        "backoff": None if backoff is None else backoff.encode(),
        "payload_schema": task.payload_schema,
        "doc": task.doc,
        "on_dead": on_dead_document(task.on_dead),
    }


def _declaration(row: TaskRow) -> TaskDeclaration:
    return TaskDeclaration(
        row.id,
        row.queue,
        row.max_retries,
        backoff_of(row.backoff),
        None if row.timeout_s is None else timedelta(seconds=row.timeout_s),
        row.payload_schema,
        row.doc,
        on_dead_of(row.on_dead),
    )
