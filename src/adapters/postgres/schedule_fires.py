"""What is due of schedules and which fire times made a job, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import timedelta

import attrs
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.schedules import NEWEST
from ...domain.ids import UUID
from ...domain.schedule import Fire, Schedule
from ...domain.status import ACTIVE
from .errors import translated
from .rows import utc
from .schedule_models import ScheduleFireRow, ScheduleRow
from .schedules import COLUMNS, schedule_of

_ACTIVE = ", ".join(f"'{status}'" for status in sorted(ACTIVE))

# ix_schedule_fires_schedule_id_fire_at for each schedule, then the jobs' primary key: never the index on status, which
# may be full of dead entries.
_NEWEST = text("""
select newest.schedule_id, newest.fire_at, newest.job_id, newest.manual
from unnest(cast(:schedules as uuid[])) as asked (id)
cross join lateral (
  select f.schedule_id, f.fire_at, f.job_id, f.manual
  from equeue.schedule_fires as f
  where f.schedule_id = asked.id
  order by f.fire_at desc, f.job_id desc
  limit :limit
) as newest
""")

# The same way: a schedule of every second has written down millions by the time they are forgotten.
_WITH_JOBS = text(f"""
select asked.id
from unnest(cast(:schedules as uuid[])) as asked (id)
where exists (
  select
  from (
    select f.job_id
    from equeue.schedule_fires as f
    where f.schedule_id = asked.id
    order by f.fire_at desc, f.job_id desc
    limit :newest
  ) as newest
  join equeue.jobs as j on j.id = newest.job_id
  where (j.status in ({_ACTIVE})) is true
)
""")  # noqa: S608 - words of the domain

# ix_schedule_fires_fire_at, oldest first; what another pass holds is passed over.
_FORGET = text(f"""
delete from equeue.schedule_fires
where job_id = any(array(
  select f.job_id
  from equeue.schedule_fires as f
  where f.fire_at < now() - cast(:older_than as interval)
    and not exists (
      select from equeue.jobs as j where j.id = f.job_id and (j.status in ({_ACTIVE})) is true
    )
  order by f.fire_at
  limit :limit
  for update of f skip locked
))
returning job_id
""")  # noqa: S608 - words of the domain


@attrs.frozen
class PostgresScheduleFires:
    """`ScheduleFires` in a session's transaction."""

    _session: AsyncSession

    async def take(self, limit: int, among: Collection[UUID] | None = None) -> Sequence[Schedule]:
        """Return and hold what is due: ix_schedules_next_at, or the primary key."""
        due = select(*COLUMNS).where(ScheduleRow.next_at <= func.now(), ScheduleRow.paused_at.is_(None))
        if among is not None:
            due = due.where(ScheduleRow.id.in_(among))
        taken = due.order_by(ScheduleRow.next_at, ScheduleRow.id).limit(limit).with_for_update(skip_locked=True)
        with translated():
            return [schedule_of(row) for row in await self._session.execute(taken)]

    async def record(self, fires: Sequence[Fire]) -> frozenset[UUID]:
        """Write down fire times; uq_schedule_fires_schedule_id_fire_at refuses what was written down before."""
        if not fires:
            return frozenset()
        rows = [attrs.asdict(fire) for fire in fires]
        fresh = insert(ScheduleFireRow).values(rows).on_conflict_do_nothing().returning(ScheduleFireRow.job_id)
        with translated():
            return frozenset(await self._session.scalars(fresh))

    async def fires(self, schedule_ids: Collection[UUID], limit: int) -> Sequence[Fire]:
        """Return the newest fire times of each schedule."""
        facts = {"schedules": list(schedule_ids), "limit": limit}
        with translated():
            rows = await self._session.execute(_NEWEST, facts)
        return [Fire(row.schedule_id, utc(row.fire_at), row.job_id, row.manual) for row in rows]

    async def active(self, schedule_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those schedules of which a newest job waits or runs."""
        if not schedule_ids:
            return frozenset()
        facts = {"schedules": list(schedule_ids), "newest": NEWEST}
        with translated():
            return frozenset(await self._session.scalars(_WITH_JOBS, facts))

    async def forget(self, older_than: timedelta, limit: int) -> int:
        """Forget old fire times."""
        with translated():
            gone = await self._session.execute(_FORGET, {"older_than": older_than, "limit": limit})
            return len(gone.all())
