"""From bulk operations to their forms on the wire."""

from ...application.bulk import Preview
from ...domain.audit import Actor
from ...domain.bulk import BulkOperation
from ...domain.bulk_plan import COUNTED, BulkFilter
from ...domain.filter_text import write
from ...domain.job import Job
from . import bulk_wire
from .render import instant, maybe_id, maybe_instant


def operation(operation: BulkOperation) -> bulk_wire.BulkOperationOut:
    """Return an operation for the wire."""
    plan, tally = operation.plan, operation.tally
    return bulk_wire.BulkOperationOut(
        id=str(operation.id),
        action=plan.action,
        status=operation.status,
        filter=selector(plan.where),
        queue=plan.queue,
        reason=plan.reason,
        mark=instant(plan.mark),
        plan_hash=plan.hash,
        expected=bulk_wire.CappedCount(operation.expected, operation.expected >= COUNTED),
        matched=tally.matched,
        done=tally.done,
        skipped=tally.skipped,
        failed=tally.failed,
        failure=operation.failure,
        actor=actor(operation.actor),
        created_at=instant(operation.created_at),
        started_at=maybe_instant(operation.started_at),
        finished_at=maybe_instant(operation.finished_at),
    )


def preview(preview: Preview) -> bulk_wire.BulkPlanned:
    """Return a preview for the wire."""
    survey = preview.survey
    return bulk_wire.BulkPlanned(
        action=preview.plan.action,
        plan_hash=preview.plan.hash,
        mark=instant(preview.plan.mark),
        count=bulk_wire.CappedCount(survey.count, survey.capped),
        sample=[_sample(job) for job in survey.sample],
    )


def selector(where: BulkFilter) -> bulk_wire.JobSelector:
    """Return a filter for the wire, as its author wrote it."""
    return bulk_wire.JobSelector(
        ids=list(where.job_ids),
        status=list(where.statuses),
        queue=list(where.queues),
        task=list(where.tasks),
        tag=list(where.tags),
        fingerprint=list(where.fingerprints),
        created_after=where.created_after,
        created_before=where.created_before,
        q=write(where.condition),
    )


def actor(actor: Actor) -> bulk_wire.ActorOut:
    """Return who did something for the wire."""
    return bulk_wire.ActorOut(actor.kind, maybe_id(actor.user_id), maybe_id(actor.key_id))


def _sample(job: Job) -> bulk_wire.SampleJob:
    return bulk_wire.SampleJob(str(job.id), job.task, job.queue, job.status, instant(job.created_at))
