"""From the limits and pauses of queues to their forms on the wire, and back."""

from datetime import datetime, timedelta

from ...domain.limits import QueueLimits, Rate
from ...domain.queue import Pause
from . import failure_wire, queue_wire
from .render import instant, maybe_instant


def limits_of(form: failure_wire.QueueForm) -> QueueLimits:
    """Return the limits that a form tells."""
    told = form.rate
    rate = None if told is None else Rate(told.limit, timedelta(seconds=told.period_s), told.burst)
    return QueueLimits(form.max_running, form.max_running_per_key, rate, form.max_depth, form.oldest_share)


def put_limits(form: failure_wire.QueueForm, limits: QueueLimits) -> failure_wire.QueueForm:
    """Write limits into a form."""
    form.max_running = limits.max_running
    form.max_running_per_key = limits.max_running_per_key
    form.rate = None if limits.rate is None else rate(limits.rate)
    form.max_depth = limits.max_depth
    form.oldest_share = limits.oldest_share
    return form


def rate(rate: Rate) -> queue_wire.Rate:
    """Return a rate for the wire."""
    return queue_wire.Rate(rate.limit, rate.period.total_seconds(), rate.burst)


def pause(pause: Pause | None, now: datetime) -> queue_wire.PauseOut | None:
    """Return a pause for the wire; nothing once it is over."""
    if pause is None or not pause.holds(now):
        return None
    user_id = None if pause.user_id is None else str(pause.user_id)
    key_id = None if pause.key_id is None else str(pause.key_id)
    return queue_wire.PauseOut(instant(pause.at), maybe_instant(pause.until), pause.reason, user_id, key_id)
