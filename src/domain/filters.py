"""Filters of jobs as typed trees, and which jobs they mean; `filter_text` writes and reads them as people do."""

from datetime import datetime
from typing import Final, TypeAlias

import attrs

from .filter_criteria import Has, Is, Test
from .filter_fields import Field, Kind, Unseen
from .job import Job
from .status import JobStatus

EVERY: Final = frozenset(JobStatus)
ENDED: Final = frozenset(status for status in JobStatus if status.ended)


@attrs.frozen
class Term:
    """One field that passes any of some tests."""

    field: Field
    tests: tuple[Test, ...]

    @property
    def deep(self) -> bool:
        """Tell whether the text of the field is searched."""
        return any(isinstance(test, Has) for test in self.tests)

    @property
    def of_documents(self) -> bool:
        """Tell whether it looks into what may be large."""
        return self.field.kind is Kind.JSON or (self.field.kind is Kind.ERROR and self.deep)

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant; `None` if that lies in a document which was not read with it."""
        values = self.field.of(job, deep=self.deep)
        if isinstance(values, Unseen):
            return None
        return any(test.fits(value) for test in self.tests for value in values)

    def at(self, now: datetime) -> "Term":
        """Return the same, as seen at `now`."""
        return Term(self.field, tuple(test.at(now) for test in self.tests))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        match self.field.name:
            case "status":
                return frozenset(JobStatus(str(test.value)) for test in self.tests if isinstance(test, Is))
            case "fingerprint":
                return frozenset({JobStatus.DEAD})
            case "finished":
                return ENDED
            case _:
                return EVERY


@attrs.frozen
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant by every part."""
        told = [part.means(job) for part in self.parts]
        return False if False in told else None if None in told else True

    def at(self, now: datetime) -> "All":
        """Return the same, as seen at `now`."""
        return All(tuple(part.at(now) for part in self.parts))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        return EVERY.intersection(*(part.statuses for part in self.parts))


@attrs.frozen
class Some:
    """Some part holds."""

    parts: "tuple[Condition, ...]"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant by any part."""
        told = [part.means(job) for part in self.parts]
        return True if True in told else None if None in told else False

    def at(self, now: datetime) -> "Some":
        """Return the same, as seen at `now`."""
        return Some(tuple(part.at(now) for part in self.parts))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        return frozenset[JobStatus]().union(*(part.statuses for part in self.parts))


@attrs.frozen
class Not:
    """The part does not hold; a field without a value passes no test, so its job is meant here."""

    part: "Condition"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is not meant by the part."""
        told = self.part.means(job)
        return None if told is None else not told

    def at(self, now: datetime) -> "Not":
        """Return the same, as seen at `now`."""
        return Not(self.part.at(now))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        part = self.part
        return EVERY - part.statuses if isinstance(part, Term) and part.field.kind is Kind.STATUS else EVERY


Condition: TypeAlias = Term | All | Some | Not


def all_of(*conditions: Condition | None) -> Condition | None:
    """Return the condition that all of these hold, as far as they are any; `None` leaves no job out."""
    parts = tuple(part for each in conditions if each is not None for part in _parts(each, All))
    return None if not parts else parts[0] if len(parts) == 1 else All(parts)


def some_of(*conditions: Condition) -> Condition:
    """Return the condition that some of these hold."""
    parts = tuple(part for each in conditions for part in _parts(each, Some))
    return parts[0] if len(parts) == 1 else Some(parts)


def none_of(condition: Condition) -> Condition:
    """Return the condition that this one does not hold."""
    return condition.part if isinstance(condition, Not) else Not(condition)


def terms(condition: Condition | None) -> tuple[Term, ...]:
    """Return every term of a tree."""
    match condition:
        case None:
            return ()
        case Term():
            return (condition,)
        case Not(part):
            return terms(part)
        case All(parts) | Some(parts):
            return tuple(term for part in parts for term in terms(part))


def _parts(condition: Condition, kind: type[All] | type[Some]) -> "tuple[Condition, ...]":
    return condition.parts if isinstance(condition, kind) else (condition,)
