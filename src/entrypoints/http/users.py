"""People, for admins."""

from functools import partial
from typing import Any

from ...application.people import PersonEdit, anything
from ...application.ports.people import Person
from ...domain.access import Scope
from ...domain.account_errors import UserNotFound
from ...domain.ids import UserId
from . import people_wire, wire
from .endpoint import API, JSON, MERGE_PATCH, Accepts, Answer, Call, any_of, endpoint
from .named import path_id, query_id
from .preconditions import HEADER, fits
from .services import HttpServices

PATH = f"{API}/users"
ONE = f"{PATH}/{{user_id:str}}"
ADMINS = any_of(Scope.ADMIN)


@endpoint(
    "GET",
    PATH,
    access=ADMINS,
    query=people_wire.PageQuery,
    answers={200: people_wire.UserList},
    tag="users",
)
async def list_users(services: HttpServices, call: Call[people_wire.PageQuery, None]) -> Answer:
    """List people, in the order in which they were made."""
    limit, after = call.query.limit, query_id("after", call.query.after)
    found = await services.identity.people.page(limit=limit + 1, after=after)
    shown, more = [people_wire.user_out(person) for person in found[:limit]], len(found) > limit
    return Answer.of(people_wire.UserList(shown, more, shown[-1].id if more else None))


@endpoint(
    "POST",
    PATH,
    access=ADMINS,
    body=Accepts(form=people_wire.UserRequest),
    answers={201: people_wire.UserOut},
    problems=("email-taken", "invalid-user"),
    tag="users",
)
async def create_user(services: HttpServices, call: Call[wire.Empty, people_wire.UserRequest]) -> Answer:
    """Make a person."""
    asked = call.body
    person = await services.identity.people.create(asked.email, asked.role, asked.password, call.actor)
    return _answer(person, 201, {"Location": f"{PATH}/{person.user.id}"})


@endpoint("GET", ONE, access=ADMINS, answers={200: people_wire.UserOut}, tag="users")
async def get_user(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one person."""
    return _answer(await services.identity.people.get(_named(call)))


@endpoint(
    "PATCH",
    ONE,
    access=ADMINS,
    body=Accepts(form=people_wire.UserEditRequest, types=(JSON, MERGE_PATCH)),
    answers={200: people_wire.UserOut},
    problems=("last-admin", "invalid-user"),
    tag="users",
    conditional=True,
    revokes=True,
)
async def edit_user(services: HttpServices, call: Call[wire.Empty, people_wire.UserEditRequest]) -> Answer:
    """Change a person's role or password, disable or enable them; it holds from their next request on.

    Other replicas of the API know it within half a second.
    """
    seen = partial(fits, call.headers)
    return _answer(await services.identity.people.change(_named(call), seen, call.body.edit(), call.actor))


@endpoint(
    "DELETE",
    ONE,
    access=ADMINS,
    answers={204: wire.Empty},
    problems=("last-admin", "stale"),
    tag="users",
    revokes=True,
)
async def disable_user(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Disable a person: no session and no key of theirs is good any more. Their jobs stay."""
    seen = partial(fits, call.headers) if HEADER in call.headers else anything
    await services.identity.people.change(_named(call), seen, PersonEdit(disabled=True), call.actor)
    return Answer(status=204)


def _named(call: Call[Any, Any]) -> UserId:
    return path_id(call.parameters, "user_id", UserNotFound())


def _answer(person: Person, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer.of(people_wire.user_out(person), status, {"ETag": f'"{person.etag}"', **(headers or {})})


ENDPOINTS = (list_users, create_user, get_user, edit_user, disable_user)
