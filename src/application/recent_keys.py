"""Credentials that were good a moment ago are good: who comes often costs the database one look in a while."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

import attrs

from ..domain.access import Principal
from .ports.platform import Clock

FRESH_S: Final = 0.5
"""So long a credential that another process ends meanwhile still opens the door."""

KEPT: Final = 10_000

Authenticator: TypeAlias = Callable[[str], Awaitable[Principal | None]]
"""Returns whom a credential stands for; `None` if it is no good."""


@attrs.define(eq=False)
class RecentKeys:
    """Remembers for `FRESH_S` whom a good credential stood for, by its hash; a bad one is judged each time."""

    authenticate: Authenticator
    clock: Clock
    _known: dict[bytes, tuple[Principal, float]] = attrs.field(factory=dict, init=False)
    _asking: "dict[bytes, asyncio.Future[Principal | None]]" = attrs.field(factory=dict, init=False)

    def forget(self) -> None:
        """Judge every credential anew: some may have ended. A look that is under way is not remembered."""
        self._known, self._asking = {}, {}

    async def __call__(self, key: str) -> Principal | None:
        """Return the principal of a key."""
        name, now = hashlib.sha256(key.encode()).digest(), self.clock.monotonic()
        known = self._known.get(name)
        if known is not None and now < known[1] and not self._is_over(known[0]):
            return known[0]
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.ensure_future(self._ask(key, name, now))
            asking.add_done_callback(partial(self._asked, name))
        # Callers who come at the same time share a look; one who leaves takes it from nobody.
        return await asyncio.shield(asking)

    async def _ask(self, key: str, name: bytes, now: float) -> Principal | None:
        known = self._known
        known.pop(name, None)
        principal = await self.authenticate(key)
        if principal is not None:
            if len(known) >= KEPT:
                known.clear()
            # Counted from before the look: what it saw was true then.
            known[name] = (principal, now + FRESH_S)
        return principal

    def _asked(self, name: bytes, asked: "asyncio.Future[Principal | None]") -> None:
        if self._asking.get(name) is asked:
            del self._asking[name]

    def _is_over(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self.clock.now()
