"""From explanations to their forms on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from ...domain import reasons as why
from ...domain.explanation import MOST_COUNTED, Explanation, JobSituation, QueueSituation
from . import explain_wire as wire
from . import queue_render
from .list_wire import CountOut
from .render import instant, maybe_instant


def job(situation: JobSituation, explanation: Explanation) -> wire.JobExplanation:
    """Return the explanation of a job for the wire."""
    told = situation.job
    return wire.JobExplanation(
        job_id=str(told.job_id),
        queue=told.queue,
        status=told.status,
        ready=explanation.ready is True,
        reasons=_reasons(explanation, situation.now),
        server_time=instant(situation.now),
    )


def queue(situation: QueueSituation, explanation: Explanation) -> wire.QueueExplanation:
    """Return the explanation of a queue for the wire."""
    return wire.QueueExplanation(
        name=situation.queue.name,
        ready=explanation.ready,
        reasons=_reasons(explanation, situation.now),
        waiting=_count(situation.waiting),
        due=_count(situation.due),
        running=_count(situation.queue.running),
        server_time=instant(situation.now),
    )


def _reasons(explanation: Explanation, now: datetime) -> list[wire.AnyReason]:
    return [_reason(each, now, {"blocks": each.blocks, "detail": each.words(now)}) for each in explanation.reasons]


def _reason(reason: why.Reason, now: datetime, said: dict[str, Any]) -> wire.AnyReason:
    match reason:
        case why.Running() | why.Lapsed() | why.Ended():
            return _of_run(reason, said)
        case why.TaskUnknown():
            return wire.TaskUnknownReason(task=reason.task, seen_at=maybe_instant(reason.seen_at), **said)
        case why.QueueUnserved():
            return wire.QueueUnservedReason(queue=reason.queue, seen_at=maybe_instant(reason.seen_at), **said)
        case why.Behind():
            return wire.BehindReason(jobs=reason.jobs, capped=reason.capped, **said)
        case why.NotDue():
            return wire.NotDueReason(run_at=instant(reason.run_at), retry=reason.retry, **said)
        case why.Expired():
            return wire.ExpiredReason(expires_at=instant(reason.expires_at), **said)
        case why.NothingWaits():
            return wire.NothingWaitsReason(**said)
        case _:
            return _of_settings(reason, now, said)


def _of_settings(
    reason: why.Paused | why.QueueBusy | why.KeyBusy | why.KeysBusy | why.RateLimited | why.QueueFull,
    now: datetime,
    said: dict[str, Any],
) -> wire.AnyReason:
    match reason:
        case why.Paused():
            paused = queue_render.pause(reason.pause, now)
            if paused is None:
                raise AssertionError("a pause that is over explains nothing")
            return wire.PausedReason(paused=paused, **said)
        case why.QueueBusy():
            return wire.QueueBusyReason(max_running=reason.most, holders=_holders(reason.holders), **said)
        case why.KeyBusy():
            holders = _holders(reason.holders)
            return wire.KeyBusyReason(
                concurrency_key=reason.key, max_running_per_key=reason.most, holders=holders, **said
            )
        case why.KeysBusy():
            return wire.KeysBusyReason(
                max_running_per_key=reason.most, keys=list(reason.keys), deep=reason.deep, **said
            )
        case why.RateLimited():
            return wire.RateLimitedReason(rate=queue_render.rate(reason.rate), at=instant(reason.at), **said)
        case why.QueueFull():
            return wire.QueueFullReason(max_depth=reason.most, **said)
        case _:
            assert_never(reason)


def _of_run(reason: why.Running | why.Lapsed | why.Ended, said: dict[str, Any]) -> wire.AnyReason:
    match reason:
        case why.Running():
            return wire.RunningReason(
                worker_id=str(reason.worker_id),
                since=maybe_instant(reason.since),
                lease_expires_at=instant(reason.lease_expires_at),
                cancel_requested=reason.cancel_requested,
                **said,
            )
        case why.Lapsed():
            return wire.LapsedReason(
                worker_id=str(reason.worker_id),
                since=maybe_instant(reason.since),
                lease_expires_at=instant(reason.lease_expires_at),
                **said,
            )
        case why.Ended():
            return wire.EndedReason(status=reason.status, at=instant(reason.at), why=reason.why, **said)
        case _:
            assert_never(reason)


def _holders(holders: Iterable[why.Holder]) -> list[wire.HoldingJob]:
    return [wire.HoldingJob(str(each.job_id), str(each.worker_id), maybe_instant(each.since)) for each in holders]


def _count(number: int) -> CountOut:
    return CountOut(min(number, MOST_COUNTED), number >= MOST_COUNTED)
