"""What the audit log is told of acts on schedules: the facts that changed, and never a payload."""

from ..domain.audit import Act, Actor, Fact
from ..domain.schedule import Every, Fire, Schedule
from .auditing import CHANGED


def act_on_schedule(action: str, actor: Actor, before: Schedule | None, after: Schedule | None) -> Act:
    """Return what `actor` did to a schedule: its facts before and after as far as they differ; `None` is none."""
    was, now = _facts(before), _facts(after)
    changed = [fact for fact in {**was, **now} if was.get(fact) != now.get(fact)]
    schedule = after or before
    return Act(
        actor=actor,
        action=action,
        target_kind="schedule",
        target_id="" if schedule is None else schedule.name,
        before={fact: was[fact] for fact in changed if fact in was},
        after={fact: now[fact] for fact in changed if fact in now} | _payload(before, after),
    )


def run_of_schedule(actor: Actor, schedule: Schedule, fire: Fire) -> Act:
    """Return that `actor` had a job made by hand."""
    facts: dict[str, Fact] = {"job_id": str(fire.job_id)}
    return Act(actor=actor, action="schedule.run", target_kind="schedule", target_id=schedule.name, after=facts)


def _payload(before: Schedule | None, after: Schedule | None) -> dict[str, Fact]:
    """Return all that is told of a payload."""
    if before is None or after is None or before.settings.job.payload == after.settings.job.payload:
        return {}
    return {"payload": CHANGED}


def _facts(schedule: Schedule | None) -> dict[str, Fact]:
    """Return what the audit log is told: of a payload, which may hold a secret, nothing."""
    if schedule is None:
        return {}
    settings, pause = schedule.settings, schedule.pause
    rhythm, job = settings.rhythm, settings.job
    return {
        "cron": None if isinstance(rhythm, Every) else rhythm.expression,
        "zone": None if isinstance(rhythm, Every) else rhythm.zone,
        "every_s": rhythm.period.total_seconds() if isinstance(rhythm, Every) else None,
        "task": job.task,
        "queue": job.queue,
        "priority": job.priority,
        "max_retries": job.max_retries,
        "backoff": None if job.backoff is None else str(job.backoff),
        "timeout_s": None if job.timeout is None else job.timeout.total_seconds(),
        "tags": list(job.tags),
        "concurrency_key": job.concurrency_key,
        "overlap": settings.overlap,
        "catch_up": settings.catch_up,
        "catch_up_limit": settings.catch_up_limit,
        "jitter_s": settings.jitter.total_seconds(),
        "paused": pause is not None,
        "pause_reason": None if pause is None else pause.reason,
    }
