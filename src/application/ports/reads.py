"""Looking at jobs without changing them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

import attrs

from ...domain.filter_criteria import Is
from ...domain.filter_fields import FIELDS
from ...domain.filters import Condition, Term, all_of
from ...domain.ids import JobId, Json, UserId, WorkerId
from ...domain.job import Job
from ...domain.outcomes import AttemptOutcome, JobError
from ...domain.status import JobStatus

Document: TypeAlias = Literal["payload", "result"]
DOCUMENTS: Final[tuple[Document, ...]] = ("payload", "result")
PAGE_BYTES: Final = 8 * 1024 * 1024
ATTEMPTS: Final = 200
LEFT_OUT: Final[Json] = b""
"""Stands in a job for a document that was not read; no JSON is empty."""


@attrs.frozen
class JobFilter:
    """Which jobs to look at; an empty tuple does not narrow, and neither does no condition.

    `owner` confines to one person's jobs, `queue_globs` to the queues that a key reaches (`domain.access.admits`).
    """

    owner: UserId | None = None
    statuses: tuple[JobStatus, ...] = ()
    queues: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    queue_globs: tuple[str, ...] = ()
    condition: Condition | None = None

    @property
    def tree(self) -> Condition | None:
        """All that is said of the jobs, but for the confinement, as one tree."""
        named = (("status", self.statuses), ("queue", self.queues), ("task", self.tasks))
        said = (Term(FIELDS[name], tuple(map(Is, sorted(set(words))))) for name, words in named if words)
        return all_of(*said, self.condition)

    def at(self, now: datetime) -> "JobFilter":
        """Return the same with every time that is seen from now as an instant."""
        return self if self.condition is None else attrs.evolve(self, condition=self.condition.at(now))


@attrs.frozen(order=True)
class Position:
    """A place in the order of (`created_at`, id)."""

    created_at: datetime
    job_id: JobId


@attrs.frozen
class Portion:
    """How much of its jobs a page brings: the documents named in `whole`, of others those of at most `small` bytes.

    The page ends with the job that fills it: whose payload, result, progress and error, as far as they are brought,
    make `page` bytes together with those before.
    """

    whole: frozenset[Document] = frozenset(DOCUMENTS)
    small: int = 0
    page: int = PAGE_BYTES


EVERYTHING: Final = Portion()


@attrs.frozen
class JobPage:
    """One page; `has_more` tells whether jobs follow in the direction of reading, or may follow.

    `scanned_until` is given where the window ended the page: so far it was looked, and from there one reads on.
    `left_out` names for each job, if there are any, the documents that it has but the page does not bring: in their
    place stands `LEFT_OUT`.
    """

    items: tuple[Job, ...]
    has_more: bool
    server_time: datetime
    left_out: Mapping[JobId, frozenset[Document]] = MappingProxyType({})
    scanned_until: Position | None = None


@attrs.frozen
class Count:
    """How many jobs there are; with `capped` there are at least so many, and nobody counted on."""

    value: int
    capped: bool = False


@attrs.frozen
class Attempt:
    """One ended attempt of a job."""

    attempt: int
    outcome: AttemptOutcome
    worker_id: WorkerId | None
    started_at: datetime | None
    finished_at: datetime
    error: JobError | None = None


@attrs.frozen
class AttemptPage:
    """Some of a job's attempts; those behind `next`, if it is given, follow."""

    items: tuple[Attempt, ...]
    next: int | None = None


class JobReads(Protocol):
    """Jobs as they are committed now. Raises `Unavailable` when the database does not answer."""

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the database's time; `None` if there is none or it is not `owner`'s."""
        ...

    async def page(
        self,
        where: JobFilter,
        *,
        limit: int,
        after: Position | None = None,
        oldest_first: bool = False,
        portion: Portion = EVERYTHING,
        as_of: datetime | None = None,
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`, newest first unless asked otherwise.

        Fewer may be where `portion` ends the page, but one at least if there is any; and fewer or none where no index
        serves the filter (`Outline`) and the window of jobs that are looked at ends, which `scanned_until` tells.
        Times seen from now are seen from `as_of`, else from the database's now.
        """
        ...

    async def count(self, where: JobFilter, cap: int) -> Mapping[JobStatus, Count]:
        """Return how many jobs are in each status that `where` asks for, none of them counted beyond `cap`.

        Where no index serves the filter only the newest are looked at, as many as a window holds.
        """
        ...

    async def attempts(
        self, job_id: JobId, *, after: int = 0, limit: int = ATTEMPTS, page: int = PAGE_BYTES
    ) -> AttemptPage:
        """Return at most `limit` ended attempts of a job behind `after`, oldest first, the successful one included.

        One is always returned if there is any; the page ends with the attempt whose error fills `page` bytes.
        """
        ...
