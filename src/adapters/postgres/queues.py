"""What people set for queues, in PostgreSQL."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.queues import OWN_LOOKED_AT, StoredQueue
from ...domain.ids import Json, UserId
from ...domain.limits import QueueLimits, Rate
from ...domain.on_dead import OnDead
from ...domain.queue import Pause, QueueSettings
from ...domain.retention import UNSAID, Retention
from ...domain.status import JobStatus
from .backoffs import backoff_document, backoff_of
from .errors import translated
from .failure_models import QueueRow
from .planning import walk_along_indexes
from .rows import utc
from .waiting_queues import WAITING_QUEUES

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('equeue.queue:' || :name, 0))")

_SAID = """
union
select name::text from equeue.queues
union
select queue::text from equeue.tasks
order by 1
"""

# Settings, tasks, and the queues in which jobs wait.
NAMES = text(f"""
with recursive waiting (queue) as ({WAITING_QUEUES})
select queue::text from waiting where queue is not null
{_SAID}
""")  # noqa: S608 - a word of the domain

# One person's jobs, the newest only, by ix_jobs_user_id_created_at.
NAMES_FOR = text(f"""
with own as materialized (
  select queue, status from equeue.jobs where user_id = :owner order by created_at desc limit {OWN_LOOKED_AT}
)
select queue::text from own where status = '{JobStatus.QUEUED}'
{_SAID}
""")  # noqa: S608 - a word of the domain


@attrs.frozen
class PostgresQueues:
    """`Queues` in a session's transaction."""

    _session: AsyncSession

    async def all(self) -> Sequence[StoredQueue]:
        """Return the settings of every queue that has any."""
        with translated():
            rows = await self._session.scalars(select(QueueRow).order_by(QueueRow.name))
        return [_stored(row) for row in rows]

    async def find(self, name: str) -> StoredQueue | None:
        """Return the settings of one queue."""
        with translated():
            row = (await self._session.scalars(select(QueueRow).where(QueueRow.name == name))).one_or_none()
        return None if row is None else _stored(row)

    async def hold(self, name: str) -> StoredQueue | None:
        """Return the same, and let nobody else hold it: by a lock, for there may be no row yet."""
        with translated():
            await self._session.execute(_LOCK, {"name": name})
        return await self.find(name)

    async def put(self, name: str, settings: QueueSettings, pause: Pause | None = None) -> StoredQueue:
        """Store the settings and the pause of a queue."""
        columns = _columns(settings) | _limit_columns(settings.limits) | _pause_columns(pause)
        adding = insert(QueueRow).values(name=name, **columns)
        changed = columns | {"revision": QueueRow.revision + 1, "updated_at": func.now()}
        storing = adding.on_conflict_do_update(index_elements=[QueueRow.name], set_=changed).returning(QueueRow)
        with translated():
            row = (await self._session.scalars(storing, execution_options={"populate_existing": True})).one()
        return _stored(row)

    async def remove(self, name: str) -> bool:
        """Take a queue's settings away."""
        with translated():
            found = await self._session.scalars(delete(QueueRow).where(QueueRow.name == name).returning(QueueRow.name))
        return found.one_or_none() is not None

    async def names(self, owner: UserId | None = None) -> Sequence[str]:
        """Return the queues that anybody speaks of; with an `owner` the jobs of others name none."""
        asked = NAMES if owner is None else NAMES_FOR.bindparams(owner=owner)
        with translated():
            await walk_along_indexes(await self._session.connection())
            return list(await self._session.scalars(asked))


def on_dead_document(on_dead: OnDead | None) -> Json | None:
    """Return what a column holds of what follows on a death."""
    if on_dead is None:
        return None
    facts: dict[str, Any] = {"task": on_dead.task}
    if on_dead.payload is not None:
        facts["payload"] = json.loads(on_dead.payload)
    return json.dumps(facts).encode()


def on_dead_of(document: Json | None) -> OnDead | None:
    """Return what a column holds."""
    if document is None:
        return None
    facts = json.loads(document)
    payload = facts.get("payload")
    return OnDead(facts["task"], None if payload is None else json.dumps(payload, ensure_ascii=False).encode())


def _columns(settings: QueueSettings) -> dict[str, Any]:
    backoff = backoff_document(settings.backoff)
    return {
        "default_max_retries": settings.max_retries,
        "default_timeout_s": None if settings.timeout is None else settings.timeout.total_seconds(),
        "default_backoff": None if backoff is None else backoff.encode(),
        "on_dead": on_dead_document(settings.on_dead),
        "retention": _retention_document(settings.retention),
        "target_wait_s": None if settings.target_wait is None else settings.target_wait.total_seconds(),
    }


def _limit_columns(limits: QueueLimits) -> dict[str, Any]:
    rate = limits.rate
    return {
        "max_running": limits.max_running,
        "max_running_per_key": limits.max_running_per_key,
        "max_depth": limits.max_depth,
        "rate_limit": None if rate is None else rate.limit,
        "rate_period_s": None if rate is None else rate.period.total_seconds(),
        "rate_burst": None if rate is None else rate.burst,
        "oldest_share": limits.oldest_share,
    }


def _pause_columns(pause: Pause | None) -> dict[str, Any]:
    return {
        "paused_at": pause and pause.at,
        "paused_until": pause and pause.until,
        "paused_by_user": pause and pause.user_id,
        "paused_by_key": pause and pause.key_id,
        "pause_reason": pause and pause.reason,
    }


def _retention_document(retention: Retention) -> Json | None:
    said = {f"{name}_s": kept.total_seconds() for name, kept in attrs.asdict(retention).items() if kept is not None}
    return json.dumps(said).encode() if said else None


def _retention_of(document: Json | None) -> Retention:
    if document is None:
        return UNSAID
    return Retention(
        **{name.removesuffix("_s"): timedelta(seconds=kept) for name, kept in json.loads(document).items()}
    )


def _stored(row: QueueRow) -> StoredQueue:
    settings = QueueSettings(
        row.default_max_retries,
        None if row.default_timeout_s is None else timedelta(seconds=row.default_timeout_s),
        backoff_of(row.default_backoff),
        on_dead_of(row.on_dead),
        _limits(row),
        _retention_of(row.retention),
        None if row.target_wait_s is None else timedelta(seconds=row.target_wait_s),
    )
    return StoredQueue(row.name, settings, utc(row.created_at), utc(row.updated_at), row.revision, _pause(row))


def _limits(row: QueueRow) -> QueueLimits:
    rate = None
    if row.rate_limit is not None and row.rate_period_s is not None:
        rate = Rate(row.rate_limit, timedelta(seconds=row.rate_period_s), row.rate_burst)
    return QueueLimits(row.max_running, row.max_running_per_key, rate, row.max_depth, row.oldest_share)


def _pause(row: QueueRow) -> Pause | None:
    if row.paused_at is None:
        return None
    until = None if row.paused_until is None else utc(row.paused_until)
    return Pause(utc(row.paused_at), row.paused_by_user, row.paused_by_key, row.pause_reason, until)
