"""Queues: look at them, and set what holds for their jobs."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import attrs
import msgspec

from ...application.queues import QueueView
from ...domain.access import Principal, Scope
from ...domain.errors import QueueNotFound
from ...domain.ids import NAME
from ...domain.on_dead import OnDead
from ...domain.queue import QueueSettings
from ...domain.retention import Retention
from . import failure_wire, json_body, queue_render, render, wire
from .drafts import backoff_of
from .endpoint import API, JSON, MERGE_PATCH, Accepts, Answer, Call, any_of, endpoint
from .merge import merge
from .preconditions import HEADER, fits
from .services import HttpServices

PATH = f"{API}/queues"
ONE = f"{PATH}/{{name:str}}"
READ = any_of(Scope.JOBS_READ, Scope.QUEUES_ADMIN)
SET = any_of(Scope.QUEUES_ADMIN)

_FORM = msgspec.json.Decoder(failure_wire.QueueForm)


def _patch(raw: bytes, content_type: str) -> bytes:  # noqa: ARG001 - some routes take two kinds
    json_body.refuse_nul(raw)
    json_body.check_payload(raw)
    return raw


@endpoint("GET", PATH, access=READ, answers={200: failure_wire.QueueList}, tag="queues")
async def list_queues(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """List the queues that a setting, a task or a waiting job names."""
    known = await services.queues.all(call.principal.sees_only)
    views = [view for view in known if call.principal.reaches(view.name)]
    now = services.clock.now()
    return Answer.of(failure_wire.QueueList([_shown(view, call.principal, now) for view in views]))


@endpoint("GET", ONE, access=READ, answers={200: failure_wire.QueueOut}, tag="queues")
async def get_queue(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one queue; 404 for a name that nobody ever used."""
    return answer(services, call, await services.queues.get(named(call), call.principal.sees_only))


@endpoint(
    "PUT",
    ONE,
    access=SET,
    body=Accepts(form=failure_wire.QueueForm),
    answers={200: failure_wire.QueueOut},
    problems=("invalid-queue",),
    tag="queues",
    conditional=True,
)
async def put_queue(services: HttpServices, call: Call[wire.Empty, failure_wire.QueueForm]) -> Answer:
    """Set a queue, known or new: what is left out becomes the system's.

    `If-Match: *` sets it whatever was set before. Running processes know within ten seconds.
    """
    settings = _settings(call.body)
    seen = partial(fits, call.headers)
    return answer(services, call, await services.queues.change(named(call), seen, lambda _: settings, call.actor))


@endpoint(
    "PATCH",
    ONE,
    access=SET,
    body=Accepts(form=failure_wire.QueueForm, read=_patch, types=(JSON, MERGE_PATCH)),
    answers={200: failure_wire.QueueOut},
    problems=("invalid-queue", "too-deep"),
    tag="queues",
    conditional=True,
)
async def edit_queue(services: HttpServices, call: Call[wire.Empty, bytes]) -> Answer:
    """Change some settings of a queue: a merge patch (RFC 7396), also as plain JSON; `null` is the system's."""

    def edit(settings: QueueSettings) -> QueueSettings:
        merged = merge(wire.encode(_form(settings)), call.body)
        return _settings(json_body.decode(merged, _FORM))

    seen = partial(fits, call.headers)
    return answer(services, call, await services.queues.change(named(call), seen, edit, call.actor))


@endpoint("DELETE", ONE, access=SET, answers={204: wire.Empty}, problems=("stale",), tag="queues")
async def unset_queue(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Take a queue's settings and pause away, so that the system's hold; its jobs stay.

    With `If-Match` only what was read.
    """
    seen = partial(fits, call.headers) if HEADER in call.headers else _anything
    await services.queues.remove(named(call), seen, call.actor)
    return Answer(status=204)


def _anything(etag: str) -> bool:  # noqa: ARG001 - one shape for all that was seen
    return True


def named(call: Call[wire.Empty, Any]) -> str:
    """Return the queue in the path; one out of the caller's reach is not there."""
    name = call.parameters["name"]
    if not NAME.fullmatch(name) or not call.principal.reaches(name):
        raise QueueNotFound(name)
    return name


def answer(services: HttpServices, call: Call[wire.Empty, Any], view: QueueView) -> Answer:
    """Show a queue as the caller may see it."""
    shown = _shown(view, call.principal, services.clock.now())
    return Answer.of(shown, headers={"ETag": f'"{view.etag}"'})


def _shown(view: QueueView, principal: Principal, now: datetime) -> failure_wire.QueueOut:
    settings, form = view.settings, _form(view.settings)
    if settings.on_dead is not None and not principal.may(Scope.QUEUES_ADMIN):
        form = _form(attrs.evolve(settings, on_dead=OnDead(settings.on_dead.task)))
    updated_at = None if view.stored is None else render.instant(view.stored.updated_at)
    return failure_wire.QueueOut(
        name=view.name,
        defaults=form.defaults,
        on_dead=form.on_dead,
        max_running=form.max_running,
        max_running_per_key=form.max_running_per_key,
        rate=form.rate,
        max_depth=form.max_depth,
        oldest_share=form.oldest_share,
        paused=queue_render.pause(view.pause, now),
        updated_at=updated_at,
        etag=view.etag,
        retention=form.retention,
        target_wait_s=form.target_wait_s,
    )


def _form(settings: QueueSettings) -> failure_wire.QueueForm:
    timeout_s = None if settings.timeout is None else settings.timeout.total_seconds()
    defaults = failure_wire.QueueDefaults(settings.max_retries, timeout_s, render.backoff(settings.backoff))
    form = queue_render.put_limits(failure_wire.QueueForm(defaults), settings.limits)
    form.retention = _retention_form(settings.retention)
    form.target_wait_s = None if settings.target_wait is None else settings.target_wait.total_seconds()
    if settings.on_dead is not None:
        payload = msgspec.UNSET if settings.on_dead.payload is None else msgspec.Raw(settings.on_dead.payload)
        form.on_dead = failure_wire.OnDeadForm(settings.on_dead.task, payload)
    return form


def _retention_form(retention: Retention) -> failure_wire.RetentionForm:
    spans = {name: None if kept is None else kept.total_seconds() for name, kept in attrs.asdict(retention).items()}
    return failure_wire.RetentionForm(**{f"{name}_s": seconds for name, seconds in spans.items()})


def _retention(form: failure_wire.RetentionForm) -> Retention:
    said = msgspec.structs.asdict(form).items()
    spans = {name: None if seconds is None else timedelta(seconds=seconds) for name, seconds in said}
    return Retention(**{name.removesuffix("_s"): span for name, span in spans.items()})


def _settings(form: failure_wire.QueueForm) -> QueueSettings:
    defaults, on_dead = form.defaults, form.on_dead
    return QueueSettings(
        defaults.max_retries,
        None if defaults.timeout_s is None else timedelta(seconds=defaults.timeout_s),
        backoff_of(defaults.backoff),
        None if on_dead is None else OnDead(on_dead.task, _payload(on_dead)),
        queue_render.limits_of(form),
        _retention(form.retention),
        None if form.target_wait_s is None else timedelta(seconds=form.target_wait_s),
    )


def _payload(on_dead: failure_wire.OnDeadForm) -> bytes | None:
    if on_dead.payload is msgspec.UNSET:
        return None
    payload = bytes(on_dead.payload)
    json_body.check_payload(payload)
    return payload


ENDPOINTS = (list_queues, get_queue, put_queue, edit_queue, unset_queue)
