"""A handler's own writes and its success are kept together, or neither is."""

import asyncio
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import a_birth
from tests.unit.worker.world import World

from equeue import Context, Tasks
from equeue.adapters.memory.transactions import MemoryTransactions
from equeue.application.ports.jobs import Settled
from equeue.application.ports.transactions import TransactionRefused
from equeue.domain.errors import Unavailable
from equeue.domain.ids import UUID
from equeue.domain.job import Job
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.settlement import Settlement
from equeue.domain.status import JobStatus

WRITTEN = UUID(int=4711)


class Counted:
    """Transactions in memory, of which a test can tell how many are open."""

    def __init__(self, world: World) -> None:
        self._transactions = MemoryTransactions(world.store)
        self.open = 0

    async def begin(self, limit: timedelta) -> Any:
        self.open += 1
        return CountedOne(self, await self._transactions.begin(limit))


class CountedOne:
    def __init__(self, counted: Counted, opened: Any) -> None:
        self._counted = counted
        self._opened = opened
        self._over = False
        self.connection = opened.connection

    async def settle(self, settlement: Settlement) -> Settled:
        self._end()
        told: Settled = await self._opened.settle(settlement)
        return told

    async def roll_back(self) -> None:
        self._end()
        await self._opened.roll_back()

    def _end(self) -> None:
        self._counted.open -= not self._over
        self._over = True


async def write(connection: Any) -> None:
    """Write something that a test can look for: a job, for want of other tables in memory."""
    await connection.jobs.add([a_birth(job_id=WRITTEN, queue="elsewhere")])


def only(handler: Any, **settings: Any) -> Tasks:
    """Return tasks whose `a.task` is `handler`."""
    tasks = Tasks()
    tasks.task("a.task", **settings)(handler)
    return tasks


async def ran(world: World, handler: Any, **parts: Any) -> Job:
    """Run one job to its end, without retries."""
    await world.start(only(handler, max_retries=0), **parts)
    job_id = await world.enqueue("a.task")
    await world.until_ended(job_id)
    return world.job(job_id)


async def test_writes_and_success_are_kept_together(world: World) -> None:
    """Nothing of it is seen before the handler has returned."""
    seen: list[bool] = []

    async def handler(ctx: Context) -> str:
        async with ctx.transaction() as connection:
            await write(connection)
        seen.append(WRITTEN in world.store.jobs)
        return "done"

    job = await ran(world, handler)
    assert (job.status, job.result, seen, WRITTEN in world.store.jobs) == (
        JobStatus.SUCCEEDED,
        b'"done"',
        [False],
        True,
    )


@pytest.mark.parametrize("inside", [True, False])
async def test_a_failure_undoes_the_writes(world: World, *, inside: bool) -> None:
    """Wherever the handler failed, within the block or after it."""

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
            if inside:
                raise ValueError("no")
        raise ValueError("no")

    transactions = Counted(world)
    job = await ran(world, handler, transactions=transactions)
    assert (job.status, WRITTEN in world.store.jobs, transactions.open) == (JobStatus.DEAD, False, 0)


async def test_a_caught_failure_of_the_block_leaves_the_rest(world: World) -> None:
    """A handler may go on without what it undid, and try again."""

    async def handler(ctx: Context) -> str:
        try:
            async with ctx.transaction() as connection:
                await write(connection)
                raise ValueError("not this way")  # noqa: TRY301 - the block is what counts
        except ValueError:
            async with ctx.transaction() as connection:
                await write(connection)
            return "done"

    job = await ran(world, handler)
    assert (job.status, WRITTEN in world.store.jobs) == (JobStatus.SUCCEEDED, True)


async def test_a_lost_lease_undoes_the_writes(world: World) -> None:
    """The fence that refuses the success refuses what came with it."""

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
        world.store.jobs[ctx.job.job_id] = attrs.evolve(world.job(ctx.job.job_id), lease_token=2)

    transactions = Counted(world)
    await world.start(only(handler), transactions=transactions)
    await world.enqueue("a.task")
    await world.until(lambda: "job.lease_lost" in world.log.events())
    assert (WRITTEN in world.store.jobs, transactions.open) == (False, 0)


async def test_a_lease_lost_while_running_undoes_the_writes(world: World) -> None:
    """Nobody settles such an attempt, and still its transaction ends."""

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
        await asyncio.Event().wait()

    transactions = Counted(world)
    await world.start(only(handler), transactions=transactions)
    job_id = await world.enqueue("a.task")
    await world.until(lambda: transactions.open == 1)
    held = world.job(job_id)
    later = world.clock.now() + timedelta(days=1)
    world.store.jobs[job_id] = attrs.evolve(held, lease_token=2, lease_expires_at=later)
    await world.timers.move(11)
    assert (WRITTEN in world.store.jobs, transactions.open) == (False, 0)


