"""The forms of people, keys and sessions on the wire."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ...application.api_keys import KEPT, KeyEdit
from ...application.people import PersonEdit
from ...application.ports.api_keys import StoredKey
from ...application.ports.people import Person
from ...domain.access import Role, Scope
from ...domain.ids import UUID
from ...domain.people import EMAIL_CHARS, GLOB_CHARS, GLOBS, KEY_NAME_CHARS, LONGEST_GRACE, PASSWORD_BYTES
from . import wire
from .render import instant, maybe_instant

DAY_S = 86_400.0

Email = Annotated[str, Meta(min_length=3, max_length=EMAIL_CHARS)]
Tried = Annotated[str, Meta(max_length=1_024)]
NewPassword = Annotated[
    str, Meta(max_length=PASSWORD_BYTES, description="at least 12 characters, and at most 72 bytes in UTF-8")
]
KeyName = Annotated[str, Meta(min_length=1, max_length=KEY_NAME_CHARS)]
Scopes = Annotated[list[Scope], Meta(max_length=len(Scope))]
Glob = Annotated[str, Meta(min_length=1, max_length=GLOB_CHARS)]
Globs = Annotated[list[Glob], Meta(max_length=GLOBS, description="`*` is any text, `?` any character; none is all")]
After = Annotated[str, Meta(max_length=36, description="the id of the last item of the page before")]
Limit = Annotated[int, Meta(ge=1, le=200)]


LINK_CHARS = 1_000


class LoginRequest(Struct, forbid_unknown_fields=True):
    """Who one is, and what proves it."""

    email: Annotated[str, Meta(max_length=EMAIL_CHARS)]
    password: Tried


class LinkRequest(Struct, forbid_unknown_fields=True):
    """What a one-time link carries behind its `#`, which browsers send to nobody by themselves."""

    token: Annotated[str, Meta(max_length=LINK_CHARS)]


class TokenAnswer(Struct):
    """An access token, good for `expires_in` seconds; the refresh token is in the cookie `equeue_refresh`."""

    access_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750


class PasswordRequest(Struct, forbid_unknown_fields=True):
    """The own password, and the one that takes its place."""

    current_password: Tried
    new_password: NewPassword


class UserRequest(Struct, forbid_unknown_fields=True):
    """A person to be made; without a password only keys lead in."""

    email: Email
    role: Role = Role.MEMBER
    password: NewPassword | None = None


class UserEditRequest(Struct, forbid_unknown_fields=True):
    """What changes about a person; a new password or `disabled` ends all their sessions."""

    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET

    def edit(self) -> PersonEdit:
        """Return the edit that is asked for."""
        return PersonEdit(wire.given(self.role), wire.given(self.disabled), wire.given(self.password))


class UserOut(Struct):
    """A person."""

    id: wire.Id
    email: str
    role: Role
    disabled: bool
    has_password: bool
    created_at: wire.Instant
    etag: str


class UserList(Struct):
    """One page of people, in the order in which they were made; `next_after` leads to the next page."""

    items: list[UserOut]
    has_more: bool
    next_after: wire.Id | None


class PageQuery(Struct):
    """Which page."""

    limit: Limit = 50
    after: After | None = None


class ApiKeyQuery(Struct):
    """Which page, and for admins whose keys."""

    limit: Limit = 50
    after: After | None = None
    user_id: Annotated[str, Meta(max_length=36)] | None = None


class ApiKeyRequest(Struct, forbid_unknown_fields=True):
    """A key to be made; without `scopes` it may do what its owner may. Only admins make keys of others."""

    name: KeyName
    scopes: Scopes | None = None
    queues: Globs = []
    expires_at: wire.Moment | None = None
    user_id: UUID | None = None


class ApiKeyEditRequest(Struct, forbid_unknown_fields=True):
    """What changes about a key."""

    name: KeyName | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET
    queues: Globs | UnsetType = UNSET
    expires_at: wire.Moment | UnsetType | None = UNSET

    def edit(self) -> KeyEdit:
        """Return the edit that is asked for."""
        return KeyEdit(
            KEPT if self.name is UNSET else self.name,
            KEPT if self.scopes is UNSET else frozenset(self.scopes),
            KEPT if self.queues is UNSET else tuple(self.queues),
            KEPT if self.expires_at is UNSET else self.expires_at,
        )


class RotateRequest(Struct, forbid_unknown_fields=True):
    """How long the old secret stays good; 0 ends it at once."""

    grace_s: Annotated[float, Meta(ge=0, le=LONGEST_GRACE.total_seconds(), description="seconds")] = DAY_S


class ApiKeyOut(Struct):
    """A key, without its secret, which nobody has but whoever was given it."""

    id: wire.Id
    user_id: wire.Id
    name: str
    scopes: list[Scope]
    queues: list[str]
    expires_at: wire.Instant | None
    revoked: bool
    last_used_at: wire.Instant | None
    former_secret_until: wire.Instant | None
    created_at: wire.Instant
    etag: str


class NewApiKey(Struct):
    """A key with its text, which is shown this once."""

    api_key: ApiKeyOut
    secret: str


class ApiKeyList(Struct):
    """One page of keys, in the order in which they were made; `next_after` leads to the next page."""

    items: list[ApiKeyOut]
    has_more: bool
    next_after: wire.Id | None


def user_out(person: Person) -> UserOut:
    """Return a person for the wire."""
    user = person.user
    has_password = person.password_hash is not None
    created_at = instant(person.created_at)
    return UserOut(str(user.id), user.email, user.role, user.disabled, has_password, created_at, person.etag)


def api_key_out(stored: StoredKey) -> ApiKeyOut:
    """Return a key for the wire."""
    key = stored.key
    return ApiKeyOut(
        id=str(key.id),
        user_id=str(key.user.id),
        name=key.name,
        scopes=sorted(key.scopes),
        queues=list(key.queue_globs),
        expires_at=maybe_instant(key.expires_at),
        revoked=key.revoked,
        last_used_at=maybe_instant(key.last_used_at),
        former_secret_until=maybe_instant(None if key.former is None else key.former.until),
        created_at=instant(stored.created_at),
        etag=stored.etag,
    )
