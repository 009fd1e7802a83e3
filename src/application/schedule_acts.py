"""What the audit log is told of acts on schedules: the facts that changed, and never a payload."""

from ..domain.audit import Act, Actor, Fact
from ..domain.schedule import Every, Fire, Schedule


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
        after={fact: now[fact] for fact in changed if fact in now},
    )


def run_of_schedule(actor: Actor, schedule: Schedule, fire: Fire) -> Act:
    """Return that `actor` had a job made by hand."""
    facts: dict[str, Fact] = {"job_id": str(fire.job_id)}
    return Act(actor=actor, action="schedule.run", target_kind="schedule", target_id=schedule.name, after=facts)


def _facts(schedule: Schedule | None) -> dict[str, Fact]:
    """Return what the audit log is told: of a payload, which may hold a secret, nothing."""
    if schedule is None:
        return {}
    settings, pause = schedule.settings, schedule.pause
    rhythm = settings.rhythm
    return {
        "cron": None if isinstance(rhythm, Every) else rhythm.expression,
        "zone": None if isinstance(rhythm, Every) else rhythm.zone,
        "every_s": rhythm.period.total_seconds() if isinstance(rhythm, Every) else None,
        "task": settings.job.task,
        "queue": settings.job.queue,
        "overlap": settings.overlap,
        "catch_up": settings.catch_up,
        "catch_up_limit": settings.catch_up_limit,
        "jitter_s": settings.jitter.total_seconds(),
        "paused": pause is not None,
        "pause_reason": None if pause is None else pause.reason,
    }
