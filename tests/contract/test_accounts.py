"""People and their keys."""

import attrs
from tests.builders import NOON, OTHER_OWNER, OWNER, a_birth
from tests.contract.world import World

from equeue.application.ports.accounts import ApiKey, User
from equeue.domain.access import Role, Scope

ADA = User(OWNER, "Ada@example.org", Role.OPERATOR)
EVE = User(OTHER_OWNER, "eve@example.org", Role.MEMBER)


async def add(world: World, *users: User) -> list[User]:
    """Store people, and keep it."""
    async with world.units_of_work() as unit:
        stored = [await unit.accounts.add_user(user) for user in users]
        await unit.commit()
    return stored


async def find(world: World, email: str) -> User | None:
    """Look somebody up."""
    async with world.units_of_work() as unit:
        return await unit.accounts.find_user(email)


async def test_a_person_is_found_by_e_mail_whatever_its_case(world: World) -> None:
    """People do not mind how they spell their address; who is not there is nobody."""
    assert await add(world, ADA, EVE) == [ADA, EVE]
    assert await find(world, "aDA@EXAMPLE.org") == ADA
    assert await find(world, "eve@example.org") == EVE
    assert await find(world, "eve@example") is None


async def test_an_address_is_one_persons(world: World) -> None:
    """Adding somebody under a used address returns who has it, unchanged."""
    await add(world, ADA)
    assert await add(world, User(a_birth().job_id, "ADA@example.org", Role.ADMIN)) == [ADA]
    assert await find(world, ADA.email) == ADA


async def test_a_key_is_found_with_its_owner(world: World) -> None:
    """All that was stored comes back; unknown keys are not there."""
    await add(world, ADA)
    keys = [
        ApiKey(a_birth().job_id, ADA, "full", b"\x00" * 32, frozenset(Scope), ("email.*", "a,b"), NOON, revoked=False),
        ApiKey(a_birth().job_id, ADA, "bare", b"\xff" * 32, frozenset()),
    ]
    async with world.units_of_work() as unit:
        for key in keys:
            await unit.accounts.add_key(key)
        await unit.commit()
    async with world.units_of_work() as unit:
        assert [await unit.accounts.find_key(key.id) for key in keys] == keys
        assert await unit.accounts.find_key(a_birth().job_id) is None


async def test_a_revoked_key_and_a_disabled_owner_are_told(world: World) -> None:
    """Whoever judges a key has to see why it may not be used."""
    disabled = attrs.evolve(EVE, disabled=True)
    key = ApiKey(a_birth().job_id, disabled, "old", b"\x01" * 32, frozenset({Scope.JOBS_READ}), revoked=True)
    async with world.units_of_work() as unit:
        await unit.accounts.add_user(disabled)
        await unit.accounts.add_key(key)
        await unit.commit()
    async with world.units_of_work() as unit:
        assert await unit.accounts.find_key(key.id) == key
