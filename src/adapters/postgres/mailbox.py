"""Hints that came in, and who waits for them within this process."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import reduce

import attrs

from ...application.ports.queue import Received
from ...domain.ids import JobId

QUEUES_KEPT = 1_000
CANCELS_KEPT = 1_000
"""A hint may be lost: more than these are not kept for those who do not listen."""

NOTHING = Received()


@attrs.define(eq=False)
class Mailbox:
    """A hint reaches all who wait for its queue, or else whoever asks for that queue next."""

    _kept: dict[str, Received] = attrs.field(factory=dict, init=False)
    _waiting: "list[tuple[frozenset[str], asyncio.Future[Received]]]" = attrs.field(factory=list, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    async def take(self, queues: Sequence[str], timeout: timedelta) -> Received:
        """Wait for a hint that concerns `queues`, at most `timeout`."""
        asked = frozenset(queues)
        kept = reduce(_both, (self._kept.pop(queue) for queue in asked & self._kept.keys()), NOTHING)
        if kept or self._closed:
            return kept
        turn: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        place = asked, turn
        self._waiting.append(place)
        try:
            # Not `wait_for`: in Python 3.11 it forgets a cancel that meets an answer.
            async with asyncio.timeout(timeout.total_seconds()):
                return await turn
        except TimeoutError:
            return _told(turn)
        except asyncio.CancelledError:
            self._keep_of(asked, _told(turn))
            raise
        finally:
            self._waiting.remove(place)

    def put_ready(self, queue: str) -> None:
        """There may be work in `queue`."""
        self._put(queue, Received(queues=frozenset({queue})))

    def put_cancels(self, queue: str, job_ids: Iterable[JobId]) -> None:
        """Somebody asked to cancel jobs of `queue`."""
        self._put(queue, Received(cancels=frozenset(job_ids)))

    def wake_all(self) -> None:
        """Anything may have happened meanwhile: whoever waits has to look."""
        for queues, turn in self._waiting:
            if not turn.done():
                turn.set_result(Received(queues=queues))

    def close(self) -> None:
        """End every wait with nothing."""
        self._closed = True
        for _, turn in self._waiting:
            if not turn.done():
                turn.set_result(NOTHING)

    def _put(self, queue: str, hint: Received) -> None:
        told = [turn for queues, turn in self._waiting if queue in queues and not turn.done()]
        for turn in told:
            turn.set_result(hint)
        if not told:
            self._keep(queue, hint)

    def _keep_of(self, asked: frozenset[str], hint: Received) -> None:
        """Keep what was told to one who stopped waiting at that moment; others may have heard it too."""
        for queue in hint.queues & asked:
            self._keep(queue, Received(queues=frozenset({queue})))
        if hint.cancels:
            self._keep(min(asked), Received(cancels=hint.cancels))

    def _keep(self, queue: str, hint: Received) -> None:
        kept = _both(self._kept.pop(queue, NOTHING), hint)
        if len(self._kept) < QUEUES_KEPT and len(kept.cancels) <= CANCELS_KEPT:
            self._kept[queue] = kept


def _told(turn: "asyncio.Future[Received]") -> Received:
    return turn.result() if turn.done() and not turn.cancelled() else NOTHING


def _both(one: Received, other: Received) -> Received:
    return Received(one.queues | other.queues, one.job_ids + other.job_ids, one.cancels | other.cancels)
