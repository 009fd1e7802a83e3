"""The publish pass: jobs that no hint covers are hinted at again, where hints are job ids."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import attrs

from ..domain.events import JobQueued
from .maintenance import PASS_ROWS, SOON
from .ports.due import DueJobs
from .ports.queue import JobQueue

PUBLISH_EVERY = timedelta(seconds=1)

SETS = 10
"""After so many sets the pass begins anew at the head, where most of what it published is gone by then."""


@attrs.define(eq=False)
class PublishDue:
    """Publish what is due and soon due in `queues`, in the order of claims.

    A queue of ids may lose any of them: they were dropped, or popped by a worker that ended or could not claim the
    job then. Publishing an id that is there changes nothing, so nobody needs to know which are missing.
    """

    due: DueJobs
    queue: JobQueue
    queues: tuple[str, ...]
    _after: JobQueued | None = attrs.field(default=None, init=False)
    _sets: int = attrs.field(default=0, init=False)

    async def run(self) -> bool:
        """Publish one set; tell whether more waits and was missing."""
        if not (await self.queue.health()).ok:
            return False
        found = await self.due.due(self.queues, SOON, PASS_ROWS, self._after)
        missing = await self._missing(found)
        await self.queue.publish(found)
        self._remember(found)
        return missing and len(found) == PASS_ROWS

    async def _missing(self, found: Sequence[JobQueued]) -> bool:
        """Tell whether some of these cannot have been in the queue: then there is reason to hurry."""
        counts = Counter(event.queue for event in found)
        depths = {queue: await self.queue.depth(queue) for queue in counts}
        return any(depth is not None and depth < counts[queue] for queue, depth in depths.items())

    def _remember(self, found: Sequence[JobQueued]) -> None:
        self._sets += 1
        go_on = len(found) == PASS_ROWS and self._sets < SETS
        self._after = found[-1] if go_on else None
        self._sets = self._sets if go_on else 0
