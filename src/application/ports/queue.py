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
    """Whether hints flow; `detail` says in words what is wrong when they do not."""

    ok: bool
    detail: str = ""


class JobQueue(Protocol):
    """Carries hints between processes. Hints may be lost, doubled, late or stale: whoever relies on one must look.

    Nothing here ever raises because the backend is away; the caller then merely learns of work by polling.
    """

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs. Returns at once; a hint that cannot be sent is dropped."""
        ...

    async def receive(self, queues: Sequence[str], timeout: timedelta) -> Received:
        """Wait until something comes in for one of `queues`, at most `timeout`."""
        ...

    async def ring(self, cancels: Sequence[CancelRequested]) -> None:
        """Tell the workers that hold these jobs to stop them."""
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
