"""What happened and what is the matter now, in numbers, without counting history."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from ...domain.ids import JobId, WorkerId
from ...domain.statistics import Figures, Span
from .dead_letters import GroupFilter


@attrs.frozen
class Count:
    """How many there are; if `capped`, that many were counted and there are more."""

    value: int = 0
    capped: bool = False

    def __add__(self, other: "Count") -> "Count":
        """Return how many both are."""
        return Count(self.value + other.value, self.capped or other.capped)


NONE = Count()


@attrs.frozen
class Depth:
    """What a queue holds now.

    `ready` jobs are due, `scheduled` ones are not yet; `retrying` are those of both that have failed before.
    `oldest_ready` is for how long the first of the ready has been due.
    """

    queue: str
    ready: Count = NONE
    scheduled: Count = NONE
    running: Count = NONE
    retrying: Count = NONE
    dead: int = 0
    oldest_ready: timedelta | None = None


@attrs.frozen
class Stuck:
    """A job that runs although its lease has run out or its time is long over; `overdue` says for how long."""

    job_id: JobId
    task: str
    queue: str
    worker_id: WorkerId
    started_at: datetime | None
    overdue: timedelta


class Statistics(Protocol):
    """The figures of the past, of a filter's owner, queues and tasks. Raises `Unavailable` when nobody answers.

    Nobody has to keep them right: what stores a job or ends an attempt is counted in its own transaction, without
    waiting for anybody who counts another, and stays counted when the job is deleted.
    """

    async def figures(self, where: GroupFilter, span: Span) -> Mapping[datetime, Figures]:
        """Return what happened by steps, exact as of now; steps in which nothing happened may be missing."""
        ...

    async def fold(self, limit: int) -> int:
        """Put at most `limit` counted changes together, so that looking stays cheap; return how many that were."""
        ...

    async def tidy(self, limit: int) -> int:
        """Put minutes that are past their time into hours, forget hours that are past theirs; return how many rows."""
        ...


class LiveFigures(Protocol):
    """What is the matter now. Only a bounded part of the jobs is looked at. Raises `Unavailable`.

    Tasks of a filter do not narrow anything here.
    """

    async def depths(self, where: GroupFilter, cap: int) -> Sequence[Depth]:
        """Return what the queues hold in which anything waits, runs or lies dead, by name.

        Each count ends at `cap`, or at a share of it where there are many queues. Of an owner's jobs only the newest
        `cap` are looked at.
        """
        ...

    async def stuck(self, where: GroupFilter, limit: int) -> Sequence[Stuck]:
        """Return at most `limit` stuck jobs, the most overdue first."""
        ...
