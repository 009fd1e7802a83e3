"""API keys: people manage their own, admins everybody's. The text of a key is shown once."""

from datetime import timedelta
from functools import partial
from typing import Any

from ...application.api_keys import KeyWish
from ...application.people import anything
from ...application.ports.api_keys import StoredKey
from ...domain.access import Principal, Scope
from ...domain.account_errors import ApiKeyNotFound
from ...domain.ids import UUID, UserId
from . import people_wire, wire
from .endpoint import API, JSON, MERGE_PATCH, Accepts, Answer, Call, endpoint, people_or
from .named import path_id, query_id
from .preconditions import HEADER, fits
from .problems import Problem
from .services import HttpServices

PATH = f"{API}/api-keys"
ONE = f"{PATH}/{{key_id:str}}"
OWN = people_or(Scope.ADMIN)


@endpoint(
    "GET",
    PATH,
    access=OWN,
    query=people_wire.ApiKeyQuery,
    answers={200: people_wire.ApiKeyList},
    tag="api-keys",
)
async def list_api_keys(services: HttpServices, call: Call[people_wire.ApiKeyQuery, None]) -> Answer:
    """List the own keys, for admins everybody's; revoked ones too."""
    limit, after = call.query.limit, query_id("after", call.query.after)
    owner = _owner(call.principal, query_id("user_id", call.query.user_id))
    found = await services.identity.api_keys.page(owner, limit=limit + 1, after=after)
    shown, more = [people_wire.api_key_out(stored) for stored in found[:limit]], len(found) > limit
    return Answer.of(people_wire.ApiKeyList(shown, more, shown[-1].id if more else None))


@endpoint(
    "POST",
    PATH,
    access=OWN,
    body=Accepts(form=people_wire.ApiKeyRequest),
    answers={201: people_wire.NewApiKey},
    problems=("invalid-api-key", "not-found"),
    tag="api-keys",
)
async def create_api_key(services: HttpServices, call: Call[wire.Empty, people_wire.ApiKeyRequest]) -> Answer:
    """Make a key and show its text, once: only its hash is kept."""
    asked = call.body
    owner = _owner(call.principal, asked.user_id) or call.principal.user_id
    scopes = None if asked.scopes is None else frozenset(asked.scopes)
    wish = KeyWish(asked.name, scopes, tuple(asked.queues), asked.expires_at)
    stored, text = await services.identity.api_keys.create(owner, wish, call.actor)
    return _shown(stored, text, 201, {"Location": f"{PATH}/{stored.key.id}"})


@endpoint("GET", ONE, access=OWN, answers={200: people_wire.ApiKeyOut}, tag="api-keys")
async def get_api_key(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one key."""
    return _answer(await services.identity.api_keys.get(_named(call), _owner(call.principal)))


@endpoint(
    "PATCH",
    ONE,
    access=OWN,
    body=Accepts(form=people_wire.ApiKeyEditRequest, types=(JSON, MERGE_PATCH)),
    answers={200: people_wire.ApiKeyOut},
    problems=("invalid-api-key", "key-revoked"),
    tag="api-keys",
    conditional=True,
    revokes=True,
)
async def edit_api_key(services: HttpServices, call: Call[wire.Empty, people_wire.ApiKeyEditRequest]) -> Answer:
    """Change a key's name, scopes, queues or expiry; it holds from its next request on."""
    owner, seen = _owner(call.principal), partial(fits, call.headers)
    edit = call.body.edit()
    return _answer(await services.identity.api_keys.change(_named(call), owner, seen, edit, call.actor))


@endpoint("DELETE", ONE, access=OWN, answers={204: wire.Empty}, problems=("stale",), tag="api-keys", revokes=True)
async def revoke_api_key(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Revoke a key, for good; it is no good from its next request on."""
    seen = partial(fits, call.headers) if HEADER in call.headers else anything
    await services.identity.api_keys.revoke(_named(call), _owner(call.principal), seen, call.actor)
    return Answer(status=204)


@endpoint(
    "POST",
    f"{ONE}/rotate",
    access=OWN,
    body=Accepts(form=people_wire.RotateRequest, optional=True),
    answers={200: people_wire.NewApiKey},
    problems=("invalid-api-key", "key-revoked"),
    tag="api-keys",
    revokes=True,
)
async def rotate_api_key(services: HttpServices, call: Call[wire.Empty, people_wire.RotateRequest]) -> Answer:
    """Give a key a new secret and show its text, once; the old one stays good for a grace, by default a day."""
    grace = timedelta(seconds=call.body.grace_s)
    keys = services.identity.api_keys
    stored, text = await keys.rotate(_named(call), _owner(call.principal), grace, call.actor)
    return _shown(stored, text, 200, {})


def _owner(principal: Principal, asked: UserId | None = None) -> UserId | None:
    """Return to whose keys the caller is confined; an admin is to nobody's, unless it is asked for."""
    if principal.may(Scope.ADMIN):
        return asked
    if asked not in (None, principal.user_id):
        raise Problem("forbidden", "Keys of others are for admins.")
    return principal.user_id


def _named(call: Call[Any, Any]) -> UUID:
    return path_id(call.parameters, "key_id", ApiKeyNotFound())


def _answer(stored: StoredKey) -> Answer:
    return Answer.of(people_wire.api_key_out(stored), headers={"ETag": f'"{stored.etag}"'})


def _shown(stored: StoredKey, text: str, status: int, headers: dict[str, str]) -> Answer:
    return Answer.of(people_wire.NewApiKey(people_wire.api_key_out(stored), text), status, headers)


ENDPOINTS = (list_api_keys, create_api_key, get_api_key, edit_api_key, revoke_api_key, rotate_api_key)
