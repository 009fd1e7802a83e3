"""Settings of queues: kept as they were set, one revision after the other, and one hand at a time."""

import asyncio

from tests.builders import OTHER_OWNER, OWNER, WORKER, a_birth, seconds
from tests.contract.world import World

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.queues import StoredQueue
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.on_dead import OnDead
from equeue.domain.queue import UNSET, Pause, QueueSettings
from equeue.domain.retry import Exponential

LIMITS = QueueLimits(5, 2, Rate(10, seconds(60), 3), 1_000, 0.25)
WHOLE = QueueSettings(
    7,
    seconds(2.5),
    Exponential(1.5, 3.0, 60.0, 0.5),
    OnDead("a.b", {"to": "é 🐘", "n": [1, None]}),
    LIMITS,
    target_wait=seconds(12.5),
)


async def put(world: World, name: str, settings: QueueSettings) -> StoredQueue:
    """Set a queue, and keep it."""
    async with world.units_of_work() as unit:
        stored = await unit.queues.put(name, settings)
        await unit.commit()
    return stored


async def test_settings_come_back_as_they_were_set(world: World) -> None:
    """Every part, and each queue's own; a name that nobody set has none."""
    await put(world, "mail", WHOLE)
    await put(world, "bills", UNSET)
    async with world.units_of_work() as unit:
        mail, bills, none = [await unit.queues.find(name) for name in ("mail", "bills", "never")]
        assert mail is not None
        assert bills is not None
        assert (mail.settings.max_retries, mail.settings.timeout, mail.settings.backoff) == (
            7,
            seconds(2.5),
            WHOLE.backoff,
        )
        assert (mail.settings.limits, mail.settings.target_wait) == (LIMITS, seconds(12.5))
        assert mail.settings.on_dead is not None
        assert mail.settings.on_dead.task == "a.b"
        assert (bills.settings, none) == (UNSET, None)
        assert [each.name for each in await unit.queues.all()] == ["bills", "mail"]


async def test_each_change_has_a_tag_of_its_own(world: World) -> None:
    """Also one that sets the same again, and one that comes after a removal."""
    tags = [(await put(world, "mail", settings)).etag for settings in (WHOLE, UNSET, UNSET)]
    async with world.units_of_work() as unit:
        assert await unit.queues.remove("mail")
        assert not await unit.queues.remove("mail")
        await unit.commit()
    await world.let_pass(seconds(1))
    tags.append((await put(world, "mail", UNSET)).etag)
    assert len(set(tags)) == 4


async def test_a_pause_is_kept_beside_the_settings(world: World) -> None:
    """With who, why and until when; each change of it has a tag of its own, and settings alone end it."""
    now = await world.now()
    asked = Pause(now, OWNER, WORKER, "the provider is down", now + seconds(60))
    async with world.units_of_work() as unit:
        first = await unit.queues.put("mail", WHOLE, asked)
        await unit.commit()
    async with world.units_of_work() as unit:
        found = await unit.queues.find("mail")
    assert found is not None
    assert (found.pause, found.settings.limits, found.etag) == (asked, LIMITS, first.etag)
    later = await put(world, "mail", WHOLE)
    assert later.pause is None
    assert later.etag != first.etag


async def test_one_hand_at_a_time(world: World) -> None:
    """Who holds a queue keeps others from holding it, whether there is a row or not."""
    seen: list[StoredQueue | None] = []

    async def set_it(retries: int) -> None:
        async with world.units_of_work() as unit:
            seen.append(await unit.queues.hold("mail"))
            await asyncio.sleep(0)
            await unit.queues.put("mail", QueueSettings(retries))
            await unit.commit()

    await asyncio.gather(*(set_it(retries) for retries in range(4)))
    assert [stored and stored.revision for stored in seen] == [None, 0, 1, 2]


async def test_names_are_all_that_anybody_speaks_of(world: World) -> None:
    """Settings, tasks and jobs that wait, each once and in order."""
    await put(world, "c", UNSET)
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("a.b", "b"), TaskDeclaration("a.c", "c")])
        await unit.commit()
    await world.enqueue(*[a_birth(queue=queue) for queue in ("a", "a", "b", "d")])
    async with world.units_of_work() as unit:
        assert await unit.queues.names() == ["a", "b", "c", "d"]


async def test_to_whom_sees_own_jobs_alone_those_of_others_name_no_queue(world: World) -> None:
    """A queue's name may tell what another works on; settings and tasks are no secret."""
    await put(world, "set", UNSET)
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("a.b", "declared")])
        await unit.commit()
    await world.enqueue(
        a_birth(queue="mine", owner=OWNER), a_birth(queue="theirs", owner=OTHER_OWNER), a_birth(queue="nobodys")
    )
    async with world.units_of_work() as unit:
        assert await unit.queues.names(OWNER) == ["declared", "mine", "set"]
        assert await unit.queues.names(OTHER_OWNER) == ["declared", "set", "theirs"]


async def test_what_follows_on_deaths_is_declared_with_the_task(world: World) -> None:
    """Tasks that say so, and no others; the newest word counts."""
    told = OnDead("a.teller")
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("a.b", "b", on_dead=told), TaskDeclaration("a.c", "b")])
        await unit.commit()
    async with world.units_of_work() as unit:
        assert await unit.catalogue.on_dead() == {"a.b": told}
        await unit.catalogue.declare([TaskDeclaration("a.b", "b")])
        assert await unit.catalogue.on_dead() == {}
