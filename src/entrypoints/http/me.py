"""Whom a request acts as, and the own password."""

from ...domain.people import check_password
from . import people_wire, wire
from .endpoint import API, PEOPLE, SIGNED_IN, Accepts, Answer, Call, endpoint
from .services import HttpServices
from .session import granted


@endpoint("GET", f"{API}/me", access=SIGNED_IN, answers={200: wire.MeAnswer}, tag="session")
async def get_me(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Say whom this key or token acts as, and what it may do."""
    principal = call.principal
    person = await services.identity.people.get(principal.user_id)
    scopes = sorted(scope for scope in principal.scopes if principal.may(scope))
    key_id = None if principal.key_id is None else str(principal.key_id)
    queues = list(principal.queue_globs)
    return Answer.of(wire.MeAnswer(str(principal.user_id), person.user.email, principal.role, scopes, key_id, queues))


@endpoint(
    "POST",
    f"{API}/me/password",
    access=PEOPLE,
    body=Accepts(form=people_wire.PasswordRequest),
    answers={200: people_wire.TokenAnswer},
    problems=("bad-credentials", "too-many-requests", "invalid-user"),
    tag="session",
    revokes=True,
)
async def change_password(services: HttpServices, call: Call[wire.Empty, people_wire.PasswordRequest]) -> Answer:
    """Change the own password: all sessions end, and a new one begins here."""
    identity, user_id = services.identity, call.principal.user_id
    check_password(call.body.new_password, "/new_password")
    person = await identity.people.get(user_id)
    await identity.log_in.check(person.user.email, call.body.current_password, call.client())
    user = await identity.change_password(user_id, call.body.new_password, call.actor)
    return granted(services, await identity.open_session(user))


ENDPOINTS = (get_me, change_password)
