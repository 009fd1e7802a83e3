"""One job that cannot be settled keeps no other from being recovered."""

from typing import Any

import psycopg
from tests.builders import a_birth, minutes
from tests.contract.world import World

from equeue.domain.status import JobStatus

REFUSE = """
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'never this one'; end $$;
create trigger refuse before update of status on equeue.jobs for each row
  when (old.task = 'cursed' and old.status = 'running') execute function refuse();
"""


async def test_one_job_that_cannot_be_settled_does_not_keep_the_others(
    world: World, sql: psycopg.Connection[Any]
) -> None:
    """The rest of the pass is settled; the cursed job runs on under a fresh token and is tried again later."""
    good = [await world.claimed(a_birth()) for _ in range(3)]
    cursed = await world.claimed(a_birth(task="cursed"))
    sql.execute(REFUSE)
    await world.let_pass(minutes(1))
    answers = await world.lapse()
    assert {told.fence.job_id for told in answers} == {claim.job_id for claim in good}
    assert {told.status for told in answers} == {JobStatus.QUEUED}
    held = await world.job(cursed.job_id)
    assert (held.status, held.lease_token) == (JobStatus.RUNNING, 2)
    assert not await world.lapse()
    await world.let_pass(minutes(1))
    sql.execute("drop trigger refuse on equeue.jobs")
    assert [told.fence.job_id for told in await world.lapse()] == [cursed.job_id]


async def test_a_cursed_job_does_not_stand_at_the_head_of_every_pass(
    world: World, sql: psycopg.Connection[Any]
) -> None:
    """However small the pass, jobs behind it are reached."""
    await world.claimed(a_birth(task="cursed"))
    await world.let_pass(minutes(1))
    good = await world.claimed(a_birth())
    sql.execute(REFUSE)
    await world.let_pass(minutes(1))
    assert not await world.lapse(limit=1)
    assert [told.fence.job_id for told in await world.lapse(limit=1)] == [good.job_id]
