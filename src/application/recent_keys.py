"""Keys that were good a moment ago are good: callers who come often cost the database one look in a while."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import attrs

from ..domain.access import Principal
from .ports.platform import Clock

FRESH_S: Final = 0.5
"""So long a key that is revoked meanwhile still opens the door."""

KEPT: Final = 10_000

Authenticator: TypeAlias = Callable[[str], Awaitable[Principal | None]]
"""Returns whom a credential stands for; `None` if it is no good."""


@attrs.define(eq=False)
class RecentKeys:
    """Remembers for `FRESH_S` whom a good key stood for; a bad one is judged each time. It keeps hashes, no keys."""

    authenticate: Authenticator
    clock: Clock
    _known: dict[bytes, tuple[Principal, float]] = attrs.field(factory=dict, init=False)
    _asking: "dict[bytes, asyncio.Future[Principal | None]]" = attrs.field(factory=dict, init=False)

    async def __call__(self, key: str) -> Principal | None:
        """Return the principal of a key."""
        name, now = hashlib.sha256(key.encode()).digest(), self.clock.monotonic()
        known = self._known.get(name)
        if known is not None and now < known[1] and not self._is_over(known[0]):
            return known[0]
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.ensure_future(self._ask(key, name, now))
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        # Callers who come at the same time share a look; one who leaves takes it from nobody.
        return await asyncio.shield(asking)

    async def _ask(self, key: str, name: bytes, now: float) -> Principal | None:
        self._known.pop(name, None)
        principal = await self.authenticate(key)
        if principal is not None:
            if len(self._known) >= KEPT:
                self._known.clear()
            # Counted from before the look: what it saw was true then.
            self._known[name] = (principal, now + FRESH_S)
        return principal

    def _is_over(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self.clock.now()
