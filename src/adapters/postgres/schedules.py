"""Schedules in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import Row, Select, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...domain.ids import UUID
from ...domain.schedule import CatchUp, Cron, Every, JobTemplate, Overlap, Pause, Rhythm, Schedule, ScheduleSettings
from .backoffs import backoff_document, backoff_of
from .errors import translated
from .rows import maybe_utc, utc
from .schedule_models import ScheduleRow

COLUMNS = tuple(ScheduleRow.__table__.columns)
WITHOUT_PAYLOAD = tuple(
    literal_column("'{}'").label("payload") if column.name == "payload" else column for column in COLUMNS
)


@attrs.frozen
class PostgresSchedules:
    """`Schedules` in a session's transaction: rows are locked by whoever holds them."""

    _session: AsyncSession

    async def page(self, *, limit: int, after: str = "") -> Sequence[Schedule]:
        """Return schedules by name."""
        asked = select(*COLUMNS).where(ScheduleRow.name > after).order_by(ScheduleRow.name).limit(limit)
        with translated():
            return [schedule_of(row) for row in await self._session.execute(asked)]

    async def soonest(self, limit: int) -> Sequence[Schedule]:
        """Return those that fire next, without their payloads, which may be large: ix_schedules_next_at."""
        due = select(*WITHOUT_PAYLOAD).where(ScheduleRow.next_at.is_not(None), ScheduleRow.paused_at.is_(None))
        asked = due.order_by(ScheduleRow.next_at, ScheduleRow.id).limit(limit)
        with translated():
            return [schedule_of(row) for row in await self._session.execute(asked)]

    async def find(self, id_or_name: UUID | str) -> Schedule | None:
        """Return one schedule."""
        return await self._one(_named(id_or_name))

    async def hold(self, id_or_name: UUID | str) -> Schedule | None:
        """Return the same, once nobody else holds it."""
        return await self._one(_named(id_or_name).with_for_update())

    async def add(self, schedule: Schedule) -> bool:
        """Store a new one unless its name is taken; uq_schedules_name waits for whoever is taking it."""
        adding = insert(ScheduleRow).values(id=schedule.id, name=schedule.name, **_columns(schedule))
        named = adding.on_conflict_do_nothing(index_elements=[ScheduleRow.name]).returning(ScheduleRow.id)
        with translated():
            return (await self._session.execute(named)).one_or_none() is not None

    async def save(self, schedules: Sequence[Schedule]) -> None:
        """Write schedules that are held."""
        with translated():
            for schedule in schedules:
                saving = update(ScheduleRow).where(ScheduleRow.id == schedule.id)
                await self._session.execute(saving.values(**_columns(schedule)))

    async def remove(self, id: UUID) -> None:
        """Forget a schedule; its fire times go with it."""
        with translated():
            await self._session.execute(delete(ScheduleRow).where(ScheduleRow.id == id))

    async def _one(self, asked: Select[Any]) -> Schedule | None:
        with translated():
            row = (await self._session.execute(asked)).one_or_none()
        return None if row is None else schedule_of(row)


def schedule_of(row: Row[Any]) -> Schedule:
    """Return the schedule in a row of `ScheduleRow`."""
    pause = None if row.paused_at is None else Pause(utc(row.paused_at), row.paused_by, row.pause_reason)
    return Schedule(
        id=row.id,
        name=row.name,
        settings=_settings(row),
        anchor=utc(row.anchor),
        created_at=utc(row.created_at),
        updated_at=utc(row.updated_at),
        next_at=maybe_utc(row.next_at),
        last_fire_at=maybe_utc(row.last_fire_at),
        pause=pause,
        failure=row.failure,
        managed_by_code=row.managed_by_code,
        user_id=row.user_id,
        revision=row.revision,
    )


def _named(id_or_name: UUID | str) -> Select[Any]:
    same = ScheduleRow.id == id_or_name if isinstance(id_or_name, UUID) else ScheduleRow.name == id_or_name
    return select(*COLUMNS).where(same)


def _settings(row: Row[Any]) -> ScheduleSettings:
    rhythm: Rhythm = Cron(row.cron, row.zone) if row.every_s is None else Every(timedelta(seconds=row.every_s))
    job = JobTemplate(
        task=row.task,
        payload=row.payload,
        queue=row.queue,
        priority=row.priority,
        max_retries=row.max_retries,
        backoff=backoff_of(row.backoff),
        timeout=None if row.timeout_s is None else timedelta(seconds=row.timeout_s),
        tags=tuple(row.tags),
        concurrency_key=row.concurrency_key,
    )
    return ScheduleSettings(
        rhythm=rhythm,
        job=job,
        overlap=Overlap(row.overlap),
        catch_up=CatchUp(row.catch_up),
        catch_up_limit=row.catch_up_limit,
        jitter=timedelta(seconds=row.jitter_s),
    )


def _columns(schedule: Schedule) -> dict[str, Any]:
    settings, pause = schedule.settings, schedule.pause
    return {
        **_rhythm(settings.rhythm),
        **_job(settings.job),
        "anchor": schedule.anchor,
        "overlap": settings.overlap,
        "catch_up": settings.catch_up,
        "catch_up_limit": settings.catch_up_limit,
        "jitter_s": settings.jitter.total_seconds(),
        "next_at": schedule.next_at,
        "last_fire_at": schedule.last_fire_at,
        "paused_at": None if pause is None else pause.at,
        "paused_by": None if pause is None else pause.by,
        "pause_reason": None if pause is None else pause.reason,
        "failure": schedule.failure,
        "managed_by_code": schedule.managed_by_code,
        "user_id": schedule.user_id,
        "revision": schedule.revision,
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
    }


def _rhythm(rhythm: Rhythm) -> dict[str, Any]:
    match rhythm:
        case Cron(expression, zone):
            return {"cron": expression, "zone": zone, "every_s": None}
        case Every(period):
            return {"cron": None, "every_s": period.total_seconds()}


def _job(job: JobTemplate) -> dict[str, Any]:
    backoff = backoff_document(job.backoff)
    return {
        "task": job.task,
        "payload": job.payload,
        "queue": job.queue,
        "priority": job.priority,
        "max_retries": job.max_retries,
        "backoff": None if backoff is None else backoff.encode(),
        "timeout_s": None if job.timeout is None else job.timeout.total_seconds(),
        "tags": list(job.tags),
        "concurrency_key": job.concurrency_key,
    }
