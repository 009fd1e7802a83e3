"""Schedules: look at them, set them, pause them, run them by hand, and see when they would fire."""

from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ...application.enqueue import Replayed
from ...application.ports.jobs import Created
from ...application.rhythms import check
from ...domain.access import Scope
from ...domain.errors import InvalidSchedule, ScheduleNotFound, Violation
from ...domain.ids import NAME, UUID
from ...domain.schedule import Schedule, ScheduleSettings
from . import idempotency, json_body, schedule_wire, wire
from .endpoint import API, JSON, MERGE_PATCH, NOTHING, Accepts, Answer, Call, any_of, endpoint
from .enqueue import answer as enqueued
from .merge import merge
from .preconditions import HEADER, fits
from .schedule_forms import form_of, preview, read_patch, rhythm_of, settings_of, shown
from .services import HttpServices, Limits

PATH = f"{API}/schedules"
ONE = f"{PATH}/{{schedule:str}}"
READ = any_of(Scope.JOBS_READ, Scope.SCHEDULES_ADMIN)
SET = any_of(Scope.SCHEDULES_ADMIN)
JUDGED = ("unknown-task", "payload-invalid")
RULES = ("invalid-schedule", "bad-cron", "queue-forbidden", "too-deep", "payload-too-large", *JUDGED)

YEARS = range(1971, 9_000)
"""Those of which a preview can be asked; dates end not long after."""

_FORM = msgspec.json.Decoder(schedule_wire.ScheduleForm)


class SchedulesQuery(msgspec.Struct):
    """How many schedules, and behind which name."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    after: Annotated[str, Meta(max_length=128, description="the last name of the page before")] = ""


class RemoveQuery(msgspec.Struct):
    """Whether to take away even one that code declared; a worker that still declares it makes it again."""

    force: bool = False


def _single(services: HttpServices) -> int:
    limits: Limits = services.limits
    return limits.single


@endpoint("GET", PATH, access=READ, query=SchedulesQuery, answers={200: schedule_wire.ScheduleList}, tag="schedules")
async def list_schedules(services: HttpServices, call: Call[SchedulesQuery, None]) -> Answer:
    """List schedules by name. A page may hold fewer than `limit` where some are out of reach."""
    query, principal = call.query, call.principal
    found, behind = await services.schedules.page(limit=query.limit, after=query.after, reaches=principal.reaches)
    items = [shown(services.calendar, each) for each in found if principal.sees_only in (None, each.user_id)]
    return Answer.of(schedule_wire.ScheduleList(items, behind is not None, behind))


@endpoint(
    "POST",
    PATH,
    access=SET,
    body=Accepts(form=schedule_wire.NewSchedule, limit=_single),
    answers={201: schedule_wire.ScheduleOut},
    problems=(*RULES, "schedule-exists"),
    tag="schedules",
)
async def create_schedule(services: HttpServices, call: Call[wire.Empty, schedule_wire.NewSchedule]) -> Answer:
    """Make a schedule; its jobs are yours, and it first fires after now."""
    principal, settings = call.principal, settings_of(call.body)
    made = await services.schedules.create(call.body.name, settings, call.actor, principal.user_id, principal.reaches)
    return _answer(services, made, status=201, location=f"{PATH}/{made.id}")


@endpoint("GET", ONE, access=READ, answers={200: schedule_wire.ScheduleOut}, tag="schedules")
async def get_schedule(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one schedule, by id or name, with its newest fire times."""
    principal, named = call.principal, _named(call)
    schedule, fires = await services.schedules.get(named, principal.reaches)
    if principal.sees_only not in (None, schedule.user_id):
        raise ScheduleNotFound(str(named))
    return Answer.of(shown(services.calendar, schedule, fires), headers={"ETag": f'"{schedule.etag}"'})


@endpoint(
    "PUT",
    ONE,
    access=SET,
    body=Accepts(form=schedule_wire.ScheduleForm, limit=_single),
    answers={200: schedule_wire.ScheduleOut},
    problems=(*RULES, "managed-by-code"),
    tag="schedules",
    conditional=True,
)
async def put_schedule(services: HttpServices, call: Call[wire.Empty, schedule_wire.ScheduleForm]) -> Answer:
    """Set a schedule anew: what is left out becomes the default. Another rhythm begins now."""
    settings = settings_of(call.body)
    return await _change(services, call, lambda _: settings)


@endpoint(
    "PATCH",
    ONE,
    access=SET,
    body=Accepts(form=schedule_wire.ScheduleForm, read=read_patch, types=(JSON, MERGE_PATCH), limit=_single),
    answers={200: schedule_wire.ScheduleOut},
    problems=(*RULES, "managed-by-code"),
    tag="schedules",
    conditional=True,
)
async def edit_schedule(services: HttpServices, call: Call[wire.Empty, bytes]) -> Answer:
    """Change some settings of a schedule: a merge patch (RFC 7396), also as plain JSON."""

    def edit(settings: ScheduleSettings) -> ScheduleSettings:
        merged = merge(wire.encode(form_of(settings)), call.body)
        return settings_of(json_body.decode(merged, _FORM))

    return await _change(services, call, edit)


