"""Say why a job is not running, or a queue starts nothing: to whom it may concern."""

import attrs

from ..domain.access import Principal, Scope
from ..domain.explanation import Explanation, JobSituation, QueueSituation, explain_job, explain_queue
from ..domain.ids import JobId
from .ports.situations import Situations


@attrs.frozen
class Explain:
    """Look at a job or a queue, and decide what keeps it."""

    situations: Situations

    async def job(self, job_id: JobId, principal: Principal) -> tuple[JobSituation, Explanation] | None:
        """Return how it stands with a job and what follows; `None` if there is none that `principal` may see."""
        situation = await self.situations.of_job(job_id, principal.sees_only)
        if situation is None or not principal.reaches(situation.job.queue):
            return None
        return situation, explain_job(situation)

    async def queue(self, name: str, principal: Principal) -> tuple[QueueSituation, Explanation] | None:
        """Return how it stands with a queue and what follows; `None` if there is none that `principal` may see.

        Who may not read jobs is told of none.
        """
        if not principal.reaches(name):
            return None
        situation = await self.situations.of_queue(name, principal.sees_only)
        if situation is None:
            return None
        if not principal.may(Scope.JOBS_READ):
            situation = attrs.evolve(situation, queue=attrs.evolve(situation.queue, holders=()), tells_keys=False)
        return situation, explain_queue(situation)
