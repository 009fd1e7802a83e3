"""API keys, managed by their owners and by admins. Every act is in the audit log, and no secret is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from ..domain.access import Scope
from ..domain.account_errors import ApiKeyNotFound, InvalidApiKey, RevokedApiKey, StaleAccount, UserNotFound
from ..domain.audit import Actor
from ..domain.errors import Violation
from ..domain.ids import UUID, UserId
from ..domain.people import LONGEST_GRACE, check_expiry, check_key
from .account_acts import key_changed, key_created, key_rotated
from .keys import IssueKey
from .people import Seen
from .ports.accounts import ApiKey, FormerSecret
from .ports.api_keys import StoredKey
from .ports.platform import Ids
from .ports.unit_of_work import UnitOfWork, UnitsOfWork


@attrs.frozen
class KeyWish:
    """A key to be made; without scopes it may do what its owner may."""

    name: str
    scopes: frozenset[Scope] | None = None
    queue_globs: tuple[str, ...] = ()
    expires_at: datetime | None = None


@attrs.frozen
class Kept:
    """Leaves a member of a key as it is."""


KEPT = Kept()


@attrs.frozen
class KeyEdit:
    """What is to change about a key."""

    name: str | Kept = KEPT
    scopes: frozenset[Scope] | Kept = KEPT
    queue_globs: tuple[str, ...] | Kept = KEPT
    expires_at: datetime | Kept | None = KEPT

    def apply(self, key: ApiKey) -> ApiKey:
        """Return the key as wanted."""
        wanted = attrs.asdict(self, recurse=False)
        return attrs.evolve(key, **{name: value for name, value in wanted.items() if not isinstance(value, Kept)})


@attrs.frozen
class ManageApiKeys:
    """Make keys, look at them, change, rotate and revoke them. With an `owner` those of others are not there."""

    units_of_work: UnitsOfWork
    ids: Ids
    issue: IssueKey

    async def create(self, user_id: UserId, wish: KeyWish, actor: Actor) -> tuple[StoredKey, str]:
        """Store a new key of a person and return it with its text, which nobody can ever see again.

        Raises `InvalidApiKey`, for one thing if the key would exceed its owner; `UserNotFound`.
        """
        async with self.units_of_work() as unit:
            person = await unit.people.find(user_id)
            if person is None:
                raise UserNotFound
            check_expiry(wish.expires_at, await unit.now())
            issued, text = self.issue(self.ids.new(), person.user, wish.name, scopes=wish.scopes)
            key = attrs.evolve(issued, queue_globs=wish.queue_globs, expires_at=wish.expires_at)
            check_key(key.name, person.user.role, key.scopes, key.queue_globs)
            stored = await unit.api_keys.add(key)
            await unit.audit.record([key_created(key, actor)])
            await unit.commit()
        return stored, text

    async def page(self, owner: UserId | None, *, limit: int, after: UUID | None = None) -> Sequence[StoredKey]:
        """Return at most `limit` keys, in the order in which they were made."""
        async with self.units_of_work() as unit:
            return await unit.api_keys.page(owner, limit=limit, after=after)

    async def get(self, key_id: UUID, owner: UserId | None) -> StoredKey:
        """Return one key; raise `ApiKeyNotFound`."""
        async with self.units_of_work() as unit:
            return _found(await unit.api_keys.find(key_id, owner))

    async def change(self, key_id: UUID, owner: UserId | None, seen: Seen, edit: KeyEdit, actor: Actor) -> StoredKey:
        """Change a key that is as the caller has `seen`; raise `StaleAccount`, `InvalidApiKey`, `ApiKeyNotFound`."""
        async with self.units_of_work() as unit:
            before = await _held(unit, key_id, owner)
            if not seen(before.etag):
                raise StaleAccount
            wanted = edit.apply(before.key)
            check_key(wanted.name, wanted.user.role, wanted.scopes - before.key.scopes, wanted.queue_globs)
            if wanted.expires_at != before.key.expires_at:
                check_expiry(wanted.expires_at, await unit.now())
            after = await unit.api_keys.put(wanted)
            await unit.audit.record([key_changed(before.key, after.key, actor)])
            await unit.commit()
        return after

    async def rotate(self, key_id: UUID, owner: UserId | None, grace: timedelta, actor: Actor) -> tuple[StoredKey, str]:
        """Give a key a new secret and return its text; the old one stays good for `grace`.

        A secret before the old one is no good from now on. Raises `ApiKeyNotFound`, `RevokedApiKey`, `InvalidApiKey`.
        """
        if not timedelta() <= grace <= LONGEST_GRACE:
            detail = f"must be between 0 and {LONGEST_GRACE.total_seconds():.0f}"
            raise InvalidApiKey((Violation("/grace_s", detail, "range"),))
        async with self.units_of_work() as unit:
            before = (await _held(unit, key_id, owner)).key
            until = await unit.now() + grace
            issued, text = self.issue(before.id, before.user, before.name, scopes=before.scopes)
            former = FormerSecret(before.secret_hash, until) if grace else None
            after = await unit.api_keys.put(attrs.evolve(before, secret_hash=issued.secret_hash, former=former))
            await unit.audit.record([key_rotated(before, after.key, actor)])
            await unit.commit()
        return after, text

    async def revoke(self, key_id: UUID, owner: UserId | None, seen: Seen, actor: Actor) -> None:
        """Make a key good for nothing, for good; a revoked one stays so. Raises `ApiKeyNotFound`, `StaleAccount`."""
        async with self.units_of_work() as unit:
            before = _found(await unit.api_keys.hold(key_id, owner))
            if not seen(before.etag):
                raise StaleAccount
            if before.key.revoked:
                return
            after = await unit.api_keys.put(attrs.evolve(before.key, revoked=True, former=None))
            await unit.audit.record([key_changed(before.key, after.key, actor)])
            await unit.commit()


async def _held(unit: UnitOfWork, key_id: UUID, owner: UserId | None) -> StoredKey:
    stored = _found(await unit.api_keys.hold(key_id, owner))
    if stored.key.revoked:
        raise RevokedApiKey
    return stored


def _found(stored: StoredKey | None) -> StoredKey:
    if stored is None:
        raise ApiKeyNotFound
    return stored
