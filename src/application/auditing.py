"""What the audit log is told of acts on jobs: the facts that changed, and never what is in a job."""

from ..domain.audit import Act, Actor, Fact
from ..domain.job import Job

TOLD = (
    "status",
    "queue",
    "priority",
    "run_at",
    "max_retries",
    "retry_count",
    "expires_at",
    "tags",
    "cancel_requested_at",
    "cancel_reason",
)
CHANGED = "changed"
"""All that is told of a payload."""


def act_on_job(actor: Actor, action: str, before: Job | None, after: Job | None) -> Act:
    """Return what `actor` did to a job: its facts before and after as far as they differ; `None` is no job."""
    job = after or before
    if job is None:
        raise ValueError("an act on a job has a job, before or after it")
    return Act(
        actor=actor,
        action=action,
        target_kind="job",
        target_id=str(job.id),
        before=_facts(before, after),
        after=_facts(after, before) | _payload(before, after),
    )


def _facts(job: Job | None, other: Job | None) -> dict[str, Fact]:
    if job is None:
        return {}
    return {
        name: value
        for name in TOLD
        if (value := getattr(job, name)) != (None if other is None else getattr(other, name))
    }


def _payload(before: Job | None, after: Job | None) -> dict[str, Fact]:
    differs = before is not None and after is not None and before.payload != after.payload
    return {"payload": CHANGED} if differs else {}
