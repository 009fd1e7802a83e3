"""The session of a person: log in, carry on, log out."""

from ...application.sessions import Tokens
from ...domain.account_errors import SessionOver
from . import people_wire, wire
from .cookies import clear_refresh, refresh_token, refuse_other_sites, set_refresh
from .endpoint import API, NOTHING, PUBLIC, Accepts, Answer, Call, endpoint
from .services import HttpServices

PATH = f"{API}/auth"


@endpoint(
    "POST",
    f"{PATH}/login",
    access=PUBLIC,
    body=Accepts(form=people_wire.LoginRequest),
    answers={200: people_wire.TokenAnswer},
    problems=("bad-credentials", "too-many-requests"),
    tag="session",
)
async def log_in(services: HttpServices, call: Call[wire.Empty, people_wire.LoginRequest]) -> Answer:
    """Log in with an e-mail address and a password.

    Whether the address or the password is wrong is not told. After 10 attempts at an account, or 100 from an address,
    within 15 minutes the answer is 429 until these are over.
    """
    tokens = await services.identity.log_in(call.body.email, call.body.password, call.client())
    return granted(services, tokens)


@endpoint(
    "POST",
    f"{PATH}/refresh",
    access=PUBLIC,
    body=NOTHING,
    answers={200: people_wire.TokenAnswer},
    problems=("session-over", "cross-site"),
    tag="session",
    revokes=True,
)
async def refresh_session(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Exchange the refresh cookie for the next one and an access token.

    A refresh token is good once; for 10 seconds it gives the same successor again. After that it ends the session,
    for somebody else has a copy.
    """
    refuse_other_sites(call.headers)
    token = refresh_token(call.headers)
    if token is None:
        raise SessionOver
    return granted(services, await services.identity.carry_on.refresh(token))


@endpoint(
    "POST",
    f"{PATH}/link",
    access=PUBLIC,
    body=Accepts(form=people_wire.LinkRequest),
    answers={200: people_wire.TokenAnswer},
    problems=("session-over", "cross-site"),
    tag="session",
)
async def follow_link(services: HttpServices, call: Call[wire.Empty, people_wire.LinkRequest]) -> Answer:
    """Begin to use a session that was opened for a one-time link, such as `equeue dev` prints.

    The link is good once, like any refresh token: used again later it ends the session.
    """
    refuse_other_sites(call.headers)
    return granted(services, await services.identity.carry_on.refresh(call.body.token))


@endpoint(
    "POST",
    f"{PATH}/logout",
    access=PUBLIC,
    body=NOTHING,
    answers={204: wire.Empty},
    problems=("cross-site",),
    tag="session",
    revokes=True,
)
async def log_out(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """End the session of the refresh cookie; its access tokens are good for nothing from then on."""
    refuse_other_sites(call.headers)
    token = refresh_token(call.headers)
    if token is not None:
        await services.identity.carry_on.end(token)
    return Answer(status=204, headers=clear_refresh(secure=services.identity.secure_cookies))


def granted(services: HttpServices, tokens: Tokens) -> Answer:
    """Return the answer that hands out tokens."""
    form = people_wire.TokenAnswer(tokens.access, int(tokens.expires_in.total_seconds()))
    cookie = set_refresh(tokens.refresh, tokens.refresh_expires_in, secure=services.identity.secure_cookies)
    return Answer.of(form, headers=cookie)


ENDPOINTS = (log_in, refresh_session, follow_link, log_out)
