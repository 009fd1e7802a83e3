"""Between schedules as the domain knows them and their forms on the wire."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from ...application.ports.calendar import Calendar
from ...application.rhythms import clock_rule, upcoming, words
from ...domain.errors import InvalidJob, InvalidSchedule, Violation
from ...domain.schedule import Cron, Every, Fire, JobTemplate, Rhythm, Schedule, ScheduleSettings
from . import json_body, render, schedule_wire
from .drafts import backoff_of


def settings_of(form: schedule_wire.ScheduleForm) -> ScheduleSettings:
    """Return the settings that a form holds."""
    return ScheduleSettings(
        rhythm=rhythm_of(form),
        job=_template(form.job),
        overlap=form.overlap,
        catch_up=form.catch_up,
        catch_up_limit=form.catch_up_limit,
        jitter=timedelta(seconds=form.jitter_s),
    )


def rhythm_of(form: schedule_wire.RhythmForm) -> Rhythm:
    """Return the rhythm that a form names; raise `InvalidSchedule` unless it names one."""
    match form.cron, form.every_s:
        case str(cron), None:
            return Cron(cron, form.zone)
        case None, float(every_s):
            return Every(timedelta(seconds=every_s))
        case _:
            raise InvalidSchedule((Violation("/cron", "give cron or every_s, and only one of them", "conflict"),))


def form_of(settings: ScheduleSettings) -> schedule_wire.ScheduleForm:
    """Return settings as somebody would send them."""
    cron, zone, every_s = _rhythm(settings.rhythm)
    return schedule_wire.ScheduleForm(
        cron=cron,
        zone=zone,
        every_s=every_s,
        job=_job(settings.job),
        overlap=settings.overlap,
        catch_up=settings.catch_up,
        catch_up_limit=settings.catch_up_limit,
        jitter_s=settings.jitter.total_seconds(),
    )


def shown(calendar: Calendar, schedule: Schedule, fires: Sequence[Fire] | None = None) -> schedule_wire.ScheduleOut:
    """Return a schedule for the wire, with its newest fire times if they are given."""
    form, pause = form_of(schedule.settings), schedule.pause
    return schedule_wire.ScheduleOut(
        id=str(schedule.id),
        name=schedule.name,
        cron=form.cron,
        zone=form.zone,
        every_s=form.every_s,
        words=_words(calendar, schedule.settings.rhythm),
        job=form.job,
        overlap=form.overlap,
        catch_up=form.catch_up,
        catch_up_limit=form.catch_up_limit,
        jitter_s=form.jitter_s,
        next_at=None if pause else render.maybe_instant(schedule.next_at),
        last_fire_at=render.maybe_instant(schedule.last_fire_at),
        paused=None
        if pause is None
        else schedule_wire.SchedulePauseOut(render.instant(pause.at), pause.by, pause.reason),
        failure=schedule.failure,
        managed_by="code" if schedule.managed_by_code else "api",
        created_at=render.instant(schedule.created_at),
        updated_at=render.instant(schedule.updated_at),
        etag=schedule.etag,
        fires=msgspec.UNSET if fires is None else [_fire(fire) for fire in fires],
    )


def next_fire(calendar: Calendar, schedule: Schedule, at: datetime) -> schedule_wire.NextFire:
    """Return a schedule that fires next `at` an instant, for the wire."""
    settings = schedule.settings
    told = _words(calendar, settings.rhythm), settings.job.task, render.instant(at)
    return schedule_wire.NextFire(str(schedule.id), schedule.name, *told)


def preview(calendar: Calendar, rhythm: Rhythm, after: datetime, count: int) -> schedule_wire.SchedulePreview:
    """Return the next fire times of a rhythm that begins now, with what the clocks do to each."""
    items = [_fire_time(calendar, rhythm, at) for at in upcoming(calendar, rhythm, after, after, count)]
    return schedule_wire.SchedulePreview(words(calendar, rhythm), clock_rule(rhythm), items)


def _fire_time(calendar: Calendar, rhythm: Rhythm, at: datetime) -> schedule_wire.FireTime:
    if isinstance(rhythm, Every):
        return schedule_wire.FireTime(render.instant(at), at.isoformat(), None)
    return schedule_wire.FireTime(render.instant(at), calendar.local(rhythm, at).isoformat(), calendar.note(rhythm, at))


def _words(calendar: Calendar, rhythm: Rhythm) -> str:
    try:
        return words(calendar, rhythm)
    except InvalidJob as unreadable:
        return str(unreadable)


def _fire(fire: Fire) -> schedule_wire.FireOut:
    return schedule_wire.FireOut(render.instant(fire.fire_at), str(fire.job_id), fire.manual)


def _rhythm(rhythm: Rhythm) -> tuple[str | None, str, float | None]:
    match rhythm:
        case Cron(expression, zone):
            return expression, zone, None
        case Every(period):
            return None, "UTC", period.total_seconds()


def _job(job: JobTemplate) -> schedule_wire.ScheduleJob:
    return schedule_wire.ScheduleJob(
        task=job.task,
        payload=msgspec.Raw(job.payload),
        queue=job.queue,
        priority=job.priority,
        max_retries=job.max_retries,
        backoff=render.backoff(job.backoff),
        timeout_s=None if job.timeout is None else job.timeout.total_seconds(),
        tags=list(job.tags),
        concurrency_key=job.concurrency_key,
    )


def _template(job: schedule_wire.ScheduleJob) -> JobTemplate:
    payload = b"{}" if job.payload is msgspec.UNSET else bytes(job.payload)
    json_body.check_payload(payload)
    return JobTemplate(
        task=job.task,
        payload=payload,
        queue=job.queue,
        priority=job.priority,
        max_retries=job.max_retries,
        backoff=backoff_of(job.backoff),
        timeout=None if job.timeout_s is None else timedelta(seconds=job.timeout_s),
        tags=tuple(job.tags),
        concurrency_key=job.concurrency_key,
    )


def read_patch(raw: bytes, content_type: str) -> bytes:  # noqa: ARG001 - some routes take two kinds
    """Return a merge patch as it came, once it is known to be one that can be merged."""
    json_body.refuse_nul(raw)
    json_body.check_payload(raw)
    return raw
