"""API keys, managed by their owners and by admins."""

from datetime import timedelta

import attrs
import pytest
from tests.builders import minutes, seconds
from tests.unit.application.office import ADMIN, Office

from equeue.application.api_keys import KeyEdit, KeyWish
from equeue.application.people import PersonEdit, anything
from equeue.application.ports.people import Person
from equeue.domain.access import GRANTS, Role, Scope
from equeue.domain.account_errors import ApiKeyNotFound, InvalidApiKey, RevokedApiKey, StaleAccount, UserNotFound
from equeue.domain.ids import UUID

HOUR = timedelta(hours=1)


@pytest.fixture
def office() -> Office:
    """Give an empty one."""
    return Office()


async def a_key(office: Office, **wish: object) -> tuple[Person, UUID, str]:
    """Make a person with a key; return its id and text."""
    person = await office.person()
    stored, text = await office.keys.create(person.user.id, KeyWish("ci", **wish), ADMIN)  # type: ignore[arg-type]
    return person, stored.key.id, text


async def good(office: Office, text: str) -> bool:
    """Tell whether a key opens the door."""
    return await office.authenticate(text) is not None


async def test_a_new_key_may_what_its_owner_may(office: Office) -> None:
    """Unless it is told less; the log holds what it may, and nothing of its secret."""
    person, key_id, text = await a_key(office, queue_globs=("email.*",))
    principal = await office.authenticate(text)
    assert principal is not None
    assert (principal.user_id, principal.key_id) == (person.user.id, key_id)
    assert (principal.scopes, principal.queue_globs) == (GRANTS[Role.MEMBER], ("email.*",))
    act = (await office.acts())[-1]
    assert (act.action, act.target_id, act.after["queues"]) == ("api-key.create", str(key_id), ["email.*"])
    assert text.split("_", 2)[2] not in str(act)


async def test_a_key_never_exceeds_its_owner(office: Office) -> None:
    """Neither when it is made nor when it is changed."""
    with pytest.raises(InvalidApiKey, match="admin"):
        await a_key(office, scopes=frozenset({Scope.ADMIN}))
    (user,) = office.store.users.values()
    stored, _ = await office.keys.create(user.id, KeyWish("ci", frozenset({Scope.JOBS_READ})), ADMIN)
    with pytest.raises(InvalidApiKey, match="jobs:admin"):
        await office.keys.change(stored.key.id, user.id, anything, KeyEdit(scopes=frozenset({Scope.JOBS_ADMIN})), ADMIN)
    assert (await office.keys.get(stored.key.id, None)).key.scopes == {Scope.JOBS_READ}
    with pytest.raises(UserNotFound):
        await office.keys.create(office.people.ids.new(), KeyWish("ci"), ADMIN)


async def test_a_key_of_somebody_demoted_can_still_be_renamed(office: Office) -> None:
    """What it was given stays with it, good for nothing; only what is added is judged."""
    person = await office.person(role=Role.OPERATOR)
    stored, _ = await office.keys.create(person.user.id, KeyWish("ci"), ADMIN)
    await office.people.change(person.user.id, anything, PersonEdit(role=Role.MEMBER), ADMIN)
    changed = await office.keys.change(stored.key.id, None, anything, KeyEdit(name="new"), ADMIN)
    assert (changed.key.name, changed.key.scopes) == ("new", GRANTS[Role.OPERATOR])


async def test_keys_of_others_are_not_there(office: Office) -> None:
    """Whatever is tried on one, it is answered like one that never was."""
    _, key_id, text = await a_key(office)
    eve = (await office.person("eve@example.org")).user.id
    for wanted in (key_id, office.people.ids.new()):
        with pytest.raises(ApiKeyNotFound):
            await office.keys.get(wanted, eve)
        with pytest.raises(ApiKeyNotFound):
            await office.keys.change(wanted, eve, anything, KeyEdit(name="mine"), ADMIN)
        with pytest.raises(ApiKeyNotFound):
            await office.keys.rotate(wanted, eve, HOUR, ADMIN)
        with pytest.raises(ApiKeyNotFound):
            await office.keys.revoke(wanted, eve, anything, ADMIN)
    assert await office.keys.page(eve, limit=10) == []
    assert await good(office, text)


