"""Jobs that a handler asks for: checked at once, born with its success or not at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from ..domain.events import JobQueued
from ..domain.ids import JobId
from ..domain.lease import Claim
from ..domain.spec import Birth
from .context import AskedFor
from .new_jobs import NewJob, NewJobs
from .ports.catalogue import TaskDeclaration
from .ports.platform import Clock, Ids
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitsOfWork
from .signals import announce


@attrs.frozen
class ChildJob:
    """A job that a handler asked for; it has its identity already."""

    id: JobId
    job: NewJob

    @property
    def undeclared(self) -> str | None:
        """The task, where it was given by its name alone."""
        return None if self.job.wishes is None else self.job.spec.task

    def birth(self, parent: Claim, declaration: TaskDeclaration | None) -> Birth:
        """Return the birth of this child of `parent`, whose owner it shares."""
        job = self.job.completed(declaration)
        trace = job.spec.traceparent or parent.traceparent
        spec = attrs.evolve(job.spec, payload=job.payload, traceparent=trace)
        return Birth(self.id, spec, parent.user_id, parent.job_id)


def asking(new_jobs: NewJobs, ids: Ids) -> Callable[[Any, Sequence[Any], Mapping[str, Any]], ChildJob]:
    """Return what makes children of a handler's requests; it raises `InvalidJob` for one that is no job."""

    def ask(task: Any, args: Sequence[Any], payload: Mapping[str, Any]) -> ChildJob:
        return ChildJob(ids.new(), new_jobs.make(task, args, payload, depth=3))

    return ask


@attrs.frozen
class BearChildren:
    """Makes births of what handlers asked for, and tells of those that came about."""

    units_of_work: UnitsOfWork
    queue: JobQueue
    clock: Clock

    async def births(self, asked: Sequence[tuple[Claim, Sequence[AskedFor]]]) -> list[tuple[Birth, ...]]:
        """Return the births of each claim's children, those of a task given by name as its workers declared it."""
        names = {name for _, children in asked for child in children if (name := child.undeclared) is not None}
        declared = await self._declared(names) if names else {}
        return [
            tuple(child.birth(parent, declared.get(child.undeclared or "")) for child in children)
            for parent, children in asked
        ]

    async def tell(self, births: Iterable[Birth]) -> None:
        """Wake workers for children that were born."""
        now = self.clock.now()
        await announce(self.queue, [_queued(birth, now) for birth in births])

    async def _declared(self, names: set[str]) -> Mapping[str, TaskDeclaration]:
        async with self.units_of_work() as unit:
            return await unit.catalogue.find(names)


def _queued(birth: Birth, now: datetime) -> JobQueued:
    spec = birth.spec
    run_at = spec.run_at or (now if spec.delay is None else now + spec.delay)
    return JobQueued(birth.job_id, spec.queue, spec.priority, run_at)
