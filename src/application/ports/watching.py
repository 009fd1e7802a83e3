"""Seeing what changes, for all who wait for it at once."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

import attrs

from ...domain.ids import JobId, Json
from ...domain.status import JobStatus


@attrs.frozen
class Sight:
    """Where a job stands; `mark` differs whenever anything else here but the time does."""

    mark: str
    status: JobStatus
    queue: str
    attempt: int
    retry_count: int
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    progress: Json | None
    server_time: datetime


@attrs.frozen
class Missing:
    """There is no such job, or no longer."""


Seen: TypeAlias = Sight | Missing
UNSEEN = ""
"""The mark of what was not looked at yet; no job has it."""


class JobWatch(Protocol):
    """Jobs as they are committed now."""

    async def look(self, known: Mapping[JobId, str]) -> Mapping[JobId, Seen]:
        """Return those of the jobs whose mark is not the one that is `known`, all by one look.

        Raises `Unavailable` when the database does not answer.
        """
        ...


class Topic(StrEnum):
    """What a view may show."""

    JOBS = "jobs"
    QUEUES = "queues"
    TASKS = "tasks"
    BULK_OPERATIONS = "bulk-operations"
    DEAD_LETTERS = "dead-letters"


class TopicWatch(Protocol):
    """Whether anything of a topic changed, at a cost that does not grow with how much there is."""

    async def marks(self) -> Mapping[Topic, str]:
        """Return a mark for each topic; one that changes says that something may have, shortly before.

        Heartbeats change nothing. Raises `Unavailable` when the database does not answer.
        """
        ...
