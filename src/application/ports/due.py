"""Jobs that are due or soon will be: what has to be in a queue of ids."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from ...domain.events import JobQueued


class DueJobs(Protocol):
    """Reads what a claim could take, and takes nothing."""

    async def due(
        self, queues: Sequence[str], within: timedelta, limit: int, after: JobQueued | None = None
    ) -> Sequence[JobQueued]:
        """Return at most `limit` queued jobs that fall due `within` so long, in the order in which they are claimed.

        Jobs of queues that pause or have counted limits are left out: who may take them only a claim can tell.
        `after` goes on behind a job returned before. Raises `Unavailable` when the database does not answer.
        """
        ...
