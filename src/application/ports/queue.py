"""The queue of hints: it says that there is work and perhaps which; it is never the truth."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from ...domain.events import CancelRequested, JobQueued
from ...domain.ids import JobId


@attrs.frozen
class Received:
    """What came in: queues that may have work, ids of jobs that may be due, jobs somebody asked to cancel.

    All empty means that the time ran out, and that looking into the database is the only way to know.
    """

    queues: frozenset[str] = frozenset()
    job_ids: tuple[JobId, ...] = ()
    cancels: frozenset[JobId] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.queues or self.job_ids or self.cancels)


@attrs.frozen
class QueueHealth:
    """Whether hints flow; `detail` says in words what is wrong when they do not.

    `ids` says that job ids are handed out, so that nobody has to look for them as long as hints flow. `troubles`
    counts how often trouble began, `dropped` the hints that could not be sent.
    """

    ok: bool
    detail: str = ""
    ids: bool = False
    troubles: int = 0
    dropped: int = 0


class JobQueue(Protocol):
    """Carries hints between processes. Hints may be lost, doubled, late or stale: whoever relies on one must look.

    Nothing here ever raises because the backend is away; the caller then merely learns of work by polling.
    """

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs. Returns at once; a hint that cannot be sent is dropped."""
        ...

    async def receive(self, queues: Sequence[str], timeout: timedelta, limit: int = 1_000) -> Received:
        """Wait until something comes in for one of `queues`, at most `timeout`.

        A backend that keeps ids gives each to one receiver only, at most `limit` at a time, those of the lowest
        priority number first. Whoever has no room asks for none and still learns of cancels; cancelling such a wait
        loses nothing.
        """
        ...

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Tell the workers that hold these jobs to stop them, and all who serve the queues `look` to look there."""
        ...

    async def depth(self, queue: str) -> int | None:
        """Return how many hints wait for `queue`; `None` for a backend that keeps none."""
        ...

    async def health(self) -> QueueHealth:
        """Say whether hints flow."""
        ...

    async def close(self) -> None:
        """Give back connections; a `receive` under way ends empty."""
        ...
