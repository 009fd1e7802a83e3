"""Log in, carry on, log out, over HTTP."""

from typing import Any

import pytest
from tests.builders import minutes, seconds
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World

from equeue.application.ports.people import Person
from equeue.domain.access import Role
from equeue.domain.audit import SYSTEM
from equeue.domain.logins import PER_ACCOUNT
from equeue.entrypoints.http import people_wire, wire
from equeue.entrypoints.http.endpoint import Answer, Call

AUTH = "/api/v1/auth"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
FLAGS = {"Path=/api/v1/auth", "HttpOnly", "SameSite=Strict", "Secure"}


@pytest.fixture
async def ada(world: World) -> Person:
    """Give an operator who has a password."""
    return await world.services.identity.people.create(EMAIL, Role.OPERATOR, PASSWORD, SYSTEM)


@pytest.fixture
def anonymous(api: Caller) -> Caller:
    """Give a caller without a key."""
    return api.with_key(None)


async def log_in(api: Caller, password: str = PASSWORD, **request: Any) -> Any:
    """Try to log in."""
    api.client.cookies.clear()
    return await api.post(f"{AUTH}/login", json={"email": EMAIL, "password": password}, **request)


def cookie_of(answer: Any) -> str:
    """Return the refresh token in an answer's one cookie, and assert that it is well kept."""
    (header,) = answer.headers.get_list("set-cookie")
    pair, *flags = header.split("; ")
    name, _, value = pair.partition("=")
    assert name == "equeue_refresh"
    assert set(flags) >= FLAGS
    return str(value)


async def carried_on(api: Caller, token: str, path: str = "refresh", **headers: str) -> Any:
    """Present a refresh token."""
    api.client.cookies.clear()
    return await api.post(f"{AUTH}/{path}", headers={"cookie": f"a=b; equeue_refresh={token}", **headers})


async def test_the_token_is_who_logged_in(anonymous: Caller, ada: Person) -> None:
    """For a quarter of an hour, with all that the role allows."""
    answer = await log_in(anonymous)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert "refresh" not in answer.text
    me = (await anonymous.with_key(told["access_token"]).get("/api/v1/me")).json()
    assert (me["user_id"], me["email"], me["key_id"]) == (str(ada.user.id), EMAIL, None)
    assert "jobs:admin" in me["scopes"]
    (header,) = answer.headers.get_list("set-cookie")
    assert "Max-Age=43200" in header
    assert cookie_of(answer).startswith("er_")


@pytest.mark.usefixtures("ada")
async def test_refusals_are_alike(anonymous: Caller) -> None:
    """A wrong password and an address that nobody has: the same bytes, and a challenge."""
    same = {"x-request-id": "same"}
    wrong = await log_in(anonymous, "wrong password", headers=same)
    other = {"email": "eve@example.org", "password": PASSWORD}
    unknown = await anonymous.post(f"{AUTH}/login", json=other, headers=same)
    is_problem(wrong, "bad-credentials")
    assert wrong.content == unknown.content
    assert wrong.headers["www-authenticate"].startswith("Bearer")
    assert "set-cookie" not in wrong.headers


@pytest.mark.usefixtures("ada")
async def test_too_many_attempts_are_429_with_a_time_to_wait(anonymous: Caller, world: World) -> None:
    """Whatever address the caller makes up, and even with the right password; no hash is computed any more."""
    for number in range(PER_ACCOUNT):
        made_up = {"x-forwarded-for": f"198.51.100.{number}"}
        is_problem(await log_in(anonymous, "wrong password", headers=made_up), "bad-credentials")
    world.clock.move(minutes(10))
    refused = await log_in(anonymous)
    is_problem(refused, "too-many-requests")
    assert refused.headers["retry-after"] == "300"
    assert refused.headers["ratelimit-policy"] == '"login";q=10;w=900'
    assert refused.headers["ratelimit"] == '"login";r=0;t=300'
    world.clock.move(minutes(5))
    assert (await log_in(anonymous)).status_code == 200


@pytest.mark.usefixtures("ada")
async def test_refresh_tokens_follow_each_other(anonymous: Caller, world: World) -> None:
    """Each is good once; the one before it gives the same successor for ten seconds, then ends the session."""
    first = cookie_of(await log_in(anonymous))
    answer = await carried_on(anonymous, first)
    second = cookie_of(answer)
    assert second != first
    assert cookie_of(await carried_on(anonymous, first)) == second
    token = anonymous.with_key(answer.json()["access_token"])
    assert (await token.get("/api/v1/me")).status_code == 200
    world.clock.move(seconds(11))
    for spent in (first, second):
        is_problem(await carried_on(anonymous, spent), "session-over")
    is_problem(await token.get("/api/v1/me"), "unauthenticated")


@pytest.mark.parametrize(
    "cookie", ["", "equeue_refresh=", "equeue_refresh=x; equeue_refresh=y", "er=x", "equeue_refresh"]
)
async def test_without_a_good_cookie_there_is_no_refresh(anonymous: Caller, cookie: str) -> None:
    """401, whatever is wrong with it; to log out is always possible."""
    headers = {"cookie": cookie}
    is_problem(await anonymous.post(f"{AUTH}/refresh", headers=headers), "session-over")
    assert (await anonymous.post(f"{AUTH}/logout", headers=headers)).status_code == 204


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
async def test_pages_of_other_sites_cannot_use_the_cookie(anonymous: Caller, site: str) -> None:
    """Neither to carry on nor to log out; our own pages and no pages at all can."""
    token = cookie_of(await log_in(anonymous))
    for path in ("refresh", "logout"):
        is_problem(await carried_on(anonymous, token, path, **{"sec-fetch-site": site}), "cross-site")
    assert (await carried_on(anonymous, token, **{"sec-fetch-site": "same-origin"})).status_code == 200


