"""Jobs as people change them, in PostgreSQL: sets of them in one statement of the unit's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import psycopg
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.jobs import Change, Created, Enqueued, Existing, Rejected
from ...domain.errors import InvalidJob, Violation
from ...domain.ids import JobId
from ...domain.job import Job
from ...domain.spec import Birth, OnConflict
from ...domain.status import JobStatus
from .engine import driver_of
from .errors import UNSTORABLE, translated, violation
from .insertion import ADD, ADD_FRESH, document, row_of
from .models import JobRow
from .moves import CHANGE, CHANGE_PAYLOAD, REMOVE, change_columns, changes_payload, facts_columns
from .rows import job_of, utc

# A range of ix_jobs_claim, read no further than the answer needs.
_DEPTH = f"""
select count(*)
from (
  select from equeue.jobs as q where q.queue = %(queue)b and (q.status = '{JobStatus.QUEUED}') is true limit %(cap)b
) as waiting
"""  # noqa: S608 - a word of the domain

ALL_COLUMNS = tuple(JobRow.__table__.columns)


@attrs.frozen
class PostgresJobRepository:
    """A `JobRepository` in a session's transaction; the large statements go straight to the driver."""

    _session: AsyncSession

    async def add(self, births: Sequence[Birth]) -> Sequence[Enqueued]:
        """Store new jobs; a unique key that is held yields the holder, looked for until there is one or none."""
        answers: dict[JobId, Enqueued] = {}
        waiting = list(births)
        with translated():
            while waiting:
                answers.update(await self._insert(waiting, births))
                waiting = [birth for birth in waiting if birth.job_id not in answers]
                if waiting:
                    answers.update(await self._holders(waiting))
                    waiting = [birth for birth in waiting if birth.job_id not in answers]
        return [answers[birth.job_id] for birth in births]

    async def load(self, job_ids: Collection[JobId]) -> Sequence[Job]:
        """Return those of the jobs that exist."""
        with translated():
            return await self._select(JobRow.id.in_(job_ids)) if job_ids else []

    async def change(self, changes: Sequence[Change]) -> frozenset[JobId]:
        """Write the moves; return the ids of jobs that had moved on."""
        ordered = sorted(changes, key=lambda change: change.before.id)
        edits = [change for change in ordered if changes_payload(change)]
        others = [change for change in ordered if not changes_payload(change)]
        written: set[JobId] = set()
        with translated():
            for statement, moves in ((CHANGE, others), (CHANGE_PAYLOAD, edits)):
                if moves:
                    written |= {row[0] for row in await self._run(statement, change_columns(moves))}
        return frozenset(change.before.id for change in changes) - written

    async def remove(self, jobs: Collection[Job]) -> frozenset[JobId]:
        """Forget jobs and their attempts; return the ids of those that had moved on."""
        if not jobs:
            return frozenset()
        with translated():
            gone = await self._run(REMOVE, facts_columns(sorted(jobs, key=lambda job: job.id)))
        return frozenset(job.id for job in jobs) - {row[0] for row in gone}

    async def depth(self, queue: str, cap: int) -> int:
        """Return how many jobs wait in a queue, counted up to `cap`."""
        with translated():
            ((found,),) = await self._run(_DEPTH, {"queue": queue, "cap": cap})
        return int(found)

    async def _insert(self, births: Sequence[Birth], whole: Sequence[Birth]) -> dict[JobId, Enqueued]:
        """Insert what no key stands in the way of."""
        if len(births) == 1:
            return await self._insert_set(births, whole)
        driver = await self._driver()
        try:
            async with driver.transaction():
                return await self._insert_set(births, whole)
        except UNSTORABLE:
            raise InvalidJob(await self._violations(births, whole)) from None

    async def _insert_set(self, births: Sequence[Birth], whole: Sequence[Birth]) -> dict[JobId, Enqueued]:
        try:
            keys = any(birth.unique_slot for birth in births)
            rows = await self._run(ADD if keys else ADD_FRESH, {"jobs": document([row_of(birth) for birth in births])})
        except UNSTORABLE as error:
            if len(births) > 1:
                raise
            place = whole.index(births[0])
            raise InvalidJob((violation(error).under(f"/{place}"),)) from error
        by_id = {birth.job_id: birth for birth in births}
        return {row[0]: created(by_id[row[0]], *row[1:]) for row in rows}

    async def _violations(self, births: Sequence[Birth], whole: Sequence[Birth]) -> tuple[Violation, ...]:
        """Find which of a set that cannot be stored are to blame, by trying each by itself."""
        driver = await self._driver()
        blamed: list[Violation] = []
        for birth in births:
            try:
                async with driver.transaction(force_rollback=True):
                    await self._insert_set([birth], whole)
            except InvalidJob as invalid:
                blamed.extend(invalid.violations)
        return tuple(blamed)

    async def _holders(self, births: Sequence[Birth]) -> Mapping[JobId, Enqueued]:
        """Return the answers for births whose key another job holds; none for those whose holder is gone by now."""
        slots = {birth.unique_slot for birth in births if birth.unique_slot is not None}
        holders = {job.unique_slot: job for job in await self._select(JobRow.unique_slot.in_(slots))}
        return {
            birth.job_id: _answer(birth, holders[birth.unique_slot]) for birth in births if birth.unique_slot in holders
        }

    async def _select(self, where: ColumnElement[bool]) -> list[Job]:
        rows = await self._session.execute(select(*ALL_COLUMNS).where(where))
        return [job_of(row) for row in rows]

    async def _run(self, statement: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        driver = await self._driver()
        cursor = driver.cursor(binary=True)
        await cursor.execute(statement, facts)
        return await cursor.fetchall()

    async def _driver(self) -> psycopg.AsyncConnection[Any]:
        """Return the driver's own connection, in the session's transaction."""
        return await driver_of(await self._session.connection())


def created(birth: Birth, created_at: datetime, payload: str) -> Created:
    """Return the job as it is stored: PostgreSQL writes a document its own way."""
    return Created(attrs.evolve(Job.born(birth, utc(created_at)), payload=payload.encode()))


def _answer(birth: Birth, holder: Job) -> Enqueued:
    unique = birth.spec.unique
    if unique is not None and unique.on_conflict is OnConflict.REJECT:
        return Rejected(holder.id)
    return Existing(holder)
