"""Queues by weight: where several have work, each gets its share of the claims."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import attrs

from ..domain.errors import Unavailable
from ..domain.ids import JobId
from ..domain.lease import Claim, ClaimOrder, Granted, again_in


class Claims(Protocol):
    """Whoever hands out claims; `JobLeases` does."""

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        """Lease due jobs to a worker, as `JobLeases` promises."""
        ...


class Shares:
    """Whose turn it is. Each queue has a meter, which a claimed job moves on by one divided by the queue's weight.

    The queue that is furthest behind is first, so no queue with work waits for ever, however heavy the others are:
    their meters move and its does not. A queue that had nothing moves up to the others: rest earns no credit.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._meters = dict.fromkeys(weights, 0.0)

    def order(self) -> list[str]:
        """Return the queues, the one that is furthest behind first; among equals the heaviest."""
        return sorted(self._meters, key=lambda queue: (self._meters[queue], -self._weights[queue]))

    def took(self, queues: Sequence[str]) -> None:
        """Note one claimed job for each of `queues`."""
        for queue in queues:
            self._meters[queue] += 1 / self._weights[queue]

    def had_too_little(self, queue: str) -> None:
        """Note that `queue` had less than was asked of it."""
        others = [meter for name, meter in self._meters.items() if name != queue]
        self._meters[queue] = max(self._meters[queue], min(others, default=0.0))


@attrs.frozen
class ClaimsByShare:
    """Claims from the queue whose turn it is, by priority within it; what it lacks comes from the others."""

    _claims: Claims
    _shares: Shares

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        """Lease due jobs to a worker.

        Ids that somebody named (`only`) tell that there is work, not whose turn it is, so none of them is asked for.
        """
        del only
        first, *others = self._shares.order()
        claims = await self._claims.claim(attrs.evolve(order, queues=(first,)))
        if others and len(claims) < order.limit:
            rest = attrs.evolve(order, queues=tuple(others), limit=order.limit - len(claims))
            more = await self._rest(rest, claims)
            claims = _together(claims, more)
            self._shares.had_too_little(first)
        self._shares.took([claim.queue for claim in claims])
        return claims

    async def _rest(self, order: ClaimOrder, claims: Sequence[Claim]) -> Sequence[Claim]:
        try:
            return await self._claims.claim(order)
        except Unavailable:
            if claims:
                return []  # what is in hand already must not be lost with the answer that did not come
            raise


def _together(*answers: Sequence[Claim]) -> Sequence[Claim]:
    claims = [claim for answer in answers for claim in answer]
    return Granted.of(claims, again_in(*answers)) if any(isinstance(each, Granted) for each in answers) else claims
