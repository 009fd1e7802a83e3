"""The audit log keeps an act with what was done, or neither."""

from tests.builders import OTHER_OWNER, OWNER, a_birth, a_job, seconds
from tests.contract.world import World, near
from uuid_utils.compat import uuid7

from equeue.application.auditing import act_on_job
from equeue.application.ports.audit import AuditFilter
from equeue.domain.audit import FACT_CHARS, SYSTEM, Act, Actor, AuditEntry

KEY = uuid7()
ANY = AuditFilter()
BY_KEY = Actor(OWNER, KEY, "request-1")


def an_act(actor: Actor = BY_KEY, action: str = "thing.turn", target: str = "1", **after: str) -> Act:
    """Return an act on a thing."""
    return Act(actor=actor, action=action, target_kind="thing", target_id=target, after=after)


async def recorded(world: World, *acts: Act) -> None:
    """Write acts in a transaction of their own."""
    async with world.units_of_work() as unit:
        await unit.audit.record(acts)
        await unit.commit()


async def entries(world: World, where: AuditFilter = ANY, limit: int = 100) -> list[AuditEntry]:
    """Return what is remembered, newest first."""
    async with world.units_of_work() as unit:
        return list(await unit.audit.page(where, limit=limit))


async def test_an_entry_tells_who_did_what_to_what_and_when(world: World) -> None:
    """Every fact comes back as it was written, at the transaction's time."""
    act = Act(
        actor=BY_KEY,
        action="queue.pause",
        target_kind="queue",
        target_id="mail",
        before={"paused": False, "tags": ["a", "b"], "n": 1, "x": None},
        after={"paused": True, "why": "é\x00"},
    )
    await recorded(world, act)
    (entry,) = await entries(world)
    assert (entry.act.actor, entry.act.action, entry.act.target_kind) == (BY_KEY, "queue.pause", "queue")
    assert (entry.act.target_id, entry.act.before) == ("mail", act.before)
    assert entry.act.after == {"paused": True, "why": "é\ufffd"}
    assert near(entry.at, await world.now())
    assert entry.at.utcoffset() == seconds(0)


async def test_an_entry_goes_with_its_transaction(world: World) -> None:
    """What is rolled back was never done, and is not remembered."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([a_birth()])
        await unit.audit.record([an_act()])
    assert await entries(world) == []


async def test_the_newest_come_first_and_pages_join(world: World) -> None:
    """A walk along the ids sees every entry once, in the order in which they were written."""
    for number in range(5):
        await recorded(world, *(an_act(target=f"{number}-{part}") for part in "ab"))
    walked: list[str] = []
    before = None
    while True:
        async with world.units_of_work() as unit:
            page = await unit.audit.page(AuditFilter(), limit=3, after=before)
        if not page:
            break
        walked += [entry.act.target_id for entry in page]
        before = page[-1].id
    assert walked == [f"{number}-{part}" for number in reversed(range(5)) for part in "ba"]
    async with world.units_of_work() as unit:
        oldest = await unit.audit.page(AuditFilter(), limit=3, oldest_first=True)
        behind = await unit.audit.page(AuditFilter(), limit=2, after=oldest[-1].id, oldest_first=True)
    assert [entry.act.target_id for entry in (*oldest, *behind)] == walked[::-1][:5]


async def test_entries_are_found_by_what_they_are_about(world: World) -> None:
    """Each condition narrows, alone and with others."""
    mine, others = an_act(target="1"), an_act(Actor(OTHER_OWNER), action="thing.drop", target="2")
    await recorded(world, mine, others, an_act(SYSTEM, target="3"))
    for where, targets in (
        (AuditFilter(target_id="2"), ["2"]),
        (AuditFilter(target_kind="job"), []),
        (AuditFilter(action="thing.turn"), ["3", "1"]),
        (AuditFilter(user_id=OWNER), ["1"]),
        (AuditFilter(target_kind="thing", user_id=OTHER_OWNER, action="thing.turn"), []),
    ):
        assert [entry.act.target_id for entry in await entries(world, where)] == targets


async def test_facts_are_bounded(world: World) -> None:
    """No act fills the log: long texts and lists are cut, and say so."""
    await recorded(world, an_act(text="x" * 10_000))
    (entry,) = await entries(world)
    (text,) = entry.act.after.values()
    assert isinstance(text, str)
    assert len(text) == FACT_CHARS
    assert text.endswith("…")


async def test_an_act_on_a_job_tells_what_changed_and_never_what_is_in_it(world: World) -> None:
    """The facts before and after differ in each name; of a payload only that it changed is told."""
    job = a_job(payload=b'{"card": "4000"}')
    after, _ = job.cancel(job.created_at, "enough")
    await recorded(world, act_on_job(BY_KEY, "job.cancel", job, after), act_on_job(BY_KEY, "job.delete", after, None))
    deleted, cancelled = await entries(world)
    assert cancelled.act.before == {"status": "queued", "cancel_reason": None}
    assert cancelled.act.after == {"status": "cancelled", "cancel_reason": "enough"}
    assert deleted.act.before["status"] == "cancelled"
    assert deleted.act.after == {}
    assert "4000" not in str((deleted, cancelled))
