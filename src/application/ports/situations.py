"""What explanations are made of: a job or a queue, and all that its start hangs on, brought by one bounded look."""

from typing import Protocol

from ...domain.explanation import JobSituation, QueueSituation
from ...domain.ids import JobId, UserId


class Situations(Protocol):
    """Situations as they are committed now; what a look costs does not grow with the backlog or with history.

    With an `owner`, jobs of others are not there: neither to be looked at nor named as holders of places, and no key
    is told. How many there are is. Raises `Unavailable` when the database does not answer.
    """

    async def of_job(self, job_id: JobId, owner: UserId | None = None) -> JobSituation | None:
        """Return how it stands with a job; `None` if there is none or it is not `owner`'s."""
        ...

    async def of_queue(self, name: str, owner: UserId | None = None) -> QueueSituation | None:
        """Return how it stands with a queue; `None` for a name that no setting, task or unfinished job speaks of.

        Of an owner the newest `OWN_LOOKED_AT` jobs speak.
        """
        ...
