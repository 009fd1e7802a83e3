"""Whom a request acts as."""

from . import wire
from .endpoint import API, SIGNED_IN, Answer, Call, endpoint
from .services import HttpServices


@endpoint("GET", f"{API}/me", access=SIGNED_IN, answers={200: wire.MeAnswer}, tag="session")
async def get_me(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Say whom this key acts as, and what it may do."""
    principal = call.principal
    scopes = sorted(scope for scope in principal.scopes if principal.may(scope))
    key_id = None if principal.key_id is None else str(principal.key_id)
    return Answer.of(wire.MeAnswer(str(principal.user_id), principal.role, scopes, key_id, list(principal.queue_globs)))


ENDPOINTS = (get_me,)
