"""`equeue keys …`: API keys. They work on the database itself, so that a first key can be made."""

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from cyclopts import App, Parameter

from . import options, values
from .exits import Exit, Stop
from .local import on_database
from .output import write_all

if TYPE_CHECKING:
    from ...application.ports.api_keys import StoredKey
    from ...domain.ids import UserId
    from ..container import Container

keys = App(name="keys", help="API keys.")

RoleName = Literal["member", "viewer", "operator", "admin"]
ScopeName = Literal[
    "jobs:write", "jobs:read", "jobs:admin", "queues:admin", "schedules:admin", "worker", "stats:read", "admin"
]
COLUMNS = ("id", "name", "owner", "scopes", "queues", "expires_at", "revoked", "last_used_at")
PAGE = 200


@keys.command(name="create")
def create(
    name: str,
    /,
    *,
    user: Annotated[str, Parameter(help="The e-mail of the key's owner, who is made if there is none.")],
    role: Annotated[RoleName, Parameter(help="What a newly made owner may do at most.")] = "member",
    scope: Annotated[
        list[ScopeName] | None, Parameter(help="What the key may do; without it, all that its owner may.")
    ] = None,
    queue: Annotated[
        list[str] | None, Parameter(help="The queues it is confined to, such as email or email.*; without it, none.")
    ] = None,
    expires: Annotated[str | None, Parameter(help="When it expires: 90d, or an instant (RFC 3339).")] = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Make a key called NAME and write it, once: only its hash is kept."""
    from ...application.api_keys import KeyWish
    from ...domain.access import Role, Scope
    from ...domain.audit import SYSTEM

    scopes = frozenset(map(Scope, scope)) if scope else None
    wish = KeyWish(name, scopes, tuple(queue or ()), None if expires is None else values.moment(expires))

    async def make(container: "Container") -> str:
        owner = await _owner(container, user, Role(role))
        _, text = await container.api_keys().create(owner, wish, SYSTEM)
        return text

    print(on_database(database_url, make))


@keys.command(name="list")
def list_keys(
    *,
    user: Annotated[str | None, Parameter(help="Only this person's, by e-mail.")] = None,
    output: options.Output = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """List keys, in the order in which they were made; revoked ones too."""

    async def look(container: "Container") -> "list[StoredKey]":
        owner = None if user is None else (await container.people().get(user)).user.id
        ring, found = container.api_keys(), list[Any]()
        while page := await ring.page(owner, limit=PAGE, after=found[-1].key.id if found else None):
            found.extend(page)
        return found

    write_all(map(_shown, on_database(database_url, look)), COLUMNS, output)


@keys.command(name="rotate")
def rotate(
    id: str,
    /,
    *,
    grace: Annotated[str, Parameter(help="How long the old secret stays good: 0, 90s, 24h.")] = "24h",
    database_url: options.DatabaseUrl = None,
) -> None:
    """Give a key a new secret and write its text, once; the old one stays good for a while."""
    from ...domain.audit import SYSTEM

    key_id, lasts = _id(id), values.duration(grace)

    async def change(container: "Container") -> str:
        _, text = await container.api_keys().rotate(key_id, None, lasts, SYSTEM)
        return text

    print(on_database(database_url, change))


@keys.command(name="revoke")
def revoke(id: str, /, *, output: options.Output = None, database_url: options.DatabaseUrl = None) -> None:
    """Revoke a key, for good; it is no good from its next request on."""
    from ...application.people import anything
    from ...domain.audit import SYSTEM

    key_id = _id(id)

    async def change(container: "Container") -> "StoredKey":
        ring = container.api_keys()
        await ring.revoke(key_id, None, anything, SYSTEM)
        return await ring.get(key_id, None)

    write_all([_shown(on_database(database_url, change))], COLUMNS, output)


async def _owner(container: "Container", email: str, role: Any) -> "UserId":
    from ...domain.account_errors import UserNotFound
    from ...domain.audit import SYSTEM

    people = container.people()
    try:
        return (await people.get(email)).user.id
    except UserNotFound:
        return (await people.create(email, role, None, SYSTEM)).user.id


def _id(word: str) -> UUID:
    """Return the id that `word` is, or that is in it: the text of a key names its id."""
    bare = word.removeprefix("eq_").partition("_")[0]
    try:
        return UUID(bare)
    except ValueError:
        raise Stop(f"'{word[:8]}…' is no key's id", Exit.USAGE) from None


def _shown(stored: "StoredKey") -> dict[str, Any]:
    key = stored.key
    return {
        "id": str(key.id),
        "name": key.name,
        "owner": key.user.email,
        "scopes": sorted(key.scopes),
        "queues": list(key.queue_globs),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked": key.revoked,
        "last_used_at": None if key.last_used_at is None else key.last_used_at.isoformat(),
        "created_at": stored.created_at.isoformat(),
    }