async def test_a_change_is_made_on_what_was_seen(office: Office) -> None:
    """And told with what was before."""
    _, key_id, text = await a_key(office)
    expires_at = office.clock.now() + HOUR
    edit = KeyEdit(scopes=frozenset({Scope.JOBS_READ}), expires_at=expires_at)
    with pytest.raises(StaleAccount):
        await office.keys.change(key_id, None, "1".__eq__, edit, ADMIN)
    await office.keys.change(key_id, None, "0".__eq__, edit, ADMIN)
    act = (await office.acts())[-1]
    assert (act.action, act.before["scopes"]) == ("api-key.change", ["jobs:read", "jobs:write"])
    assert act.after == {"scopes": ["jobs:read"], "expires_at": expires_at.isoformat()}
    assert await good(office, text)
    office.clock.move(HOUR)
    assert not await good(office, text)


async def test_an_expiry_is_judged_only_when_it_is_given(office: Office) -> None:
    """An expired key can still be renamed; a new expiry lies ahead."""
    _, key_id, _ = await a_key(office, expires_at=office.clock.now() + HOUR)
    office.clock.move(2 * HOUR)
    await office.keys.change(key_id, None, anything, KeyEdit(name="old"), ADMIN)
    with pytest.raises(InvalidApiKey):
        await office.keys.change(key_id, None, anything, KeyEdit(expires_at=office.clock.now()), ADMIN)
    with pytest.raises(InvalidApiKey):
        await a_key_of_the_past(office)


async def a_key_of_the_past(office: Office) -> None:
    """Try to make a key that has expired."""
    (user,) = office.store.users.values()
    await office.keys.create(user.id, KeyWish("late", expires_at=office.clock.now()), ADMIN)


async def test_after_a_rotation_both_secrets_are_good_for_a_while(office: Office) -> None:
    """The same key, known by the same name; the old secret ends with the grace, one before that at once."""
    _, key_id, first = await a_key(office)
    _, second = await office.keys.rotate(key_id, None, HOUR, ADMIN)
    assert first[:35] == second[:35]
    assert first != second
    assert await good(office, first)
    assert await good(office, second)
    _, third = await office.keys.rotate(key_id, None, HOUR, ADMIN)
    assert [await good(office, text) for text in (first, second, third)] == [False, True, True]
    office.clock.move(HOUR - seconds(1))
    assert await good(office, second)
    office.clock.move(seconds(1))
    assert [await good(office, text) for text in (first, second, third)] == [False, False, True]
    first_rotation, second_rotation = (await office.acts())[-2:]
    assert first_rotation.action == second_rotation.action == "api-key.rotate"
    assert first_rotation.before == {"former_secret_until": None}
    assert second_rotation.before == first_rotation.after != {"former_secret_until": None}


async def test_without_a_grace_the_old_secret_ends_at_once(office: Office) -> None:
    """For a key that leaked."""
    _, key_id, first = await a_key(office)
    stored, second = await office.keys.rotate(key_id, None, timedelta(0), ADMIN)
    assert stored.key.former is None
    assert [await good(office, text) for text in (first, second)] == [False, True]
    for grace in (-seconds(1), timedelta(days=31)):
        with pytest.raises(InvalidApiKey):
            await office.keys.rotate(key_id, None, grace, ADMIN)


async def test_a_revoked_key_stays_revoked(office: Office) -> None:
    """With both its secrets; it can be revoked again, and nothing else."""
    _, key_id, first = await a_key(office)
    _, second = await office.keys.rotate(key_id, None, HOUR, ADMIN)
    with pytest.raises(StaleAccount):
        await office.keys.revoke(key_id, None, "7".__eq__, ADMIN)
    for _ in range(2):
        await office.keys.revoke(key_id, None, anything, ADMIN)
    assert [await good(office, text) for text in (first, second)] == [False, False]
    assert [act.action for act in await office.acts()].count("api-key.revoke") == 1
    with pytest.raises(RevokedApiKey):
        await office.keys.rotate(key_id, None, HOUR, ADMIN)
    with pytest.raises(RevokedApiKey):
        await office.keys.change(key_id, None, anything, KeyEdit(name="again"), ADMIN)


async def test_the_last_use_is_noted_to_the_minute(office: Office) -> None:
    """Only of a good key, and without writing at each request."""
    _, key_id, text = await a_key(office)
    began = office.clock.now()
    for move, noted in ((seconds(0), began), (seconds(59), began), (seconds(1), began + minutes(1))):
        office.clock.move(move)
        assert await good(office, text)
        assert office.store.keys[key_id].last_used_at == noted
    office.store.keys[key_id] = attrs.evolve(office.store.keys[key_id], revoked=True, last_used_at=None)
    assert not await good(office, text)
    assert office.store.keys[key_id].last_used_at is None