@pytest.mark.usefixtures("ada")
async def test_after_a_logout_nothing_is_good(anonymous: Caller) -> None:
    """The cookie is taken away, and both tokens end at once."""
    answer = await log_in(anonymous)
    token, access = cookie_of(answer), answer.json()["access_token"]
    gone = await carried_on(anonymous, token, "logout")
    assert gone.status_code == 204
    assert cookie_of(gone) == ""
    assert "Max-Age=0" in gone.headers["set-cookie"]
    is_problem(await carried_on(anonymous, token), "session-over")
    is_problem(await anonymous.with_key(access).get("/api/v1/me"), "unauthenticated")


@pytest.mark.usefixtures("ada")
async def test_the_own_password_is_changed_by_who_knows_it(anonymous: Caller) -> None:
    """All sessions end, a new one begins with the answer; what bcrypt would cut off is refused with a pointer."""
    first = (await log_in(anonymous)).json()["access_token"]
    me = anonymous.with_key((await log_in(anonymous)).json()["access_token"])
    path, new = "/api/v1/me/password", "another long one"
    for wrong, pointer in (("short", "/new_password"), ("é" * 37, "/new_password")):
        refused = await me.post(path, json={"current_password": PASSWORD, "new_password": wrong})
        assert pointers(is_problem(refused, "invalid-user")) == [pointer]
        assert wrong not in refused.text
    is_problem(await me.post(path, json={"current_password": "wrong password", "new_password": new}), "bad-credentials")
    answer = await me.post(path, json={"current_password": PASSWORD, "new_password": new})
    assert answer.status_code == 200
    for ended in (first, me.key):
        is_problem(await me.with_key(ended).get("/api/v1/me"), "unauthenticated")
    assert (await me.with_key(answer.json()["access_token"]).get("/api/v1/me")).status_code == 200
    assert (await carried_on(anonymous, cookie_of(answer))).status_code == 200
    is_problem(await log_in(anonymous), "bad-credentials")
    assert (await log_in(anonymous, new)).status_code == 200


@pytest.mark.usefixtures("ada")
async def test_guesses_at_the_own_password_are_throttled(anonymous: Caller) -> None:
    """Whoever has stolen a token may not guess on."""
    me = anonymous.with_key((await log_in(anonymous)).json()["access_token"])
    guess = {"current_password": "wrong password", "new_password": "another long one"}
    for _ in range(PER_ACCOUNT):
        is_problem(await me.post("/api/v1/me/password", json=guess), "bad-credentials")
    is_problem(await me.post("/api/v1/me/password", json=guess), "too-many-requests")


async def test_a_key_is_no_person(api: Caller, world: World) -> None:
    """It has no password to change."""
    key = await world.key_of(await world.person(Role.ADMIN))
    body = {"current_password": PASSWORD, "new_password": "another long one"}
    is_problem(await api.with_key(key).post("/api/v1/me/password", json=body), "forbidden")


def test_nothing_shows_what_is_said() -> None:
    """What is printed of a call and its answer tells neither a password, nor a key, nor a cookie."""
    said = people_wire.LoginRequest(EMAIL, PASSWORD)
    call = Call(None, wire.Empty(), said, PASSWORD.encode(), "", "", {}, {"authorization": PASSWORD})
    answer = Answer(PASSWORD.encode(), headers={"Set-Cookie": PASSWORD})
    assert PASSWORD not in f"{call!r} {answer!r}"


@pytest.mark.usefixtures("ada")
async def test_no_secret_is_logged(anonymous: Caller, log: list[Any]) -> None:
    """Neither the password nor any token, whatever becomes of the request."""
    answer = await log_in(anonymous)
    secrets = [PASSWORD, answer.json()["access_token"], cookie_of(answer)]
    await carried_on(anonymous, secrets[2])
    await log_in(anonymous, PASSWORD + "!")
    assert log
    assert not any(secret in str(log) for secret in secrets)


async def test_a_one_time_link_begins_its_session_once(anonymous: Caller, world: World, ada: Person) -> None:
    """Its token is good once; again after ten seconds it ends the session, for two had the link."""
    token = (await world.services.identity.open_session(ada.user)).refresh
    first = await anonymous.post(f"{AUTH}/link", json={"token": token})
    access = first.json()["access_token"]
    me = await anonymous.with_key(access).get("/api/v1/me")

    world.clock.move(seconds(11))
    anonymous.client.cookies.clear()
    is_problem(await anonymous.post(f"{AUTH}/link", json={"token": token}), "session-over")

    assert me.json()["email"] == EMAIL
    assert cookie_of(first) != token
    assert (await anonymous.with_key(access).get("/api/v1/me")).status_code == 401


async def test_a_link_followed_from_another_site_leads_nowhere(anonymous: Caller, world: World, ada: Person) -> None:
    """Nobody is signed in by a page elsewhere, not even with a link that is good."""
    token = (await world.services.identity.open_session(ada.user)).refresh
    elsewhere = {"sec-fetch-site": "cross-site"}

    is_problem(await anonymous.post(f"{AUTH}/link", json={"token": token}, headers=elsewhere), "cross-site")
