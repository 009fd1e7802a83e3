"""Admins who act at once: there is always one, and never two first ones."""

from functools import partial

import pytest
from tests.integration.races.conftest import Arena
from uuid_utils.compat import uuid7

from equeue.adapters.memory.passwords import MemoryPasswords
from equeue.adapters.system import UuidV7Ids
from equeue.application.people import ManagePeople, PersonEdit, anything
from equeue.domain.access import Role
from equeue.domain.account_errors import LastAdmin
from equeue.domain.audit import SYSTEM
from equeue.domain.ids import UserId

pytestmark = pytest.mark.timeout(600)

PASSWORD = "correct horse battery"


@pytest.fixture
def people(arena: Arena) -> ManagePeople:
    """Give what manages people in the arena."""
    return ManagePeople(arena.world.units_of_work, UuidV7Ids(), MemoryPasswords())


async def admins(arena: Arena) -> set[UserId]:
    """Return who can act."""
    async with arena.world.units_of_work() as unit:
        return set(await unit.people.hold_admins())


async def test_two_first_admins_are_one(arena: Arena, people: ManagePeople) -> None:
    """Two replicas that start at once make one admin between them, in each round."""
    for number in arena.rounds():
        for admin in await admins(arena):
            async with arena.world.units_of_work() as unit:
                held = await unit.people.hold(admin)
                assert held is not None
                await unit.people.put(PersonEdit(role=Role.MEMBER).apply(held.user), None)
                await unit.commit()
        emails = [f"{uuid7()}@example.org" for _ in range(2)]
        got = await arena.race(number, *(partial(people.first_admin, email, PASSWORD) for email in emails))
        assert sorted(got) == [False, True]
        assert len(await admins(arena)) == 1


async def test_two_admins_do_not_unmake_each_other(arena: Arena, people: ManagePeople) -> None:
    """Of two who demote or disable each other at once one is refused."""

    async def unmake(user_id: UserId, edit: PersonEdit) -> bool:
        try:
            await people.change(user_id, anything, edit, SYSTEM)
        except LastAdmin:
            return False
        return True

    await people.create("a@example.org", Role.ADMIN, None, SYSTEM)
    for number in arena.rounds():
        await people.create(f"{uuid7()}@example.org", Role.ADMIN, None, SYSTEM)
        one, other = sorted(await admins(arena))
        demote, disable = PersonEdit(role=Role.VIEWER), PersonEdit(disabled=True)
        got = await arena.race(number, partial(unmake, one, demote), partial(unmake, other, disable))
        assert sorted(got) == [False, True]
        assert len(await admins(arena)) == 1
