"""Figures of the past in PostgreSQL: told by whatever moves jobs, put together by a pass, summed at each look."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.dead_letters import GroupFilter
from ...domain.histogram import Histogram
from ...domain.statistics import HOURS_KEPT, MINUTES_KEPT, Figures, Period, Span
from .dead_letters import narrowed
from .errors import translated
from .rows import utc
from .statistics_models import COUNTERS, ORIGIN

_NAMES = ", ".join(COUNTERS)
_SUMS = ", ".join(f"sum({name})::bigint as {name}" for name in COUNTERS)
_KEY = "at, period, queue, task, user_id"
_DROPPED = f"now() - interval '{HOURS_KEPT.total_seconds():.0f} s'"
_COARSE = f"date_bin('1 hour', now() - interval '{MINUTES_KEPT.total_seconds():.0f} s', {ORIGIN})"
"""Minutes before this are put into their hours, whole hours at a time."""

NO_JIT = text("select set_config('jit', 'off', true)")

# Rollups of the span by their key, and what is not folded in yet, in one snapshot: exact however far the pass has come.
FIGURES = f"""
with rolled as materialized (
  select date_bin(:step, at, {ORIGIN}) as step, {_NAMES}, waits, runs
  from equeue.stats_rollups
  where at >= :start and at < :end and {{where}}
),
fresh as materialized (
  select date_bin(:step, at, {ORIGIN}) as step, {_NAMES}, waits, runs
  from equeue.stats_changes
  where at >= :start and at < :end and {{where}}
),
lasted as (
  select step, waited, place, sum(jobs)::bigint as jobs
  from (
    select step, true as waited, packed & 255 as place, packed >> 8 as jobs from rolled, unnest(waits) as packed
    union all
    select step, false, packed & 255, packed >> 8 from rolled, unnest(runs) as packed
    union all
    select step, true, place, 1 from fresh, unnest(waits) as place
    union all
    select step, false, place, 1 from fresh, unnest(runs) as place
  ) as each
  group by step, waited, place
),
histograms as (
  select step,
    array_agg(array[place, jobs]) filter (where waited) as waits,
    array_agg(array[place, jobs]) filter (where not waited) as runs
  from lasted
  group by step
)
select step, {", ".join(f"told.{name}" for name in COUNTERS)}, histograms.waits, histograms.runs
from (
  select step, {_SUMS}
  from (select step, {_NAMES} from rolled union all select step, {_NAMES} from fresh) as every
  group by step
) as told
left join histograms using (step)
"""

# What was taken by its keys, its durations one by one or counted: `taken` and `lasted` come from whoever takes.
_INTO_ROLLUPS = f"""
summed as (
  select {_KEY}, count(*) as changes, {_SUMS}
  from taken
  group by {_KEY}
),
packed as (
  select {_KEY},
    array_agg(jobs * 256 + place) filter (where waited) as waits,
    array_agg(jobs * 256 + place) filter (where not waited) as runs
  from (select {_KEY}, waited, place, sum(jobs)::bigint as jobs from lasted group by {_KEY}, waited, place) as each
  group by {_KEY}
),
folded as (
  insert into equeue.stats_rollups as r ({_KEY}, {_NAMES}, waits, runs)
  select {_KEY}, {_NAMES}, coalesce(packed.waits, '{{}}'), coalesce(packed.runs, '{{}}')
  from summed
  left join packed using ({_KEY})
  order by {_KEY}
  on conflict ({_KEY}) do update
  set {", ".join(f"{name} = r.{name} + excluded.{name}" for name in COUNTERS)},
      waits = equeue.merged_durations(r.waits || excluded.waits),
      runs = equeue.merged_durations(r.runs || excluded.runs)
)
"""

# The oldest changes by the primary key; another process's are passed over. Who is to be added to is sorted, so that
# two passes never wait for one another in a ring.
FOLD = text(f"""
with gone as materialized (
  delete from equeue.stats_changes as c
  where c.id = any(array(
    select q.id from equeue.stats_changes as q order by q.id limit :limit for update skip locked
  ))
  returning c.at, c.queue, c.task, c.user_id, {_NAMES}, c.waits, c.runs
),
taken as (
  select case when late then date_bin('1 hour', at, {ORIGIN}) else at end as at,
    case when late then '{Period.HOUR}' else '{Period.MINUTE}' end::equeue.stats_period as period,
    queue, task, user_id, {_NAMES}, waits, runs
  from (select *, at < {_COARSE} as late from gone) as told
),
lasted as (
  select {_KEY}, true as waited, place, 1 as jobs from taken, unnest(waits) as place
  union all
  select {_KEY}, false, place, 1 from taken, unnest(runs) as place
),
{_INTO_ROLLUPS}
select coalesce(sum(changes), 0)::integer from summed
""")

# Minutes that are past their time, along the primary key.
COARSEN = text(f"""
with gone as materialized (
  delete from equeue.stats_rollups as c
  where c.ctid = any(array(
    select q.ctid
    from equeue.stats_rollups as q
    where q.at < {_COARSE} and q.period = '{Period.MINUTE}'
    order by q.at
    limit :limit
    for update skip locked
  ))
  returning c.at, c.queue, c.task, c.user_id, {_NAMES}, c.waits, c.runs
),
taken as (
  select date_bin('1 hour', at, {ORIGIN}) as at, '{Period.HOUR}'::equeue.stats_period as period, queue, task, user_id,
    {_NAMES}, waits, runs
  from gone
),
lasted as (
  select {_KEY}, true as waited, place & 255 as place, place >> 8 as jobs from taken, unnest(waits) as place
  union all
  select {_KEY}, false, place & 255, place >> 8 from taken, unnest(runs) as place
),
{_INTO_ROLLUPS}
select coalesce(sum(changes), 0)::integer from summed
""")

FORGET = text(f"""
with gone as (
  delete from equeue.stats_rollups as c
  where c.ctid = any(array(
    select q.ctid from equeue.stats_rollups as q where q.at < {_DROPPED} order by q.at limit :limit
    for update skip locked
  ))
  returning 1
)
select count(*)::integer from gone
""")


@attrs.frozen
class PostgresStatistics:
    """`Statistics` over what is committed."""

    _engine: AsyncEngine

    async def figures(self, where: GroupFilter, span: Span) -> Mapping[datetime, Figures]:
        """Return what happened by steps."""
        conditions, facts = narrowed(where)
        facts |= {"start": span.start, "end": span.end, "step": span.step}
        with translated():
            async with self._engine.connect() as connection:
                await connection.execute(NO_JIT)
                rows = (await connection.execute(text(FIGURES.format(where=conditions)), facts)).all()
        return {utc(row.step): _figures(row) for row in rows}

    async def fold(self, limit: int) -> int:
        """Put at most `limit` changes into their minutes."""
        return await self._changed(FOLD, limit)

    async def tidy(self, limit: int) -> int:
        """Put minutes that are past their time into hours, and forget hours that are past theirs."""
        return await self._changed(FORGET, limit) + await self._changed(COARSEN, limit)

    async def _changed(self, statement: Any, limit: int) -> int:
        with translated():
            async with self._engine.begin() as connection:
                return int((await connection.execute(statement, {"limit": limit})).scalar_one())


def _figures(row: Any) -> Figures:
    waits, runs = (Histogram(dict(counted or ())) for counted in (row.waits, row.runs))
    return Figures(row.enqueued, row.succeeded, row.dead, row.cancelled, row.failed, row.retried, waits, runs)
