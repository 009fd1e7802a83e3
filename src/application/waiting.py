"""Who waits for jobs in this process: one look a tick answers all of them, and none is made while nobody waits."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import attrs

from ..domain.errors import Overloaded, Unavailable
from ..domain.ids import JobId
from .ports.platform import Clock
from .ports.runtime import Timers
from .ports.watching import UNSEEN, JobWatch, Seen, Sight
from .resting import Rest

SHORTEST_S: Final = 0.010
LONGEST_S: Final = 0.250
PATIENCE_SHARE: Final = 0.1
"""The pause between two looks is this share of how long nothing stirred: whoever waits long may wait a little more."""

LOOK_SHARE: Final = 4
"""The pause is at least so many times as long as the last look took: a slow database is left alone."""

SEATS: Final = 10_000
"""So many may wait in one process; further ones are sent away."""


@attrs.define(eq=False)
class Seat:
    """One who waits for news of one job."""

    job_id: JobId
    _room: "WaitingRoom"
    mark: str = UNSEEN
    _news: Seen | None = None
    _turn: Rest = attrs.field(factory=Rest)

    async def next(self, patience: timedelta) -> Seen | None:
        """Return the newest state that was not returned before, the present one first; `None` if none comes in time."""
        self._room.wake()
        if self._news is None:
            await self._turn.take(self._room.timers, patience.total_seconds())
        news, self._news = self._news, None
        return news

    def tell(self, news: Seen) -> None:
        """Take what was seen, if it is new here."""
        mark = news.mark if isinstance(news, Sight) else None
        if mark != self.mark:
            self.mark, self._news = mark or UNSEEN, news
            self._turn.end()


@attrs.define(eq=False)
class WaitingRoom:
    """Answers all who wait by one look a tick: at once when somebody came or something changed, then less often."""

    watch: JobWatch
    clock: Clock
    timers: Timers
    _seats: dict[JobId, list[Seat]] = attrs.field(factory=dict, init=False)
    _taken: int = attrs.field(default=0, init=False)
    _stirred_at: float = attrs.field(default=0.0, init=False)
    _looked_at: float = attrs.field(default=float("-inf"), init=False)
    _rest_s: float = attrs.field(default=0.0, init=False)
    _nap: Rest = attrs.field(factory=Rest, init=False)
    _looking: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)

    @contextmanager
    def follow(self, job_id: JobId) -> Iterator[Seat]:
        """Give a seat for a while; raise `Overloaded` if none is free."""
        if self._taken >= SEATS:
            raise Overloaded
        seat = Seat(job_id, self)
        self._seats.setdefault(job_id, []).append(seat)
        self._taken += 1
        self._stir()
        try:
            yield seat
        finally:
            self._leave(seat)

    async def ended(self, job_id: JobId, patience: timedelta) -> None:
        """Return once the job has ended or is gone, but not later than `patience` allows."""
        end = self.clock.monotonic() + patience.total_seconds()
        with self.follow(job_id) as seat:
            while (left := end - self.clock.monotonic()) > 0:
                news = await seat.next(timedelta(seconds=left))
                if not isinstance(news, Sight) or news.status.ended:
                    return

    def wake(self) -> None:
        """See to it that somebody looks for as long as anybody waits."""
        if self._looking is None or self._looking.done():
            self._looked_at = float("-inf")
            self._looking = asyncio.create_task(self._look_on(), name="equeue-waiting-room")

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))

    def _leave(self, seat: Seat) -> None:
        self._taken -= 1
        left = [other for other in self._seats[seat.job_id] if other is not seat]
        if left:
            self._seats[seat.job_id] = left
            return
        del self._seats[seat.job_id]
        if not self._seats:
            self._nap.end()

    def _stir(self) -> None:
        self._stirred_at = self.clock.monotonic()
        self._nap.end()

    async def _look_on(self) -> None:
        while self._seats:
            left = self._looked_at + self._pause_s() - self.clock.monotonic()
            if left > 0:
                await self._nap.take(self.timers, left)  # unless somebody comes or the last one goes
            else:
                await self._look()

    def _pause_s(self) -> float:
        quiet = (self._looked_at - self._stirred_at) * PATIENCE_SHARE
        return max(SHORTEST_S, min(LONGEST_S, quiet), self._rest_s)

    async def _look(self) -> None:
        asked = {job_id: tuple(seats) for job_id, seats in self._seats.items()}
        began = self.clock.monotonic()
        try:
            seen = await self.watch.look({job_id: _known(seats) for job_id, seats in asked.items()})
        except Unavailable:
            self._rest_s = LONGEST_S
            seen = {}
        else:
            self._rest_s = LOOK_SHARE * (self.clock.monotonic() - began)
        self._looked_at = self.clock.monotonic()
        if seen:
            self._stirred_at = self._looked_at
        # Only those who sat there before the look began are told: to others what was seen may be older than what they
        # have read themselves.
        for job_id, news in seen.items():
            for seat in asked[job_id]:
                seat.tell(news)


def _known(seats: tuple[Seat, ...]) -> str:
    """Return what all who wait for a job know of it; who has just come knows nothing."""
    marks = {seat.mark for seat in seats}
    return marks.pop() if len(marks) == 1 else UNSEEN
