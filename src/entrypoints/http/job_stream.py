"""GET /jobs/{id}/stream: what becomes of one job, as it happens."""

from collections.abc import AsyncIterator
from typing import Any

from ...application.ports.watching import Seen, Sight
from ...domain.access import Principal
from ...domain.ids import JobId, Json
from . import render, stream_wire, wire
from .departure import Ended, unless
from .endpoint import EVENT_STREAM, Answer, Call, endpoint
from .job import PATH, READ, find
from .services import HttpServices
from .sse import PING, Permission, event, stream


@endpoint(
    "GET", f"{PATH}/stream", access=READ, answers={200: stream_wire.JobState}, tag="jobs", streams=(EVENT_STREAM,)
)
async def stream_job(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Follow a job as server-sent events: `status`, `progress` and, as the last one, `end`.

    It begins with the present state, so that whoever comes back with `Last-Event-ID` has missed nothing that counts.
    Every 15 silent seconds bring a comment. It ends with the job, with the credential, or as the server stops.
    """
    await find(services, call.principal, call.job_id)
    return stream(_events(services, call, call.principal, call.job_id))


async def _events(
    services: HttpServices, call: Call[Any, Any], principal: Principal, job_id: JobId
) -> AsyncIterator[bytes]:
    permission = Permission(principal, services.clock, call.again)
    teller = _Teller(job_id)
    with services.room.follow(job_id) as seat:
        while not await permission.is_over():
            seen = await unless(seat.next(permission.patience), call.gone, services.drain.started.wait)
            if isinstance(seen, Ended):
                return
            if isinstance(seen, Sight) and not principal.reaches(seen.queue):
                return
            if seen is None:
                yield PING
                continue
            for told in teller.tell(seen):
                yield told
            if not isinstance(seen, Sight) or seen.status.ended:
                return


class _Teller:
    """Knows what was told already."""

    def __init__(self, job_id: JobId) -> None:
        self._id = str(job_id)
        self._state: stream_wire.JobState | None = None
        self._progress: Json | None = None

    def tell(self, seen: Seen) -> list[bytes]:
        """Return the events that bring the reader up to date."""
        if not isinstance(seen, Sight):
            return [event("end", wire.encode(stream_wire.JobState(id=self._id)), "gone")]
        told: list[bytes] = []
        state = _state(self._id, seen)
        if self._state is None or _without_time(state) != _without_time(self._state):
            told.append(event("status", wire.encode(state), seen.mark))
        if seen.progress is not None and seen.progress != self._progress:
            progress = stream_wire.JobProgress(self._id, render.raw(seen.progress), render.instant(seen.server_time))
            told.append(event("progress", wire.encode(progress), seen.mark))
        if seen.status.ended:
            told.append(event("end", wire.encode(state), seen.mark))
        self._state, self._progress = state, seen.progress
        return told


def _state(id: str, seen: Sight) -> stream_wire.JobState:
    return stream_wire.JobState(
        id=id,
        status=seen.status,
        attempt=seen.attempt,
        retry_count=seen.retry_count,
        run_at=render.instant(seen.run_at),
        started_at=render.maybe_instant(seen.started_at),
        finished_at=render.maybe_instant(seen.finished_at),
        cancel_requested=seen.cancel_requested,
        server_time=render.instant(seen.server_time),
    )


def _without_time(state: stream_wire.JobState) -> tuple[object, ...]:
    return state.status, state.attempt, state.retry_count, state.run_at, state.started_at, state.cancel_requested


ENDPOINTS = (stream_job,)
