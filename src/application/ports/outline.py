"""How a filter is gone about: what an index finds, and what the jobs found are looked at for besides."""

from typing import Any, Self

import attrs

from ...domain.access import admits
from ...domain.filter_criteria import Is, Range
from ...domain.filters import EVERY, All, Condition, Not, Term, all_of, terms
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.status import JobStatus
from .reads import JobFilter


@attrs.frozen
class Outline:
    """One filter, split.

    An index finds jobs by id, else by cause of death, else by owner, else by status, and in each of these from one time
    of creation to another. Whatever else is said is the `rest`: for that jobs are looked at one by one, in a window.
    """

    owner: UserId | None
    globs: tuple[str, ...]
    statuses: tuple[JobStatus, ...]
    ids: tuple[JobId, ...] | None
    causes: tuple[str, ...] | None
    created: tuple[Term, ...]
    rest: Condition | None

    @classmethod
    def of(cls, where: JobFilter) -> Self:
        """Return the outline of a filter whose times are instants."""
        tree = where.tree
        parts = () if tree is None else tree.parts if isinstance(tree, All) else (tree,)
        ids = next((part for part in parts if _names(part, "id")), None)
        cause = next((part for part in parts if ids is None and _names(part, "fingerprint")), None)
        # Whatever died of a cause is dead, so there too the statuses say all.
        told = cause is not None or (ids is None and where.owner is None)
        created = tuple(part for part in parts if isinstance(part, Term) and _bounds(part))
        found = {ids, cause, *created, *(part for part in parts if told and _is_of_status(part))}
        statuses = EVERY if tree is None else tree.statuses
        return cls(
            where.owner,
            where.queue_globs,
            tuple(status for status in JobStatus if status in statuses),
            _values(ids),
            _values(cause),
            created,
            all_of(*(part for part in parts if part not in found)),
        )

    @property
    def by_owner(self) -> bool:
        """Tell whether the jobs are found by their owner."""
        return self.owner is not None and self.ids is None and self.causes is None

    @property
    def by_status(self) -> bool:
        """Tell whether the jobs are found by their status."""
        return self.owner is None and self.ids is None and self.causes is None

    @property
    def looks(self) -> bool:
        """Tell whether jobs have to be looked at one by one, perhaps many more than are meant."""
        confined = bool(self.globs) or (self.owner is not None and not self.by_owner)
        return self.ids is None and (self.rest is not None or confined)

    @property
    def depth(self) -> int:
        """How often each job's documents are looked into."""
        return sum(len(term.tests) for term in terms(self.rest) if term.of_documents)

    def finds(self, job: Job) -> bool:
        """Tell whether the index finds the job."""
        return (
            job.status in self.statuses
            and (self.ids is None or job.id in self.ids)
            and (self.causes is None or (job.error is not None and job.error.group in self.causes))
            and (not self.by_owner or job.user_id == self.owner)
            and all(term.means(job) for term in self.created)
        )

    def means(self, job: Job) -> bool:
        """Tell whether a job that was found is meant."""
        return (
            (self.owner is None or job.user_id == self.owner)
            and admits(self.globs, job.queue)
            and (self.rest is None or self.rest.means(job) is True)
        )


def _names(part: Condition, name: str) -> bool:
    """Tell whether a part names values of a field one by one."""
    return isinstance(part, Term) and part.field.name == name and all(isinstance(test, Is) for test in part.tests)


def _bounds(part: Term) -> bool:
    """Tell whether a part is one stretch of time in which jobs were created."""
    return part.field.name == "created" and len(part.tests) == 1 and isinstance(part.tests[0], Range)


def _is_of_status(part: Condition) -> bool:
    term = part.part if isinstance(part, Not) else part
    return isinstance(term, Term) and term.field.name == "status"


def _values(part: Condition | None) -> tuple[Any, ...] | None:
    return tuple(test.value for test in part.tests if isinstance(test, Is)) if isinstance(part, Term) else None
