"""People, managed by admins."""

import asyncio

import pytest
from tests.unit.application.office import ADMIN, PASSWORD, Office

from equeue.application.people import PersonEdit, anything
from equeue.domain.access import Role
from equeue.domain.account_errors import EmailTaken, InvalidUser, LastAdmin, StaleAccount, UserNotFound
from equeue.domain.audit import SYSTEM
from equeue.domain.ids import UserId


@pytest.fixture
def office() -> Office:
    """Give an empty one."""
    return Office()


async def change(office: Office, user_id: UserId, **edit: object) -> None:
    """Change a person, whatever they are like now."""
    await office.people.change(user_id, anything, PersonEdit(**edit), ADMIN)  # type: ignore[arg-type]


async def test_a_person_is_made_once(office: Office) -> None:
    """With an address that nobody has, and the act in the log, without the password."""
    person = await office.person()
    with pytest.raises(EmailTaken):
        await office.person("ADA@example.org")
    (act,) = await office.acts()
    assert (act.actor, act.action, act.target_id) == (ADMIN, "user.create", str(person.user.id))
    assert act.after == {"email": "ada@example.org", "role": "member", "disabled": False}
    assert PASSWORD not in str(act)
    assert person.password_hash is not None
    assert PASSWORD not in person.password_hash


@pytest.mark.parametrize(("email", "password"), [("ada", PASSWORD), ("ada@example.org", "short"), ("a@b", "x" * 73)])
async def test_what_breaks_a_rule_is_refused(office: Office, email: str, password: str) -> None:
    """And nothing is stored."""
    with pytest.raises(InvalidUser):
        await office.people.create(email, Role.MEMBER, password, ADMIN)
    assert office.store.users == {}


async def test_a_change_tells_what_was_and_what_is(office: Office) -> None:
    """Only what differs; of a password that it changed."""
    await office.person("root@example.org", Role.ADMIN)
    person = await office.person()
    await change(office, person.user.id, role=Role.VIEWER, password="another long one")
    act = (await office.acts())[-1]
    assert (act.action, act.before) == ("user.change", {"role": "member"})
    assert act.after == {"role": "viewer", "password": "changed"}


async def test_a_change_is_made_on_what_was_seen(office: Office) -> None:
    """Two admins who edit at once do not undo each other."""
    person = await office.person()
    await change(office, person.user.id, role=Role.VIEWER)
    with pytest.raises(StaleAccount):
        await office.people.change(person.user.id, "0".__eq__, PersonEdit(role=Role.OPERATOR), ADMIN)
    await office.people.change(person.user.id, "1".__eq__, PersonEdit(role=Role.OPERATOR), ADMIN)
    with pytest.raises(UserNotFound):
        await change(office, office.people.ids.new(), role=Role.VIEWER)


@pytest.mark.parametrize("edit", [{"role": Role.OPERATOR}, {"disabled": True}, {"role": Role.MEMBER, "disabled": True}])
async def test_the_last_admin_stays(office: Office, edit: dict[str, object]) -> None:
    """Another one who is disabled does not count; with another who is not, the first may go."""
    root = await office.person("root@example.org", Role.ADMIN)
    other = await office.person("other@example.org", Role.ADMIN)
    await change(office, other.user.id, disabled=True)
    with pytest.raises(LastAdmin):
        await change(office, root.user.id, **edit)
    assert office.store.users[root.user.id] == root.user
    await change(office, root.user.id, password="another long one")
    await change(office, other.user.id, disabled=False)
    await change(office, root.user.id, **edit)


async def test_two_admins_cannot_unmake_each_other(office: Office) -> None:
    """Of two such acts at once one is refused."""
    people = [await office.person(f"{name}@example.org", Role.ADMIN) for name in "ab"]
    got = await asyncio.gather(
        *(change(office, person.user.id, role=Role.MEMBER) for person in people), return_exceptions=True
    )
    assert [type(one) for one in got if one is not None] == [LastAdmin]


async def test_the_first_admin_is_made_once(office: Office) -> None:
    """However many processes start at once; later starts change nothing, not even the password."""
    got = await asyncio.gather(*(office.people.first_admin("root@example.org", PASSWORD) for _ in range(4)))
    assert sorted(got) == [False, False, False, True]
    assert not await office.people.first_admin("other@example.org", "another long one")
    (act,) = await office.acts()
    assert (act.actor, act.after["role"]) == (SYSTEM, "admin")
    await office.log_in("root@example.org", PASSWORD, "here")
    assert len(office.store.users) == 1


async def test_who_has_the_address_becomes_the_first_admin(office: Office) -> None:
    """Even a disabled member: the settings of the installation say so."""
    person = await office.person("root@example.org")
    await change(office, person.user.id, disabled=True)
    assert await office.people.first_admin("ROOT@example.org", "another long one")
    found = await office.people.get("root@example.org")
    assert (found.user.id, found.user.role, found.user.disabled) == (person.user.id, Role.ADMIN, False)
    await office.log_in("root@example.org", "another long one", "here")
    act = (await office.acts())[-1]
    assert (act.actor, act.action, act.target_id) == (SYSTEM, "user.change", str(person.user.id))
    assert act.before == {"role": "member", "disabled": True}
    assert act.after == {"role": "admin", "disabled": False, "password": "changed"}


@pytest.mark.parametrize(("email", "password"), [("root", PASSWORD), ("root@example.org", "changeme")])
async def test_a_first_admin_that_breaks_a_rule_is_refused(office: Office, email: str, password: str) -> None:
    """A weak password in the settings stops the start rather than opens the door."""
    with pytest.raises(InvalidUser):
        await office.people.first_admin(email, password)
    assert office.store.users == {}
