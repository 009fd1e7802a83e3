"""Hints within one process."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import reduce

import attrs

from ...application.ports.queue import QueueHealth, Received
from ...domain.events import CancelRequested, JobQueued


@attrs.define
class MemoryJobQueue:
    """A `JobQueue` in memory: a hint reaches all who wait for its queue, or else the next who asks."""

    _kept: list[tuple[str, Received]] = attrs.field(factory=list, init=False)
    _waiting: "list[tuple[frozenset[str], asyncio.Future[Received]]]" = attrs.field(factory=list, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs."""
        for queue in sorted({event.queue for event in ready}):
            self._tell(queue, Received(queues=frozenset({queue})))

    async def receive(self, queues: Sequence[str], timeout: timedelta, limit: int = 1_000) -> Received:  # noqa: ARG002
        """Wait until something comes in for one of `queues`."""
        kept = self._take(frozenset(queues))
        if kept or self._closed:
            return kept
        turn: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        place = frozenset(queues), turn
        self._waiting.append(place)
        try:
            # Not `wait_for`: in Python 3.11 it forgets a cancel that meets an answer.
            async with asyncio.timeout(timeout.total_seconds()):
                return await turn
        except TimeoutError:
            return _told(turn)
        except asyncio.CancelledError:
            self._kept.extend((queue, _told(turn)) for queue in sorted(queues)[:1] if _told(turn))
            raise
        finally:
            self._waiting.remove(place)

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Tell the workers that hold these jobs to stop them, and those of the queues `look` to look."""
        for queue in look:
            self._tell(queue, Received(queues=frozenset({queue})))
        for event in cancels:
            self._tell(event.queue, Received(cancels=frozenset({event.job_id})))

    async def depth(self, queue: str) -> int:
        """Return how many hints wait for `queue`."""
        return sum(1 for name, _ in self._kept if name == queue)

    async def health(self) -> QueueHealth:
        """Say whether hints flow."""
        return QueueHealth(ok=False, detail="the queue is closed") if self._closed else QueueHealth(ok=True)

    async def close(self) -> None:
        """End every `receive` under way with nothing."""
        self._closed = True
        self._answer(lambda _: True, Received())

    def _tell(self, queue: str, hint: Received) -> None:
        if not self._answer(lambda queues: queue in queues, hint) and (queue, hint) not in self._kept:
            self._kept.append((queue, hint))

    def _answer(self, concerns: Callable[[frozenset[str]], bool], hint: Received) -> bool:
        told = [turn for queues, turn in self._waiting if concerns(queues) and not turn.done()]
        for turn in told:
            turn.set_result(hint)
        return bool(told)

    def _take(self, queues: frozenset[str]) -> Received:
        taken = [hint for queue, hint in self._kept if queue in queues]
        self._kept = [kept for kept in self._kept if kept[0] not in queues]
        return _together(taken)


def _told(turn: "asyncio.Future[Received]") -> Received:
    return turn.result() if turn.done() and not turn.cancelled() else Received()


def _together(hints: Iterable[Received]) -> Received:
    return reduce(_both, hints, Received())


def _both(one: Received, other: Received) -> Received:
    return Received(one.queues | other.queues, one.job_ids + other.job_ids, one.cancels | other.cancels)
