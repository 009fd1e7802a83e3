"""The keys of machines, as those who manage them see them."""

import asyncio
from datetime import timedelta
from typing import Any

import attrs
from tests.builders import NOON, OTHER_OWNER, OWNER, a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.application.ports.accounts import ApiKey, FormerSecret, User
from equeue.application.ports.api_keys import StoredKey
from equeue.domain.access import Role, Scope
from equeue.domain.ids import UUID

ADA = User(OWNER, "ada@example.org", Role.OPERATOR)
EVE = User(OTHER_OWNER, "eve@example.org", Role.MEMBER)
HASH, OTHER_HASH = b"\x01" * 32, b"\x02" * 32


def a_key(owner: User = ADA, **facts: Any) -> ApiKey:
    """Return a key."""
    plain = ApiKey(a_birth().job_id, owner, "ci", HASH, frozenset({Scope.JOBS_WRITE}))
    return attrs.evolve(plain, **facts)


async def add(world: World, *keys: ApiKey) -> list[StoredKey]:
    """Store keys with their owners."""
    async with world.units_of_work() as unit:
        await unit.accounts.add_user(ADA)
        await unit.accounts.add_user(EVE)
        stored = [await unit.api_keys.add(key) for key in keys]
        await unit.commit()
    return stored


async def find(world: World, key_id: UUID) -> StoredKey:
    """Return a key that is there."""
    async with world.units_of_work() as unit:
        found = await unit.api_keys.find(key_id)
    assert found is not None
    return found


async def use(world: World, key_id: UUID, every: timedelta) -> None:
    """Note a use."""
    async with world.units_of_work() as unit:
        await unit.api_keys.used(key_id, every)
        await unit.commit()


async def test_a_key_comes_back_as_it_was_stored(world: World) -> None:
    """With its owner, and when it was made."""
    key = a_key(queue_globs=("email.*",), expires_at=NOON)
    (stored,) = await add(world, key)
    assert (stored.key, stored.etag) == (key, "0")
    assert near(stored.created_at, await world.now())
    assert await find(world, key.id) == stored


async def test_keys_of_others_are_not_there(world: World) -> None:
    """For whom looks with an owner: neither found, nor held, nor listed."""
    mine, hers = a_key(), a_key(EVE)
    await add(world, mine, hers)
    async with world.units_of_work() as unit:
        assert await unit.api_keys.find(hers.id, OWNER) is None
        assert await unit.api_keys.hold(hers.id, OWNER) is None
        assert await unit.api_keys.find(a_birth().job_id) is None
        assert [stored.key for stored in await unit.api_keys.page(OWNER, limit=10)] == [mine]
        assert [stored.key for stored in await unit.api_keys.page(None, limit=10)] == [mine, hers]
        assert [stored.key for stored in await unit.api_keys.page(None, limit=1, after=mine.id)] == [hers]


async def test_a_change_is_kept_and_told_by_the_etag(world: World) -> None:
    """Name, secrets, scopes, queues, expiry, and whether it is revoked."""
    key = a_key()
    await add(world, key)
    changed = attrs.evolve(
        key,
        name="new",
        secret_hash=OTHER_HASH,
        scopes=frozenset({Scope.JOBS_READ}),
        queue_globs=("a",),
        expires_at=NOON,
        revoked=True,
        former=FormerSecret(HASH, NOON),
    )
    async with world.units_of_work() as unit:
        assert await unit.api_keys.hold(key.id) is not None
        stored = await unit.api_keys.put(changed)
        await unit.commit()
    assert (stored.key, stored.etag) == (changed, "1")
    assert await find(world, key.id) == stored
    async with world.units_of_work() as unit:
        assert await unit.accounts.find_key(key.id) == changed
    assert OTHER_HASH.hex() not in repr(stored) + repr(stored.key.former)


async def test_last_use_is_noted_now_and_then(world: World) -> None:
    """The first at once, then at most as often as asked; use is no change of the key."""
    key = a_key()
    await add(world, key)
    await use(world, key.id, minutes(1))
    first = (await find(world, key.id)).key.last_used_at
    assert near(first, await world.now())
    await use(world, key.id, minutes(1))
    assert (await find(world, key.id)).key.last_used_at == first
    await world.let_pass(minutes(1))
    await use(world, key.id, minutes(1))
    stored = await find(world, key.id)
    assert near(stored.key.last_used_at, await world.now())
    assert stored.etag == "0"


async def test_noting_a_use_waits_for_nobody(world: World) -> None:
    """While somebody changes the key its use is not noted, rather than the request held up."""
    key = a_key()
    await add(world, key)
    async with world.units_of_work() as unit:
        await unit.api_keys.hold(key.id)
        await asyncio.wait_for(use(world, key.id, minutes(1)), seconds(5).total_seconds())
    assert (await find(world, key.id)).key.last_used_at is None


async def test_a_change_does_not_undo_a_use(world: World) -> None:
    """Who changes a key knows nothing of its uses."""
    key = a_key()
    await add(world, key)
    await use(world, key.id, minutes(1))
    async with world.units_of_work() as unit:
        await unit.api_keys.put(attrs.evolve(key, name="new"))
        await unit.commit()
    assert (await find(world, key.id)).key.last_used_at is not None
