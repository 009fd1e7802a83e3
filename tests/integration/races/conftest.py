"""Races run on real connections: two contenders, one job, and sometimes a third party that holds its row."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import attrs
import psycopg
import pytest
from tests.contract.postgres_world import postgres_world
from tests.contract.world import World

ROUNDS = int(os.environ.get("EQUEUE_RACE_ROUNDS", "100"))
WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

Contender: TypeAlias = Callable[[], Awaitable[Any]]


@attrs.frozen
class Arena:
    """A world in PostgreSQL, and a way to let two commands race in it."""

    world: World
    url: str

    def rounds(self) -> Iterator[int]:
        """Return the numbers of the rounds."""
        return iter(range(ROUNDS))

    async def race(self, number: int, *contenders: Contender) -> Sequence[Any]:
        """Start all contenders at once, another one first in each round; return what each got, in their order."""
        turn = number % len(contenders)
        order = [*range(turn, len(contenders)), *range(turn)]
        got = await gather([contenders[place] for place in order])
        return [got[order.index(place)] for place in range(len(contenders))]

    async def race_behind(self, job_id: UUID, number: int, *contenders: Contender) -> Sequence[Any]:
        """Do the same while a third party holds the job's row, until all contenders wait for it."""
        async with self._holding(job_id) as let_go:
            race = self.race(number, *contenders, lambda: let_go(len(contenders)))
            return (await race)[:-1]

    @asynccontextmanager
    async def _holding(self, job_id: UUID) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        async with await psycopg.AsyncConnection.connect(self.url) as holder:
            await holder.execute("select 1 from equeue.jobs where id = %s for update", (job_id,))

            async def let_go(waiting: int) -> None:
                async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as watcher:
                    while (await (await watcher.execute(WAITING)).fetchone() or (0,))[0] < waiting:
                        pass
                await holder.commit()

            yield let_go


async def gather(contenders: Sequence[Contender]) -> Sequence[Any]:
    """Run contenders together; an error of one ends all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(contender)) for contender in contenders]
    return [task.result() for task in tasks]


async def _run(contender: Contender) -> Any:
    return await contender()


@pytest.fixture
async def arena(database_url: str) -> AsyncIterator[Arena]:
    """Give an empty arena."""
    async with postgres_world(database_url) as world:
        yield Arena(world, database_url)
