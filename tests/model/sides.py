"""How the system's own values and the oracle's plain ones are compared, and the system's clock that always ticks."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from tests.contract.world import World
from tests.model import oracle

from equeue.adapters.memory.platform import MovableClock
from equeue.application.manage import Answer, Moved
from equeue.application.ports.jobs import Created, Enqueued, Existing
from equeue.application.ports.reads import Attempt, JobFilter
from equeue.domain.errors import DomainError
from equeue.domain.job import Job
from equeue.domain.lease import Claim, Fence

TICK = timedelta(seconds=100)
"""What takes the machine less than half of this between two calls cannot change an answer."""

WORKERS = tuple(UUID(int=7 << 76 | 2 << 62 | 0xA000 + n) for n in range(3))
OWNERS = (None, UUID(int=7 << 76 | 2 << 62 | 0xB001), UUID(int=7 << 76 | 2 << 62 | 0xB002))


LOOK = """
select id, status::text, task, queue, priority, attempt, lease_token as token, retry_count as retries, max_retries,
  lapse_count as lapses, revision, worker_id as worker, started_at is not null as started, run_at, expires_at,
  finished_at, lease_expires_at as lease, unique_slot is not null as slot,
  cancel_requested_at is not null as cancel_requested, cancel_reason as reason, error ->> 'type' as error, result,
  progress, now() as now
from equeue.jobs
"""


class TickingClock(MovableClock):
    """A clock in memory on which no two calls happen at the same instant, as it is with a real one."""

    def now(self) -> datetime:
        """Return an instant later than the one before."""
        self.move(timedelta(microseconds=1))
        return super().now()


def job_id(number: int) -> UUID:
    """Return the identity of the oracle's job; a greater number sorts later."""
    return UUID(int=number << 80 | 7 << 76 | 2 << 62)


def number_of(job_id: UUID) -> int:
    """Return the oracle's number of a job."""
    return job_id.int >> 80


def fence_of(fence: Fence) -> oracle.Fence:
    """Return the oracle's fence."""
    return number_of(fence.job_id), fence.token


@attrs.define(eq=False)
class Side:
    """One world in the comparison, with the claims that its workers were ever given."""

    name: str
    world: World
    claims: dict[oracle.Fence, Claim] = attrs.field(factory=dict)

    async def look(self) -> dict[oracle.Id, oracle.Row]:
        """Return all that is to be compared about every job, by the shortest way there is."""
        return await self.read()

    async def read(self) -> dict[oracle.Id, oracle.Row]:
        """Return the same as readers are told it."""
        page = await self.world.reads.page(JobFilter(), limit=1_000, oldest_first=True)
        assert not page.has_more
        return {number_of(job.id): job_seen(job, page.server_time) for job in page.items}


@attrs.define(eq=False)
class PostgresSide(Side):
    """PostgreSQL, looked into by one statement on a connection of its own."""

    connection: AsyncConnection[DictRow] = attrs.field(kw_only=True)

    async def look(self) -> dict[oracle.Id, oracle.Row]:
        """Return what the table says."""
        cursor = await self.connection.execute(LOOK)
        return {number_of(row.pop("id")): _row_seen(row) for row in await cursor.fetchall()}


def _row_seen(row: dict[str, Any]) -> oracle.Row:
    now = row.pop("now")
    for name in ("run_at", "expires_at", "finished_at", "lease"):
        row[name] = _ticks(row[name], now)
    row["worker"] = None if row["worker"] is None else WORKERS.index(row["worker"])
    return row


def enqueued(answer: Enqueued) -> tuple[str, int]:
    """Return the answer to a birth in the oracle's words."""
    if isinstance(answer, Created):
        return "created", number_of(answer.job.id)
    if isinstance(answer, Existing):
        return "existing", number_of(answer.job.id)
    return "rejected", number_of(answer.existing_job_id)


def moved(answer: Answer) -> str:
    """Return the answer to a person's move in one word."""
    if isinstance(answer, Moved):
        return "repeated" if answer.repeated else "moved"
    assert isinstance(answer, DomainError)
    return answer.code


def job_seen(job: Job, now: datetime) -> oracle.Row:
    """Return all that is to be compared about a job, its times in ticks from now."""
    return {
        "status": str(job.status),
        "task": job.task,
        "queue": job.queue,
        "priority": job.priority,
        "attempt": job.attempt,
        "token": job.lease_token,
        "retries": job.retry_count,
        "max_retries": job.max_retries,
        "lapses": job.lapse_count,
        "revision": job.revision,
        "worker": None if job.worker_id is None else WORKERS.index(job.worker_id),
        "started": job.started_at is not None,
        "run_at": _ticks(job.run_at, now),
        "expires_at": _ticks(job.expires_at, now),
        "finished_at": _ticks(job.finished_at, now),
        "lease": _ticks(job.lease_expires_at, now),
        "slot": job.unique_slot is not None,
        "cancel_requested": job.cancel_requested_at is not None,
        "reason": job.cancel_reason,
        "error": job.error and job.error.type,
        "result": job.result and json.loads(job.result),
        "progress": job.progress and json.loads(job.progress),
    }


def job_expected(job: oracle.Row, now: int) -> oracle.Row:
    """Return the same of the oracle's job."""
    row: dict[str, Any] = {name: value for name, value in job.items() if name not in ("backoff", "held_while")}
    for name in ("run_at", "expires_at", "finished_at", "lease"):
        row[name] = row[name] and row[name][0] - now
    return row | {"slot": row["slot"] is not None}


def attempt_seen(attempt: Attempt) -> oracle.Row:
    """Return all that is to be compared about an attempt."""
    return {
        "attempt": attempt.attempt,
        "outcome": str(attempt.outcome),
        "worker": None if attempt.worker_id is None else WORKERS.index(attempt.worker_id),
        "started": attempt.started_at is not None,
        "error": attempt.error and attempt.error.type,
    }


def attempts_expected(known: oracle.Oracle, job: oracle.Id) -> list[oracle.Row]:
    """Return the oracle's attempts of a job, oldest first."""
    rows = [row for (number, _), row in known.attempts.items() if number == job]
    return sorted(rows, key=lambda row: int(row["attempt"]))


def _ticks(instant: datetime | None, now: datetime) -> int | None:
    return None if instant is None else round((instant - now) / TICK)
