"""Who is asking: an API key becomes the principal that it stands for, or nothing."""

import attrs

from ..domain.access import Principal
from .ports.accounts import ApiKey
from .ports.credentials import KeyReader, PresentedKey
from .ports.platform import Clock
from .ports.unit_of_work import UnitsOfWork


@attrs.frozen
class Authenticate:
    """Tell whom a request acts as."""

    units_of_work: UnitsOfWork
    keys: KeyReader
    clock: Clock

    async def __call__(self, key: str) -> Principal | None:
        """Return the principal of an API key; `None` for a wrong, revoked or expired one, or a disabled owner.

        The reasons are not told apart, so that nobody learns which keys exist.
        """
        presented = self.keys.read(key)
        if presented is None:
            return None
        async with self.units_of_work() as unit:
            stored = await unit.accounts.find_key(presented.key_id)
        return _principal(stored) if stored and self._fits(presented, stored) else None

    def _fits(self, presented: PresentedKey, stored: ApiKey) -> bool:
        expired = stored.expires_at is not None and stored.expires_at <= self.clock.now()
        good = not (stored.revoked or expired or stored.user.disabled)
        return self.keys.same(presented, stored.secret_hash) and good


def _principal(key: ApiKey) -> Principal:
    return Principal(key.user.id, key.user.role, key.scopes, key.id, key.queue_globs, key.expires_at)
