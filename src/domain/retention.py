"""How long what has ended is remembered."""

from collections.abc import Iterator
from datetime import timedelta

import attrs

from .errors import Violation
from .status import JobStatus

SHORTEST_KEPT = timedelta(0)
LONGEST_KEPT = timedelta(days=36_525)


@attrs.frozen
class Retention:
    """How long jobs are kept once they have ended, by their status; `None` leaves it to the system.

    `result`: how long the result of a job that succeeded is kept, if not as long as the job.
    """

    succeeded: timedelta | None = None
    cancelled: timedelta | None = None
    dead: timedelta | None = None
    result: timedelta | None = None

    def of(self, status: JobStatus) -> timedelta | None:
        """Return how long jobs in this status are kept."""
        match status:
            case JobStatus.SUCCEEDED:
                return self.succeeded
            case JobStatus.CANCELLED:
                return self.cancelled
            case JobStatus.DEAD:
                return self.dead
            case _:
                return None


UNSAID = Retention()
"""The system's word counts for all."""

USUAL = Retention(timedelta(days=7), timedelta(days=7), timedelta(days=30))
"""What the system says unless its settings say otherwise."""


def retention_problems(retention: Retention) -> Iterator[Violation]:
    """Yield every rule that `retention` breaks."""
    for field in attrs.fields(Retention):
        kept = getattr(retention, field.name)
        if kept is not None and not SHORTEST_KEPT <= kept <= LONGEST_KEPT:
            yield Violation(f"/{field.name}_s", "must be between 0 and 100 years", "range")
