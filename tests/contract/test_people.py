"""People with their passwords."""

import asyncio

import attrs
from tests.builders import OTHER_OWNER, OWNER, a_birth, seconds
from tests.contract.world import World, near

from equeue.application.ports.accounts import User
from equeue.application.ports.people import Person
from equeue.domain.access import Role

ADA = User(OWNER, "Ada@example.org", Role.ADMIN)
EVE = User(OTHER_OWNER, "eve@example.org", Role.MEMBER)


async def add(world: World, user: User, password_hash: str | None = None) -> Person | None:
    """Store a person, and keep it."""
    async with world.units_of_work() as unit:
        person = await unit.people.add(user, password_hash)
        await unit.commit()
    return person


async def put(world: World, user: User, password_hash: str | None = None) -> Person:
    """Change a person."""
    async with world.units_of_work() as unit:
        assert await unit.people.hold(user.id) is not None
        person = await unit.people.put(user, password_hash)
        await unit.commit()
    return person


async def test_a_person_is_found_by_id_and_by_address(world: World) -> None:
    """Whatever the case of the address; the hash comes along, and nothing shows it."""
    added = await add(world, ADA, "$2b$hash")
    assert added is not None
    assert (added.user, added.password_hash, added.etag) == (ADA, "$2b$hash", "0")
    assert near(added.created_at, await world.now())
    async with world.units_of_work() as unit:
        assert await unit.people.find(ADA.id) == await unit.people.find("aDA@EXAMPLE.org") == added
        assert await unit.people.find(OTHER_OWNER) is await unit.people.find("ada@example") is None
        assert await unit.people.hold(OTHER_OWNER) is None
    assert "$2b$hash" not in repr(added)


async def test_an_address_is_taken_once(world: World) -> None:
    """Whoever comes second stores nothing."""
    await add(world, ADA)
    assert await add(world, User(a_birth().job_id, "ADA@example.org", Role.MEMBER), "x") is None
    async with world.units_of_work() as unit:
        assert [person.user for person in await unit.people.page(limit=10)] == [ADA]


async def test_a_change_is_kept_and_told_by_the_etag(world: World) -> None:
    """Role, password, and whether they are disabled; not the address, and not when they were made."""
    added = await add(world, ADA, "old")
    assert added is not None
    changed = await put(world, attrs.evolve(ADA, role=Role.VIEWER, disabled=True, email="other@example.org"), "new")
    assert changed.user == attrs.evolve(ADA, role=Role.VIEWER, disabled=True)
    assert (changed.password_hash, changed.etag, changed.created_at) == ("new", "1", added.created_at)
    assert (await put(world, ADA)).user == ADA
    async with world.units_of_work() as unit:
        found = await unit.people.find(ADA.id)
    assert found is not None
    assert (found.user, found.password_hash, found.etag) == (ADA, None, "2")


async def test_what_is_rolled_back_did_not_happen(world: World) -> None:
    """Neither a new person nor a change."""
    await add(world, ADA, "old")
    async with world.units_of_work() as unit:
        await unit.people.add(EVE, None)
        await unit.people.put(attrs.evolve(ADA, disabled=True), None)
    async with world.units_of_work() as unit:
        (found,) = await unit.people.page(limit=10)
    assert (found.user, found.password_hash) == (ADA, "old")


async def test_pages_join(world: World) -> None:
    """By id, each person once."""
    people = [User(a_birth().job_id, f"p{number}@example.org", Role.MEMBER) for number in range(5)]
    for user in reversed(people):
        await add(world, user)
    seen: list[User] = []
    async with world.units_of_work() as unit:
        while page := await unit.people.page(limit=2, after=seen[-1].id if seen else None):
            assert len(page) <= 2
            seen += [person.user for person in page]
    assert seen == people


async def test_admins_are_those_who_can_act(world: World) -> None:
    """Neither other roles nor disabled ones."""
    async with world.units_of_work() as unit:
        assert list(await unit.people.hold_admins()) == []
    await add(world, ADA)
    await add(world, EVE)
    await add(world, User(a_birth().job_id, "gone@example.org", Role.ADMIN, disabled=True))
    async with world.units_of_work() as unit:
        assert list(await unit.people.hold_admins()) == [ADA.id]


async def test_who_asks_for_the_admins_second_sees_what_the_first_did(world: World) -> None:
    """The second asker waits for the first one's commit, and sees it."""
    await add(world, ADA)
    async with world.units_of_work() as first:
        await first.people.hold_admins()

        async def ask() -> list[object]:
            async with world.units_of_work() as second:
                await second.now()  # its transaction has begun before the other commits
                return list(await second.people.hold_admins())

        asking = asyncio.create_task(ask())
        done, _ = await asyncio.wait({asking}, timeout=seconds(0.2).total_seconds())
        assert not done
        await first.people.put(attrs.evolve(ADA, role=Role.MEMBER), None)
        await first.commit()
    assert await asking == []
