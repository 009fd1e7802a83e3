"""The forms in which limits and pauses of queues cross the wire."""

from typing import Annotated

from msgspec import Meta, Struct

from ...domain import limits as bounds
from ...domain.spec import REASON_CHARS
from . import wire

Many = Annotated[int, Meta(ge=1, le=bounds.MOST_RUNNING)]
Depth = Annotated[int, Meta(ge=1, le=bounds.MOST_DEPTH)]
Share = Annotated[float, Meta(gt=0, le=1)]
Period = Annotated[
    float, Meta(ge=bounds.SHORTEST_PERIOD.total_seconds(), le=bounds.LONGEST_PERIOD.total_seconds(), description="s")
]
Reason = Annotated[str, Meta(max_length=REASON_CHARS)]


class Rate(Struct, forbid_unknown_fields=True):
    """At most `limit` jobs start in each `period_s`, and `burst` at once after a rest (`null`: as many as `limit`)."""

    limit: Many
    period_s: Period
    burst: Many | None = None


class PauseRequest(Struct, forbid_unknown_fields=True):
    """Why a queue pauses, and until when; without an end, until somebody resumes it."""

    reason: Reason | None = None
    until: wire.Moment | None = None


class PurgeRequest(Struct, forbid_unknown_fields=True):
    """`confirm` is the queue's name again, so that nobody empties one by a slip; `reason` is kept with each job."""

    confirm: str
    reason: Reason | None = None


class PauseOut(Struct):
    """Since when no job of a queue starts, on whose word and why, and until when."""

    at: wire.Instant
    until: wire.Instant | None
    reason: str | None
    user_id: wire.Id | None
    key_id: wire.Id | None
