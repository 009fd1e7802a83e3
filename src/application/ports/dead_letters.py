"""Dead jobs by what killed them, counted as they die and not when somebody looks."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ...domain.ids import UUID, JobId, UserId
from ...domain.outcomes import CRASHES


@attrs.frozen
class GroupFilter:
    """Whose dead jobs to count, and of which queues and tasks; an empty tuple does not narrow."""

    owner: UserId | None = None
    queues: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    queue_globs: tuple[str, ...] = ()


@attrs.frozen(order=True)
class GroupPosition:
    """A place in the order of groups: the time of the last death, and the fingerprint's MD5 to tell equals apart."""

    last_seen: datetime
    hashed: UUID


@attrs.frozen
class DeadLetterGroup:
    """Dead jobs of one cause, of those that were asked for.

    `type`, `message` and `example`, a job, are those of the last that died; it may have been retried since. Of
    `queues` and `tasks` there are a hundred at most. `first_seen` counts from when there was none.
    """

    fingerprint: str
    type: str
    message: str
    jobs: int
    queues: tuple[str, ...]
    tasks: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    example: JobId

    @property
    def crashes(self) -> bool:
        """Tell whether these jobs kill whatever runs them, instead of failing."""
        return self.type in CRASHES

    @property
    def position(self) -> GroupPosition:
        """Return the group's place in the order of groups."""
        digest = hashlib.md5(self.fingerprint.encode("utf-8", "replace"), usedforsecurity=False).digest()
        return GroupPosition(self.last_seen, UUID(bytes=digest))


class DeadLetters(Protocol):
    """The groups of dead letters. Raises `Unavailable` when the database does not answer.

    Nobody has to keep them right: whatever moves a job into `dead` or out of it, one by one, in bulk or by deleting
    it, is counted in its own transaction, without waiting for anybody who counts another.
    """

    async def groups(
        self, where: GroupFilter, *, limit: int, after: GroupPosition | None = None, oldest_first: bool = False
    ) -> Sequence[DeadLetterGroup]:
        """Return at most `limit` groups behind `after`, exact as of now, those with the latest death first."""
        ...

    async def fold(self, limit: int) -> int:
        """Put at most `limit` counted moves together, so that looking stays cheap; return how many that were."""
        ...
