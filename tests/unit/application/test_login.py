"""Logging in: throttled, and silent about which accounts there are."""

import asyncio

import pytest
from tests.builders import minutes
from tests.unit.application.office import ADMIN, PASSWORD, Office

from equeue.application.login import account_subject
from equeue.application.people import PersonEdit, anything
from equeue.domain.account_errors import BadCredentials, TooManyLogins
from equeue.domain.logins import PER_ACCOUNT, PER_ADDRESS

HERE, THERE = "203.0.113.1", "203.0.113.2"
EMAIL = "ada@example.org"


@pytest.fixture
def office() -> Office:
    """Give an empty one."""
    return Office()


async def fail(office: Office, times: int, email: str = EMAIL, address: str = HERE) -> None:
    """Try a wrong password."""
    for _ in range(times):
        with pytest.raises(BadCredentials):
            await office.log_in(email, "wrong", address)


async def test_the_right_password_begins_a_session(office: Office) -> None:
    """Its access token stands for the person, whatever the case of the address."""
    person = await office.person()
    tokens = await office.log_in("ADA@Example.ORG", PASSWORD, HERE)
    principal = await office.authenticate(tokens.access)
    assert principal is not None
    assert (principal.user_id, principal.role, principal.key_id) == (person.user.id, person.user.role, None)
    assert principal.name == f"user:{person.user.id}"
    assert (tokens.expires_in, tokens.refresh_expires_in) == (minutes(15), minutes(720))


@pytest.mark.parametrize("case", ["unknown", "wrong", "disabled", "without", "empty"])
async def test_whoever_is_refused_is_refused_alike(office: Office, case: str) -> None:
    """The same error, and one comparison of a hash each, so that neither words nor time tell."""
    person = await office.person()
    await office.people.create("machine@example.org", person.user.role, None, ADMIN)
    if case == "disabled":
        await office.people.change(person.user.id, anything, PersonEdit(disabled=True), ADMIN)
    email = {"unknown": "nobody@example.org", "without": "machine@example.org"}.get(case, EMAIL)
    password = {"wrong": "wrong", "empty": ""}.get(case, PASSWORD)
    with pytest.raises(BadCredentials) as refusal:
        await office.log_in(email, password, HERE)
    assert str(refusal.value) == str(BadCredentials())
    assert office.passwords.compared == 1
    assert office.store.sessions == {}


async def test_an_account_is_tried_ten_times(office: Office) -> None:
    """From wherever; then not even the right password is looked at, until the window ends."""
    await office.person()
    for number in range(PER_ACCOUNT):
        await fail(office, 1, EMAIL.upper() if number % 2 else EMAIL, f"203.0.113.{number}")
    for password in (PASSWORD, "wrong"):
        with pytest.raises(TooManyLogins) as refusal:
            await office.log_in(EMAIL, password, THERE)
        assert (refusal.value.limit, refusal.value.wait) == (PER_ACCOUNT, minutes(15))
    assert office.passwords.compared == PER_ACCOUNT
    office.clock.move(minutes(15))
    await office.log_in(EMAIL, PASSWORD, THERE)


async def test_an_account_that_is_not_there_is_throttled_alike(office: Office) -> None:
    """Or the limit would tell which accounts there are."""
    await fail(office, PER_ACCOUNT, "nobody@example.org")
    with pytest.raises(TooManyLogins):
        await office.log_in("nobody@example.org", "wrong", HERE)


async def test_an_address_is_bounded_over_all_accounts(office: Office) -> None:
    """One password tried on many accounts is a guess as well; other addresses go on."""
    await office.person()
    for number in range(PER_ADDRESS):
        await fail(office, 1, f"p{number}@example.org")
    with pytest.raises(TooManyLogins):
        await office.log_in(EMAIL, PASSWORD, HERE)
    await office.log_in(EMAIL, PASSWORD, THERE)


async def test_success_clears_the_account_and_not_the_address(office: Office) -> None:
    """Who mistypes now and then is never locked out; who owns one account gains no guesses at others."""
    await office.person()
    for _ in range(3):
        await fail(office, PER_ACCOUNT - 1)
        await office.log_in(EMAIL, PASSWORD, HERE)
    tried = office.store.logins[f"address:{HERE}"]
    assert tried is not None
    assert tried.count == 3 * (PER_ACCOUNT - 1)


async def test_attempts_at_the_same_time_all_count(office: Office) -> None:
    """An attempt counts before its password is looked at, so a burst gains nothing."""
    await office.person()

    async def guess() -> type[Exception]:
        with pytest.raises((BadCredentials, TooManyLogins)) as refusal:
            await office.log_in(EMAIL, "wrong", HERE)
        return refusal.type

    refusals = await asyncio.gather(*(guess() for _ in range(PER_ACCOUNT * 3)))
    assert refusals.count(BadCredentials) == PER_ACCOUNT == office.passwords.compared


async def test_what_was_typed_is_not_kept(office: Office) -> None:
    """People type passwords into the field for the address."""
    with pytest.raises(BadCredentials):
        await office.log_in(PASSWORD, "", HERE)
    assert PASSWORD not in str(office.store.logins)
    assert account_subject("A@b") == account_subject("a@B")
