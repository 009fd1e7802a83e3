"""A retry and a prune meet at one job: it is a live row with all its attempts, or it is not there, and never half."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, LiteralString

import attrs
import psycopg
import pytest
from tests.builders import OOPS, a_birth, minutes
from tests.integration.races.conftest import WAITING, Arena

from equeue.application.manage import Answer, Moved
from equeue.application.ports.pruning import Keep
from equeue.domain.errors import JobNotFound
from equeue.domain.ids import JobId
from equeue.domain.job import Job
from equeue.domain.outcomes import Discarded
from equeue.domain.status import JobStatus

pytestmark = pytest.mark.timeout(600)

AN_HOUR = Keep(minutes(60))
HELD = """
create function wait_at_commit() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(1);
  return null;
end $$;
create constraint trigger wait_at_commit after {verb} on equeue.jobs deferrable initially deferred
  for each row execute function wait_at_commit();
"""


async def dead_for_long(arena: Arena, jobs: int) -> list[Job]:
    """Return jobs that died over an hour ago."""
    dead = [await arena.world.ended(await arena.world.claimed(a_birth()), Discarded(OOPS)) for _ in range(jobs)]
    await arena.world.let_pass(minutes(61))
    return dead


async def pruned(arena: Arena) -> int:
    """Prune one set, and return how many jobs were forgotten."""
    return (await arena.world.pruning.jobs(JobStatus.DEAD, AN_HOUR, after=None, limit=100)).pruned


@attrs.frozen
class Holder:
    """Holds back those who have done their work and are about to commit."""

    connection: psycopg.AsyncConnection[Any]

    async def until(self, waiting: int) -> None:
        """Return once so many wait, for this or for one another."""
        while (await (await self.connection.execute(WAITING)).fetchone() or (0,))[0] < waiting:
            pass

    async def let_go(self) -> None:
        """Let them commit."""
        await self.connection.execute("select pg_advisory_unlock_all()")


@asynccontextmanager
async def held_at_commit(arena: Arena, verb: LiteralString) -> AsyncIterator[Holder]:
    """Hold back the commits of whoever updates or deletes a job."""
    async with await psycopg.AsyncConnection.connect(arena.url, autocommit=True) as connection:
        await connection.execute(HELD.format(verb=verb).encode())
        await connection.execute("select pg_advisory_lock(1)")
        yield Holder(connection)


async def is_whole_or_gone(arena: Arena, job_id: JobId, answer: Answer) -> bool:
    """See that what the retry said of a job is so; tell whether the job is there."""
    found, attempts = await arena.world.reads.get(job_id), await arena.world.attempts(job_id)
    if isinstance(answer, JobNotFound):
        assert (found, attempts) == (None, [])
        return False
    assert isinstance(answer, Moved)
    now = await arena.world.job(job_id)
    assert (now.status, now.retry_count, now.finished_at, len(attempts)) == (JobStatus.QUEUED, 0, None, 1)
    return True


async def test_retry_races_prune(arena: Arena) -> None:
    """Of some jobs at once: each is queued again, or gone and reported as such, in whatever order they come."""
    for number in arena.rounds():
        jobs = await dead_for_long(arena, 2)
        retry = partial(arena.world.manage.retry, [job.id for job in jobs])
        answers, _ = await arena.race(number, retry, partial(pruned, arena))
        for job in jobs:
            if await is_whole_or_gone(arena, job.id, answers[job.id]):
                await arena.world.cancel(job.id)


async def test_a_retry_behind_a_prune_finds_nothing(arena: Arena) -> None:
    """It waits for the row that a prune takes away, and says that the job is not there."""
    (job,) = await dead_for_long(arena, 1)
    async with held_at_commit(arena, "delete") as waiting, asyncio.TaskGroup() as group:
        prune = group.create_task(pruned(arena))
        await waiting.until(1)
        retry = group.create_task(arena.world.manage.retry([job.id]))
        await waiting.until(2)
        await waiting.let_go()
    assert prune.result() == 1
    assert not await is_whole_or_gone(arena, job.id, retry.result()[job.id])


async def test_a_prune_behind_a_retry_leaves_the_job(arena: Arena) -> None:
    """It passes over the row that somebody is about to change, and leaves alone what that became."""
    (job,) = await dead_for_long(arena, 1)
    async with held_at_commit(arena, "update") as waiting, asyncio.TaskGroup() as group:
        retry = group.create_task(arena.world.manage.retry([job.id]))
        await waiting.until(1)
        assert await pruned(arena) == 0
        await waiting.let_go()
    assert await pruned(arena) == 0
    assert await is_whole_or_gone(arena, job.id, retry.result()[job.id])
