"""What people do to single jobs and sets of them: cancel, retry, run now, edit, delete."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TypeAlias

import attrs

from ..domain.audit import Actor
from ..domain.errors import DomainError, JobNotFound
from ..domain.events import JobEvent
from ..domain.ids import JobId, UserId
from ..domain.job import Job, JobEdit
from .auditing import act_on_job
from .deciding import Decision, write
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .signals import announce

Move: TypeAlias = Callable[[Job, datetime], tuple[Job | None, list[JobEvent]]]
"""Decides what becomes of a job; nothing does of one that is to be forgotten."""


@attrs.frozen
class Moved:
    """The job after the move, or before it was forgotten; `repeated` if it was already so and nothing changed."""

    job: Job
    repeated: bool


Answer: TypeAlias = Moved | DomainError


@attrs.frozen
class _Order:
    """What somebody wants done: the move, whose jobs alone it may touch, and who answers for it in the audit log."""

    action: str
    move: Move
    owner: UserId | None
    actor: Actor | None


@attrs.frozen
class ManageJobs:
    """Apply people's moves, each decided by the domain and written only if the job is still what was decided on.

    `owner` confines a move to one person's jobs: others are not there. With an `actor` each job that was changed gets
    an entry in the audit log, in the same transaction.
    """

    units_of_work: UnitsOfWork
    queue: JobQueue

    async def cancel(
        self,
        job_ids: Collection[JobId],
        *,
        owner: UserId | None = None,
        reason: str | None = None,
        actor: Actor | None = None,
    ) -> Mapping[JobId, Answer]:
        """Cancel queued jobs at once and ask the workers of running ones to stop; answer for each id."""
        order = _Order("job.cancel", lambda job, now: job.cancel(now, reason), owner, actor)
        return await self._apply(job_ids, order)

    async def retry(
        self, job_ids: Collection[JobId], *, owner: UserId | None = None, actor: Actor | None = None
    ) -> Mapping[JobId, Answer]:
        """Queue dead or cancelled jobs again with a full retry budget; answer for each id."""
        return await self._apply(job_ids, _Order("job.retry", lambda job, now: job.retry(now), owner, actor))

    async def run_now(
        self, job_ids: Collection[JobId], *, owner: UserId | None = None, actor: Actor | None = None
    ) -> Mapping[JobId, Answer]:
        """Make queued jobs due at once; answer for each id."""
        return await self._apply(job_ids, _Order("job.run_now", lambda job, now: job.run_now(now), owner, actor))

    async def edit(
        self, job_id: JobId, edit: JobEdit, etag: str, *, owner: UserId | None = None, actor: Actor | None = None
    ) -> Answer:
        """Change a queued job that is as it was when `etag` was read; `edit` was checked before."""
        order = _Order("job.edit", lambda job, _: job.edit(edit, etag), owner, actor)
        return (await self._apply([job_id], order))[job_id]

    async def delete(
        self, job_ids: Collection[JobId], *, owner: UserId | None = None, actor: Actor | None = None
    ) -> Mapping[JobId, Answer]:
        """Forget ended jobs with all their attempts; answer for each id."""
        return await self._apply(job_ids, _Order("job.delete", _delete, owner, actor))

    async def _apply(self, job_ids: Collection[JobId], order: _Order) -> Mapping[JobId, Answer]:
        answers: dict[JobId, Answer] = {job_id: JobNotFound(job_id) for job_id in job_ids}
        events: list[JobEvent] = []
        async with self.units_of_work() as unit:
            undecided = frozenset(job_ids)
            while undecided:
                undecided = await _round(unit, undecided, order, answers, events)
            await unit.commit()
        await announce(self.queue, events)
        return answers


async def _round(
    unit: UnitOfWork,
    job_ids: frozenset[JobId],
    order: _Order,
    answers: dict[JobId, Answer],
    events: list[JobEvent],
) -> frozenset[JobId]:
    """Decide on the jobs as they are now; return those that moved on before the decision was written."""
    now = await unit.now()
    answers.update({job_id: JobNotFound(job_id) for job_id in job_ids})
    told: dict[JobId, list[JobEvent]] = {}
    decided: list[Decision] = []
    for job in sorted(await unit.jobs.load(job_ids), key=lambda job: job.id):
        if order.owner is not None and job.user_id != order.owner:
            continue
        try:
            after, told[job.id] = order.move(job, now)
        except DomainError as refusal:
            answers[job.id] = refusal
            continue
        answers[job.id] = Moved(after or job, repeated=after == job)
        if after != job:
            decided.append((job, after))
    refused = await write(unit.jobs, decided)
    events.extend(event for job_id, happened in told.items() if job_id not in refused for event in happened)
    if order.actor is not None and decided:
        done = [(before, after) for before, after in decided if before.id not in refused]
        await unit.audit.record([act_on_job(order.actor, order.action, before, after) for before, after in done])
    return refused


def _delete(job: Job, now: datetime) -> tuple[None, list[JobEvent]]:  # noqa: ARG001 - one shape for all moves
    job.delete()
    return None, []