@endpoint(
    "DELETE",
    ONE,
    access=SET,
    query=RemoveQuery,
    answers={204: wire.Empty},
    problems=("stale", "managed-by-code"),
    tag="schedules",
)
async def delete_schedule(services: HttpServices, call: Call[RemoveQuery, None]) -> Answer:
    """Take a schedule away; the jobs that it made stay. With `If-Match` only what was read."""
    seen = partial(fits, call.headers) if HEADER in call.headers else _anything
    force, reaches = call.query.force, call.principal.reaches
    await services.schedules.remove(_named(call), seen, call.actor, reaches, force=force)
    return Answer(status=204)


@endpoint(
    "POST",
    f"{ONE}/pause",
    access=SET,
    body=Accepts(form=schedule_wire.SchedulePauseRequest, optional=True),
    answers={200: schedule_wire.ScheduleOut},
    tag="schedules",
)
async def pause_schedule(services: HttpServices, call: Call[wire.Empty, schedule_wire.SchedulePauseRequest]) -> Answer:
    """Stop making jobs, also of a schedule declared in code; what falls due meanwhile is not made up for."""
    principal, reason = call.principal, call.body.reason
    by = principal.name
    return _answer(services, await services.schedules.pause(_named(call), call.actor, by, reason, principal.reaches))


@endpoint("POST", f"{ONE}/resume", access=SET, body=NOTHING, answers={200: schedule_wire.ScheduleOut}, tag="schedules")
async def resume_schedule(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Go on with the next fire time from now."""
    return _answer(services, await services.schedules.resume(_named(call), call.actor, call.principal.reaches))


@endpoint(
    "POST",
    f"{ONE}/run",
    access=SET,
    body=NOTHING,
    answers={201: wire.EnqueueAnswer},
    problems=("invalid-idempotency-key", "idempotency-in-flight", "idempotency-key-reused", *JUDGED),
    tag="schedules",
)
async def run_schedule(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Make a job of the schedule now, paused or not; a repeated `Idempotency-Key` makes no second one."""

    def written(made: Created) -> Answer:
        return enqueued([made])

    key, reaches = idempotency.key_of(call), call.principal.reaches
    made = await services.schedules.run(
        _named(call), call.actor, reaches, key=key, render=lambda made: idempotency.keep(written(made))
    )
    return idempotency.again(made.answer) if isinstance(made, Replayed) else written(made)


@endpoint(
    "POST",
    f"{PATH}/preview",
    access=READ,
    body=Accepts(form=schedule_wire.SchedulePreviewRequest),
    answers={200: schedule_wire.SchedulePreview},
    problems=("invalid-schedule", "bad-cron"),
    tag="schedules",
)
async def preview_schedule(
    services: HttpServices, call: Call[wire.Empty, schedule_wire.SchedulePreviewRequest]
) -> Answer:
    """Show the next fire times of a rhythm, and say in words what changes of the clocks do to them."""
    rhythm, after = rhythm_of(call.body), call.body.after or services.clock.now()
    if after.year not in YEARS:
        raise InvalidSchedule((Violation("/after", f"must lie between {YEARS[0]} and {YEARS[-1]}", "range"),))
    check(services.calendar, rhythm)
    return Answer.of(preview(services.calendar, rhythm, after, call.body.count))


async def _change(services: HttpServices, call: Call[wire.Empty, Any], edit: Any) -> Answer:
    named, seen, reaches = _named(call), partial(fits, call.headers), call.principal.reaches
    return _answer(services, await services.schedules.change(named, seen, edit, call.actor, reaches))


def _answer(services: HttpServices, schedule: Schedule, *, status: int = 200, location: str | None = None) -> Answer:
    headers = {"ETag": f'"{schedule.etag}"'} | ({} if location is None else {"Location": location})
    return Answer.of(shown(services.calendar, schedule), status, headers)


def _anything(etag: str) -> bool:  # noqa: ARG001 - one shape for all that was seen
    return True


def _named(call: Call[Any, Any]) -> UUID | str:
    text = call.parameters["schedule"]
    try:
        return UUID(text) if str(UUID(text)) == text.lower() else text
    except ValueError:
        if not NAME.fullmatch(text):
            raise ScheduleNotFound(text[:128]) from None
        return text


ENDPOINTS = (
    list_schedules,
    create_schedule,
    preview_schedule,
    get_schedule,
    put_schedule,
    edit_schedule,
    delete_schedule,
    pause_schedule,
    resume_schedule,
    run_schedule,
)
