"""Who is asking: an API key or an access token becomes the principal that it stands for, or nothing."""

from datetime import timedelta

import attrs

from ..domain.access import GRANTS, Principal
from .ports.accounts import ApiKey
from .ports.credentials import AccessClaims, AccessTokens, KeyReader, PresentedKey
from .ports.platform import Clock
from .ports.unit_of_work import UnitsOfWork

USE_NOTED = timedelta(minutes=1)
"""How exactly it is known when a key was used last."""


@attrs.frozen
class Authenticate:
    """Tell whom a request acts as. Nothing is remembered from one call to the next, so a revocation holds at once.

    Without `tokens` only keys are taken.
    """

    units_of_work: UnitsOfWork
    keys: KeyReader
    clock: Clock
    tokens: AccessTokens | None = None

    async def __call__(self, text: str) -> Principal | None:
        """Return the principal of an API key or access token.

        `None` for what is wrong, revoked or expired, or of a disabled person. The reasons are not told apart, so that
        nobody learns which keys exist.
        """
        presented = self.keys.read(text)
        if presented is not None:
            return await self._by_key(presented)
        claims = None if self.tokens is None else self.tokens.read(text)
        return None if claims is None else await self._by_session(claims)

    async def _by_key(self, presented: PresentedKey) -> Principal | None:
        async with self.units_of_work() as unit:
            stored = await unit.accounts.find_key(presented.key_id)
            if stored is None or not self._fits(presented, stored):
                return None
            if stored.last_used_at is None or stored.last_used_at + USE_NOTED <= self.clock.now():
                await unit.api_keys.used(stored.id, USE_NOTED)
                await unit.commit()
        return _principal(stored)

    async def _by_session(self, claims: AccessClaims) -> Principal | None:
        async with self.units_of_work() as unit:
            stored = await unit.sessions.find(claims.session_id)
        if stored is None or stored.user.id != claims.user_id or stored.user.disabled:
            return None
        if not stored.session.lives(self.clock.now()):
            return None
        user = stored.user
        return Principal(user.id, user.role, GRANTS[user.role], expires_at=claims.expires_at)

    def _fits(self, presented: PresentedKey, stored: ApiKey) -> bool:
        expired = stored.expires_at is not None and stored.expires_at <= self.clock.now()
        good = not (stored.revoked or expired or stored.user.disabled)
        return self._same(presented, stored) and good

    def _same(self, presented: PresentedKey, stored: ApiKey) -> bool:
        newest = self.keys.same(presented, stored.secret_hash)
        former = stored.former
        if former is None or former.until <= self.clock.now():
            return newest
        return self.keys.same(presented, former.secret_hash) or newest


def _principal(key: ApiKey) -> Principal:
    return Principal(key.user.id, key.user.role, key.scopes, key.id, key.queue_globs, key.expires_at)
