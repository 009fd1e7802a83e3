"""Bare hints for queues with limits: which of their jobs may start, only a claim that counts can find out."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

import attrs

from ..domain.events import CancelRequested, JobQueued
from .ports.queue import JobQueue, QueueHealth, Received


@attrs.frozen
class BareHints:
    """A `JobQueue` over another, to which it gives no ids of jobs in queues with limits.

    `limited` tells those queues as far as is known, and may be behind in either direction: an id claims no more than
    limits allow, and who is told to look finds what an id would have told.
    """

    _queue: JobQueue
    _limited: Callable[[], Awaitable[Collection[str]]]

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs."""
        bare = {event.queue for event in ready}.intersection(await self._limited())
        if not bare:
            await self._queue.publish(ready)
            return
        await self._queue.publish([event for event in ready if event.queue not in bare])
        await self._queue.ring((), sorted(bare))

    async def receive(self, queues: Sequence[str], timeout: timedelta, limit: int = 1_000) -> Received:
        """Wait until something comes in for one of `queues`."""
        return await self._queue.receive(queues, timeout, limit)

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Tell the workers that hold these jobs to stop them, and those of the queues `look` to look."""
        await self._queue.ring(cancels, look)

    async def depth(self, queue: str) -> int | None:
        """Return how many hints wait for `queue`."""
        return await self._queue.depth(queue)

    async def health(self) -> QueueHealth:
        """Say whether hints flow."""
        return await self._queue.health()

    async def close(self) -> None:
        """Give back connections."""
        await self._queue.close()
