"""What people do to single jobs and sets of them: cancel, retry, run now."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TypeAlias

import attrs

from ..domain.errors import DomainError, JobNotFound
from ..domain.events import JobEvent
from ..domain.ids import JobId, UserId
from ..domain.job import Job
from .ports.jobs import Change
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .signals import announce

Move: TypeAlias = Callable[[Job, datetime], tuple[Job, list[JobEvent]]]


@attrs.frozen
class Moved:
    """The job after the move; `repeated` if it was already so and nothing changed."""

    job: Job
    repeated: bool


Answer: TypeAlias = Moved | DomainError


@attrs.frozen
class ManageJobs:
    """Apply people's moves, each decided by the domain and written only if the job is still what was decided on."""

    units_of_work: UnitsOfWork
    queue: JobQueue

    async def cancel(
        self, job_ids: Collection[JobId], *, owner: UserId | None = None, reason: str | None = None
    ) -> Mapping[JobId, Answer]:
        """Cancel queued jobs at once and ask the workers of running ones to stop; answer for each id."""
        return await self._apply(job_ids, owner, lambda job, now: job.cancel(now, reason))

    async def retry(self, job_ids: Collection[JobId], *, owner: UserId | None = None) -> Mapping[JobId, Answer]:
        """Queue dead or cancelled jobs again with a full retry budget; answer for each id."""
        return await self._apply(job_ids, owner, lambda job, now: job.retry(now))

    async def run_now(self, job_ids: Collection[JobId], *, owner: UserId | None = None) -> Mapping[JobId, Answer]:
        """Make queued jobs due at once; answer for each id."""
        return await self._apply(job_ids, owner, lambda job, now: job.run_now(now))

    async def _apply(self, job_ids: Collection[JobId], owner: UserId | None, move: Move) -> Mapping[JobId, Answer]:
        answers: dict[JobId, Answer] = {job_id: JobNotFound(job_id) for job_id in job_ids}
        events: list[JobEvent] = []
        async with self.units_of_work() as unit:
            undecided = frozenset(job_ids)
            while undecided:
                undecided = await self._round(unit, undecided, owner, move, answers, events)
            await unit.commit()
        await announce(self.queue, events)
        return answers

    async def _round(
        self,
        unit: UnitOfWork,
        job_ids: frozenset[JobId],
        owner: UserId | None,
        move: Move,
        answers: dict[JobId, Answer],
        events: list[JobEvent],
    ) -> frozenset[JobId]:
        """Decide on the jobs as they are now; return those that moved on before the decision was written."""
        now = await unit.now()
        answers.update({job_id: JobNotFound(job_id) for job_id in job_ids})
        told: dict[JobId, list[JobEvent]] = {}
        changes: list[Change] = []
        for job in await unit.jobs.load(job_ids):
            if owner is not None and job.user_id != owner:
                continue
            try:
                after, told[job.id] = move(job, now)
            except DomainError as refusal:
                answers[job.id] = refusal
                continue
            answers[job.id] = Moved(after, repeated=after == job)
            if after != job:
                changes.append(Change(job, after))
        refused = await unit.jobs.change(sorted(changes, key=lambda change: change.before.id))
        events.extend(event for job_id, happened in told.items() if job_id not in refused for event in happened)
        return refused
