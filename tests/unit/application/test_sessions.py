"""Sessions carried on by refresh tokens, and ended."""

import asyncio

import attrs
import pytest
from tests.builders import minutes, seconds
from tests.unit.application.office import ADMIN, PASSWORD, Office

from equeue.application.people import PersonEdit, anything
from equeue.application.ports.credentials import RefreshClaims
from equeue.application.sessions import ForgetSessions, Tokens
from equeue.domain.access import Role
from equeue.domain.account_errors import SessionOver
from equeue.domain.logins import WINDOW

HERE = "203.0.113.1"


@pytest.fixture
def office() -> Office:
    """Give an empty one."""
    return Office()


async def logged_in(office: Office) -> Tokens:
    """Make a person and log in."""
    await office.person()
    return await office.log_in("ada@example.org", PASSWORD, HERE)


async def over(office: Office, token: str) -> None:
    """Assert that a refresh token leads nowhere."""
    with pytest.raises(SessionOver):
        await office.carry_on.refresh(token)


async def test_each_refresh_token_leads_to_the_next(office: Office) -> None:
    """A chain, each with an access token of its own."""
    tokens = [await logged_in(office)]
    for _ in range(3):
        office.clock.move(minutes(14))
        tokens.append(await office.carry_on.refresh(tokens[-1].refresh))
        assert await office.authenticate(tokens[-1].access) is not None
    assert len({one.refresh for one in tokens}) == len({one.access for one in tokens}) == 4


async def test_two_tabs_do_not_sign_each_other_out(office: Office) -> None:
    """Within ten seconds the same token gives the same successor, which goes on."""
    first = await logged_in(office)
    got = await asyncio.gather(*(office.carry_on.refresh(first.refresh) for _ in range(5)))
    assert len({tokens.refresh for tokens in got}) == 1
    office.clock.move(seconds(10))
    assert (await office.carry_on.refresh(first.refresh)).refresh == got[0].refresh
    await office.carry_on.refresh(got[0].refresh)


async def test_a_token_used_twice_ends_its_session(office: Office) -> None:
    """Whoever comes second, thief or owner: neither goes on, and the log tells of it."""
    first = await logged_in(office)
    second = await office.carry_on.refresh(first.refresh)
    office.clock.move(seconds(10.001))
    await over(office, first.refresh)
    await over(office, second.refresh)
    assert await office.authenticate(second.access) is None
    last = (await office.acts())[-1]
    assert (last.action, last.target_kind, last.after["presented"]) == ("session.revoke", "user", 1)
    again = await office.log_in("ada@example.org", PASSWORD, HERE)
    assert await office.authenticate(again.access) is not None


async def test_other_sessions_go_on(office: Office) -> None:
    """A session that ends takes no other one along."""
    first = await logged_in(office)
    other = await office.log_in("ada@example.org", PASSWORD, HERE)
    await office.carry_on.end(first.refresh)
    await over(office, first.refresh)
    assert await office.authenticate(first.access) is None
    assert await office.authenticate(other.access) is not None
    await office.carry_on.refresh(other.refresh)


async def test_a_session_ends_in_time_whatever_is_refreshed(office: Office) -> None:
    """And no token outlives it."""
    tokens = await logged_in(office)
    for _ in range(47):
        office.clock.move(minutes(15))
        tokens = await office.carry_on.refresh(tokens.refresh)
    office.clock.move(minutes(10))
    tokens = await office.carry_on.refresh(tokens.refresh)
    assert tokens.expires_in == tokens.refresh_expires_in == minutes(5)
    office.clock.move(minutes(5))
    await over(office, tokens.refresh)
    assert await office.authenticate(tokens.access) is None


async def test_what_is_no_token_of_ours_leads_nowhere(office: Office) -> None:
    """Made up, of a session that never was, or of the other kind."""
    tokens = await logged_in(office)
    unknown = office.carry_on.tokens.write(RefreshClaims(office.people.ids.new(), 1))
    for text in ("", "nonsense", tokens.access, unknown):
        await over(office, text)
        await office.carry_on.end(text)
    assert await office.authenticate(tokens.refresh) is None
    assert await office.authenticate(tokens.access) is not None


async def test_what_is_revoked_is_revoked_at_once(office: Office) -> None:
    """A disabled person and a new password end every session; a new role holds from the next request on."""
    tokens = await logged_in(office)
    principal = await office.authenticate(tokens.access)
    assert principal is not None
    user_id = principal.user_id
    await office.people.change(user_id, anything, PersonEdit(role=Role.OPERATOR), ADMIN)
    principal = await office.authenticate(tokens.access)
    assert principal is not None
    assert principal.role is Role.OPERATOR
    await office.people.change(user_id, anything, PersonEdit(password="another long one"), ADMIN)
    assert await office.authenticate(tokens.access) is None
    await over(office, tokens.refresh)
    tokens = await office.log_in("ada@example.org", "another long one", HERE)
    await office.people.change(user_id, anything, PersonEdit(disabled=True), ADMIN)
    assert await office.authenticate(tokens.access) is None
    await over(office, tokens.refresh)
    await office.people.change(user_id, anything, PersonEdit(disabled=False), ADMIN)
    assert await office.authenticate(tokens.access) is None


async def test_the_own_password_changes_and_all_sessions_end(office: Office) -> None:
    """The old one is good for nothing any more, and the log tells that it changed, not to what."""
    tokens = await logged_in(office)
    principal = await office.authenticate(tokens.access)
    assert principal is not None
    await office.change_password(principal.user_id, "another long one", ADMIN)
    assert await office.authenticate(tokens.access) is None
    await office.log_in("ada@example.org", "another long one", HERE)
    assert (await office.acts())[-1].after == {"password": "changed"}


async def test_a_token_of_another_person_is_none(office: Office) -> None:
    """A session is its person's: a token that pairs it with somebody else was not written by us."""
    tokens = await logged_in(office)
    claims = office.write.access.read(tokens.access)
    assert claims is not None
    eve = await office.person("eve@example.org", Role.ADMIN)
    crossed = office.write.access.write(attrs.evolve(claims, user_id=eve.user.id))
    assert await office.authenticate(crossed) is None


async def test_what_is_over_is_forgotten(office: Office) -> None:
    """Sessions past their time and counts past their window; what goes on stays."""
    old = await logged_in(office)
    office.clock.move(minutes(721))
    new = await office.log_in("ada@example.org", PASSWORD, HERE)
    assert not await ForgetSessions(office.units, WINDOW).run()
    assert [session for session in office.store.sessions.values() if session] != []
    assert await office.authenticate(new.access) is not None
    await over(office, old.refresh)