async def test_a_timeout_undoes_the_writes(world: World) -> None:
    """An attempt that did not end in time leaves nothing behind."""

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
            await asyncio.Event().wait()

    await world.start(only(handler, timeout=5))
    job_id = await world.enqueue("a.task", max_retries=0)
    await world.timers.move(6)
    assert (world.job(job_id).status, WRITTEN in world.store.jobs) == (JobStatus.DEAD, False)


async def test_a_stuck_handler_leaves_no_transaction_open(world: World) -> None:
    """Its slot is given up, and what it wrote with it."""
    go = asyncio.Event()

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
            while not go.is_set():
                try:
                    await go.wait()
                except asyncio.CancelledError:
                    continue

    transactions = Counted(world)
    await world.start(only(handler, timeout=5), transactions=transactions)
    job_id = await world.enqueue("a.task", max_retries=0)
    await world.timers.move(6)
    await world.timers.move(6)
    assert transactions.open == 0
    go.set()
    await world.until(lambda: "handler.late" in world.log.events())
    assert (world.job(job_id).status, WRITTEN in world.store.jobs) == (JobStatus.DEAD, False)


async def test_children_are_kept_with_the_writes(world: World) -> None:
    """All three or none: success, writes, children."""

    async def handler(ctx: Context) -> str:
        async with ctx.transaction() as connection:
            await write(connection)
        return str(await ctx.enqueue("child.task", {}))

    job = await ran(world, handler)
    child = next(each for each in world.store.jobs.values() if each.parent_id == job.id)
    assert (job.result, WRITTEN in world.store.jobs) == (f'"{child.id}"'.encode(), True)


class Answering:
    """Transactions whose settle answers as a test wants, after doing its work or not."""

    def __init__(self, world: World, error: Exception, *, done: bool) -> None:
        self._transactions = MemoryTransactions(world.store)
        self._error: Exception | None = error
        self._done = done

    async def begin(self, limit: timedelta) -> Any:
        opened = await self._transactions.begin(limit)
        if self._error is not None:
            error, self._error = self._error, None
            return Troubled(opened, error, done=self._done)
        return opened


class Troubled:
    def __init__(self, opened: Any, error: Exception, *, done: bool) -> None:
        self._opened = opened
        self._error = error
        self._done = done
        self.connection = opened.connection

    async def settle(self, settlement: Settlement) -> Settled:
        if self._done:
            await self._opened.settle(settlement)
        raise self._error

    async def roll_back(self) -> None:
        await self._opened.roll_back()


async def wrote(ctx: Context) -> int:
    """Write in a transaction."""
    async with ctx.transaction() as connection:
        await write(connection)
    return ctx.attempt


async def test_a_commit_that_is_refused_fails_the_attempt(world: World) -> None:
    """A constraint that is checked at the end, say: the reason is kept, the writes are not."""
    refusing = Answering(world, TransactionRefused("total must be positive"), done=False)
    job = await ran(world, wrote, transactions=refusing)
    assert (job.status, WRITTEN in world.store.jobs) == (JobStatus.DEAD, False)
    assert job.error is not None
    assert job.error.message == "total must be positive"


async def test_a_commit_whose_answer_got_lost_has_happened_once(world: World) -> None:
    """The job is given back, which is refused, for it has succeeded."""
    await world.start(only(wrote), transactions=Answering(world, Unavailable("cut"), done=True))
    job_id = await world.enqueue("a.task")
    await world.timers.move(10)
    assert (world.job(job_id).status, world.job(job_id).result) == (JobStatus.SUCCEEDED, b"1")
    assert WRITTEN in world.store.jobs


async def test_a_commit_that_never_arrived_is_done_again(world: World) -> None:
    """The job is given back uncharged, and its next attempt writes."""
    await world.start(only(wrote), transactions=Answering(world, Unavailable("cut"), done=False))
    job_id = await world.enqueue("a.task")
    await world.until_ended(job_id)
    assert (world.job(job_id).result, world.job(job_id).retry_count) == (b"2", 0)
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.RELEASED
    assert WRITTEN in world.store.jobs


async def test_one_block_an_attempt(world: World) -> None:
    """Two would be two chances of being half done."""

    async def handler(ctx: Context) -> None:
        async with ctx.transaction() as connection:
            await write(connection)
        async with ctx.transaction():
            pass

    job = await ran(world, handler)
    assert job.error is not None
    assert (job.status, WRITTEN in world.store.jobs) == (JobStatus.DEAD, False)
    assert "one transaction" in job.error.message


async def test_a_plain_function_has_no_transaction(world: World) -> None:
    """It runs in a thread, where the connection does not belong."""

    def handler(ctx: Context) -> None:
        asyncio.run(_enter(ctx))

    job = await ran(world, handler)
    assert job.error is not None
    assert "on the worker's own loop" in job.error.message


async def _enter(ctx: Context) -> None:
    async with ctx.transaction():
        pass
