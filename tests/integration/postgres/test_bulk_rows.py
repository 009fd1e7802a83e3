"""Bulk operations as rows: what a build does not understand it does not carry out."""

import pytest
from psycopg import Connection
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.postgres.errors import StorageFault
from equeue.adapters.system import SystemClock
from equeue.application.bulk_batches import AdvanceBulk, Pace
from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import BulkOperation, BulkStatus, Tally
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.filter_text import MAX_CHARS, read, write
from equeue.domain.status import JobStatus


async def test_a_condition_of_a_later_build_is_never_left_out(world: World, sql: Connection) -> None:
    """To leave it out would widen the filter; the operation waits for a build that knows it."""
    sql.execute(
        "insert into equeue.bulk_operations (action, filter, mark)"
        """ values ('cancel', '{"queues": ["mail"], "phase_of_the_moon": "full"}', now())"""
    )
    with pytest.raises(StorageFault, match="phase_of_the_moon"):
        await AdvanceBulk(world.units_of_work, world.queue, SystemClock())()


async def test_a_text_of_a_later_build_is_never_left_out(world: World, sql: Connection) -> None:
    """Nor is one that names a field which this build does not know."""
    sql.execute(
        "insert into equeue.bulk_operations (action, filter, mark)"
        """ values ('cancel', '{"condition": "moon:full"}', now())"""
    )
    with pytest.raises(StorageFault, match="moon"):
        await AdvanceBulk(world.units_of_work, world.queue, SystemClock())()


async def test_a_text_is_kept_with_its_plan(world: World) -> None:
    """Word for word, though it became longer than anybody may write it."""
    text = " ".join(f"tag:{','.join(chr(0x4E00 + n * 10 + m) for m in range(10))}" for n in range(9))
    condition = read(f'{text} (created:>-1h OR -payload."a b":1) error~"{"x" * 700}"')
    now = await world.now()
    where = BulkFilter(condition=condition, statuses=(JobStatus.DEAD,))
    plan = BulkPlan(action=BulkAction.RETRY, where=where, mark=now)
    operation = BulkOperation.created(uuid7(), plan, SYSTEM, 5, now)
    async with world.units_of_work() as unit:
        await unit.bulk.add(operation)
        await unit.commit()
    assert len(write(condition)) > MAX_CHARS
    kept = await world.bulk_reads.get(operation.id)
    assert kept is not None
    assert kept.plan.where == where
    assert kept.plan.hash == plan.hash


async def test_a_job_that_cannot_be_written_does_not_stop_the_others(world: World, sql: Connection) -> None:
    """Batches shrink down to the one job, which is counted as failed; the others are done."""
    sql.execute(
        "insert into equeue.jobs (task, queue, priority, created_at) select 't', 'mail', n, now() - n * interval '1 s'"
        " from generate_series(1, 5) as n"
    )
    sql.execute("alter table equeue.jobs add constraint ck_jobs_test check (queue <> 'new' or priority % 2 = 0)")
    now = await world.now()
    plan = BulkPlan(action=BulkAction.MOVE, where=BulkFilter(queues=("mail",)), mark=now, queue="new")
    operation = BulkOperation.created(uuid7(), plan, SYSTEM, 5, now)
    async with world.units_of_work() as unit:
        await unit.bulk.add(operation)
        await unit.commit()
    process = AdvanceBulk(world.units_of_work, world.queue, SystemClock(), Pace(size=4))
    try:
        for _ in range(60):
            if not await process():
                break
            sql.execute("update equeue.bulk_operations set due_at = now()")
    finally:
        sql.execute("alter table equeue.jobs drop constraint ck_jobs_test")
    ended = await world.bulk_reads.get(operation.id)
    assert ended is not None
    assert ended.status is BulkStatus.FINISHED
    assert ended.tally == Tally(done=2, failed=3)
