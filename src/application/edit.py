"""Editing one queued job: the same rules as at its enqueue, and only on what the editor has read."""

import attrs

from ..domain.audit import Actor
from ..domain.errors import PayloadInvalid, QueueOutOfReach
from ..domain.ids import Json, UserId
from ..domain.job import Job, JobEdit
from .enqueue import EnqueueRules, Reach, everywhere, payload_faults
from .manage import Answer, ManageJobs
from .ports.payload_schemas import PayloadSchemas
from .ports.platform import Clock


@attrs.frozen
class EditJob:
    """Change a job that nobody has claimed yet."""

    manage: ManageJobs
    clock: Clock
    rules: EnqueueRules
    schemas: PayloadSchemas

    async def __call__(
        self,
        job: Job,
        edit: JobEdit,
        *,
        owner: UserId | None = None,
        reaches: Reach = everywhere,
        actor: Actor | None = None,
    ) -> Answer:
        """Return what became of `job`, as it was read; `StaleEdit` if it has changed since.

        Raises `InvalidJob` for an edit that breaks a rule, `PayloadInvalid` for a payload that the task would refuse,
        `QueueOutOfReach` for a queue that `reaches` does not admit.
        """
        edit.check(now=self.clock.now(), payload_bytes=self.rules.payload_bytes)
        if edit.queue is not None and not reaches(edit.queue):
            raise QueueOutOfReach(edit.queue)
        if edit.payload is not None:
            await self._judge(job.task, edit.payload)
        return await self.manage.edit(job.id, edit, job.etag, owner=owner, actor=actor)

    async def _judge(self, task: str, payload: Json) -> None:
        async with self.manage.units_of_work() as unit:
            declared = await unit.catalogue.find({task})
        faults = payload_faults(self.schemas, declared.get(task), payload)
        if faults:
            raise PayloadInvalid(faults)
