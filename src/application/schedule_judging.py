"""What a schedule's jobs are to be like, judged as each of them would be when somebody enqueues it."""

import attrs

from ..domain.errors import PayloadInvalid, UnknownTask
from ..domain.schedule import LONGEST_TIME, JobTemplate
from .enqueue import EnqueueRules, payload_faults
from .ports.catalogue import TaskDeclaration
from .ports.payload_schemas import UNJUDGED, PayloadSchemas
from .ports.unit_of_work import UnitOfWork


@attrs.frozen
class JudgeTemplates:
    """Refuses what is known to come to nothing, while there is somebody to be told.

    At a fire time nobody is: then the job is made whatever its task says by then, and its end tells.
    """

    rules: EnqueueRules = attrs.field(factory=EnqueueRules)
    schemas: PayloadSchemas = UNJUDGED

    async def __call__(self, unit: UnitOfWork, name: str, job: JobTemplate) -> None:
        """Raise `UnknownTask` where the installation is strict, and what `judge` raises."""
        declared = (await unit.catalogue.find({job.task})).get(job.task)
        if declared is None and self.rules.strict_tasks:
            raise UnknownTask(job.task, "/job/task")
        self.judge(name, job, declared)

    def judge(self, name: str, job: JobTemplate, declared: TaskDeclaration | None) -> None:
        """Raise `PayloadInvalid` for a payload that its task refuses once the words in it are filled in."""
        faults = payload_faults(self.schemas, declared, job.filled(name, LONGEST_TIME))
        if faults:
            raise PayloadInvalid(tuple(fault.under("/job") for fault in faults))
