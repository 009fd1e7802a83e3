"""What people set for queues."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ...domain.ids import UserId
from ...domain.queue import Pause, QueueSettings

OWN_LOOKED_AT = 10_000
"""Of so many of somebody's newest jobs the queues are named; nobody has more that wait and still knows where."""


@attrs.frozen
class StoredQueue:
    """The settings of a queue and its pause as they are kept; `revision` grows with each change of either."""

    name: str
    settings: QueueSettings
    created_at: datetime
    updated_at: datetime
    revision: int = 0
    pause: Pause | None = None

    @property
    def etag(self) -> str:
        """Return a value that differs whenever the settings were changed, or removed and made again."""
        return f"{int(self.created_at.timestamp() * 1_000_000):x}-{self.revision}"


class Queues(Protocol):
    """The settings of queues, inside a unit of work."""

    async def all(self) -> Sequence[StoredQueue]:
        """Return the settings of every queue that has any, by name."""
        ...

    async def find(self, name: str) -> StoredQueue | None:
        """Return the settings of one queue; `None` if it has none."""
        ...

    async def hold(self, name: str) -> StoredQueue | None:
        """Return the same, and let nobody else hold it until the unit ends, whether it is there or not."""
        ...

    async def put(self, name: str, settings: QueueSettings, pause: Pause | None = None) -> StoredQueue:
        """Store the settings and the pause of a queue, whether it had any or not."""
        ...

    async def remove(self, name: str) -> bool:
        """Take a queue's settings away; false if it had none."""
        ...

    async def names(self, owner: UserId | None = None) -> Sequence[str]:
        """Return the queues that anybody speaks of, in order: settings, tasks, and jobs that wait.

        With an `owner` the jobs of others name none, and of the own ones the newest `OWN_LOOKED_AT` count.
        """
        ...
