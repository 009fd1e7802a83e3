"""Sessions of people, and the attempts to begin one."""

import asyncio

import attrs
import pytest
from tests.builders import OTHER_OWNER, OWNER, a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.application.ports.accounts import User
from equeue.application.ports.sessions import StoredSession
from equeue.domain.access import Role
from equeue.domain.ids import UUID
from equeue.domain.logins import Tally
from equeue.domain.sessions import Session

ADA = User(OWNER, "ada@example.org", Role.OPERATOR)
EVE = User(OTHER_OWNER, "eve@example.org", Role.MEMBER)
WINDOW = minutes(15)


async def opened(world: World, user: User = ADA, lasts: float = 60) -> Session:
    """Begin a session of a person who is there."""
    async with world.units_of_work() as unit:
        await unit.accounts.add_user(user)
        session = await unit.sessions.open(a_birth().job_id, user.id, minutes(lasts))
        await unit.commit()
    return session


async def found(world: World, session_id: UUID) -> StoredSession:
    """Return a session that is there."""
    async with world.units_of_work() as unit:
        stored = await unit.sessions.find(session_id)
    assert stored is not None
    return stored


async def charged(world: World, *subjects: str) -> dict[str, Tally]:
    """Count an attempt."""
    async with world.units_of_work() as unit:
        tallies = await unit.logins.charge(subjects, WINDOW)
        await unit.commit()
    return dict(tallies)


async def count(world: World, subject: str) -> int:
    """Count one more attempt and return how many that makes."""
    return (await charged(world, subject))[subject].attempts


async def forgive(world: World, cleared: list[str], refunded: list[str]) -> None:
    """Forget attempts."""
    async with world.units_of_work() as unit:
        await unit.logins.forgive(cleared, refunded)
        await unit.commit()


async def test_a_session_begins_now_and_ends_in_time(world: World) -> None:
    """With its first refresh token; it comes with its person as the person is now."""
    session = await opened(world)
    assert (session.generation, session.revoked) == (1, False)
    assert near(session.created_at, await world.now())
    assert session.rotated_at == session.created_at == session.expires_at - minutes(60)
    async with world.units_of_work() as unit:
        await unit.people.put(attrs.evolve(ADA, disabled=True), None)
        await unit.commit()
    assert await found(world, session.id) == StoredSession(session, attrs.evolve(ADA, disabled=True))
    async with world.units_of_work() as unit:
        assert await unit.sessions.find(a_birth().job_id) is await unit.sessions.hold(a_birth().job_id) is None


async def test_a_rotation_and_an_end_are_kept(world: World) -> None:
    """The generation, when it was rotated, and that it is over."""
    session = await opened(world)
    async with world.units_of_work() as unit:
        held = await unit.sessions.hold(session.id)
        assert held is not None
        rotated = held.session.rotated(await unit.now())
        await unit.sessions.put(rotated)
        await unit.commit()
    assert (await found(world, session.id)).session == rotated
    async with world.units_of_work() as unit:
        await unit.sessions.put(rotated.ended())
        await unit.commit()
    assert (await found(world, session.id)).session == rotated.ended()


async def test_two_who_hold_a_session_take_turns(world: World) -> None:
    """The second sees what the first has written: so one refresh token is exchanged once."""
    session = await opened(world)

    async def rotate() -> int:
        async with world.units_of_work() as unit:
            held = await unit.sessions.hold(session.id)
            assert held is not None
            await asyncio.sleep(0)
            await unit.sessions.put(held.session.rotated(await unit.now()))
            await unit.commit()
        return held.session.generation

    assert sorted(await asyncio.gather(*(rotate() for _ in range(5)))) == [1, 2, 3, 4, 5]


async def test_all_sessions_of_one_person_end(world: World) -> None:
    """And nobody else's; those that were over count for nothing."""
    mine = [await opened(world) for _ in range(2)]
    hers = await opened(world, EVE)
    async with world.units_of_work() as unit:
        assert await unit.sessions.end(OWNER) == 2
        assert await unit.sessions.end(OWNER) == 0
        await unit.commit()
    assert all([(await found(world, session.id)).session.revoked for session in mine])
    assert not (await found(world, hers.id)).session.revoked


async def test_sessions_past_their_time_are_forgotten(world: World) -> None:
    """The oldest first, in bounded sets; those that go on stay."""
    older, old = await opened(world, lasts=1), await opened(world, lasts=2)
    lasting = await opened(world, lasts=10)
    await world.let_pass(minutes(5))
    for expected in (1, 1, 0):
        async with world.units_of_work() as unit:
            assert await unit.sessions.forget(1) == expected
            await unit.commit()
        async with world.units_of_work() as unit:
            assert await unit.sessions.find(older.id) is None
    async with world.units_of_work() as unit:
        assert await unit.sessions.find(old.id) is None
        assert await unit.sessions.find(lasting.id) is not None


async def test_attempts_are_counted_for_each_subject(world: World) -> None:
    """Within a window that begins with the first one."""
    assert (await charged(world, "a", "b"))["a"].attempts == 1
    told = await charged(world, "b", "c")
    assert {subject: tally.attempts for subject, tally in told.items()} == {"b": 2, "c": 1}
    assert told["c"].left == WINDOW
    assert WINDOW - seconds(5) < told["b"].left <= WINDOW


async def test_a_window_ends(world: World) -> None:
    """Further attempts do not prolong it; the one after its end begins another."""
    await charged(world, "a")
    await world.let_pass(minutes(14))
    tally = (await charged(world, "a"))["a"]
    assert tally.attempts == 2
    assert tally.left <= minutes(1)
    await world.let_pass(minutes(1))
    assert (await charged(world, "a"))["a"] == Tally(1, WINDOW)


async def test_attempts_at_the_same_time_all_count(world: World) -> None:
    """None is lost, in whichever order they name their subjects."""
    orders = [("a", "b"), ("b", "a")] * 8
    told = await asyncio.gather(*(charged(world, *subjects) for subjects in orders))
    assert sorted(tallies["a"].attempts for tallies in told) == list(range(1, 17))
    assert await count(world, "b") == 17


async def test_forgiving_clears_one_and_refunds_another(world: World) -> None:
    """The account is cleared, its address gets one attempt back; nothing goes below none."""
    for _ in range(3):
        await charged(world, "account", "address")
    await forgive(world, ["account"], ["address"])
    assert await count(world, "account") == 1
    assert await count(world, "address") == 3
    for _ in range(5):
        await forgive(world, [], ["address", "never seen"])
    assert await count(world, "address") == 1


@pytest.mark.parametrize("limit", [1, 10])
async def test_counts_past_their_window_are_forgotten(world: World, limit: int) -> None:
    """In bounded sets."""
    await charged(world, "a", "b")
    await world.let_pass(minutes(10))
    await charged(world, "c")
    await world.let_pass(minutes(5))
    async with world.units_of_work() as unit:
        assert await unit.logins.forget(WINDOW, limit) == min(limit, 2)
        await unit.commit()
    assert await count(world, "c") == 2
