"""Popping due ids, each to one worker only."""

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs

from ...domain.ids import JobId
from ...domain.spec import LOWEST_PRIORITY
from .connection import ANSWER_S, Client
from .hearing import Hearing
from .names import Names, read_ids
from .scripts import count, pop

MOST = 1_000


@attrs.define(eq=False)
class Popper:
    """Takes ids from queues: a lower priority number goes first across all of them, then the queue named first."""

    _client: Client
    _names: Names
    _hearing: Hearing
    _due_at: dict[str, float] = attrs.field(factory=dict, init=False)

    async def pop(self, queues: Sequence[str], limit: int) -> tuple[JobId, ...]:
        """Return at most `limit` due ids."""
        self._hearing.may_have(self._fallen_due(queues))
        ready = self._hearing.ready(queues)
        if not ready or limit < 1:
            return ()
        async with asyncio.timeout(ANSWER_S):
            shares = await self._shares(ready, min(limit, MOST))
            popped = [await self._pop(queue, share) for queue, share in shares.items()]
        return tuple(job_id for found in popped for job_id in found)

    def next_due(self, queues: Sequence[str]) -> float | None:
        """Return in how many seconds the next id of `queues` falls due, as far as is known."""
        known = [self._due_at[queue] for queue in queues if queue in self._due_at]
        return max(min(known) - asyncio.get_running_loop().time(), 0.001) if known else None

    def _fallen_due(self, queues: Sequence[str]) -> list[str]:
        now = asyncio.get_running_loop().time()
        return [queue for queue in queues if self._due_at.get(queue, now + 1) <= now]

    async def _shares(self, ready: list[str], limit: int) -> dict[str, int]:
        """Return how many ids to take from each queue, so that what is taken is the most urgent of all."""
        if len(ready) == 1:
            return {ready[0]: limit}
        counts = {queue: await count.run(self._client, self._names.ids(queue)) for queue in ready}
        shares = dict.fromkeys(ready, 0)
        for priority in range(LOWEST_PRIORITY + 1):
            for queue in ready:
                shares[queue] += min(counts[queue][priority], limit - sum(shares.values()))
        return {queue: share for queue, share in shares.items() if share or not sum(counts[queue])}

    async def _pop(self, queue: str, limit: int) -> tuple[JobId, ...]:
        more, next_due, *words = await pop.run(self._client, self._names.ids(queue), limit)
        if not more:
            self._hearing.is_empty(queue)
        self._note(queue, next_due)
        return read_ids(words)

    def _note(self, queue: str, next_due: Any) -> None:
        self._due_at.pop(queue, None)
        if float(next_due) >= 0:
            self._due_at[queue] = asyncio.get_running_loop().time() + float(next_due) / 1_000 + 0.001
