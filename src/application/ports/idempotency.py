"""Remembering the answer to a request, so that repeating the request repeats the answer."""

from typing import Protocol, TypeAlias

import attrs

from ...domain.ids import Json


@attrs.frozen
class IdempotencyKey:
    """One client's key for one request; `request_hash` tells the same request from another under the same key."""

    principal: str
    key: str
    request_hash: bytes


@attrs.frozen
class Fresh:
    """The key was not used before; it is this unit of work's to use."""


@attrs.frozen
class Replay:
    """The same request was answered before, with this."""

    answer: Json


Reservation: TypeAlias = Fresh | Replay


class IdempotencyKeys(Protocol):
    """Idempotency keys, in the same transaction as what they protect."""

    async def reserve(self, key: IdempotencyKey) -> Reservation:
        """Take the key for this unit of work, or return the earlier answer.

        Raises `IdempotencyKeyReused` for another request under the same key, `IdempotencyInFlight` while another
        unit of work holds the key. Never waits.
        """
        ...

    async def remember(self, key: IdempotencyKey, answer: Json) -> None:
        """Keep the answer with the unit's other writes; gone if the unit rolls back."""
        ...

    async def forget(self, limit: int) -> int:
        """Drop at most `limit` answers that are past their time; return how many."""
        ...
