"""The forms of failure on the wire: settings of queues, groups of dead letters, the waits of a backoff."""

from typing import Annotated

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from ...domain import queue, spec
from ...domain.retention import LONGEST_KEPT
from ...domain.retry import MAX_RETRIES
from . import queue_wire, wire

Timeout = Annotated[float, Meta(ge=spec.SHORTEST_TIMEOUT.total_seconds(), le=spec.LONGEST_TIMEOUT.total_seconds())]
Retries = Annotated[int, Meta(ge=0, le=MAX_RETRIES)]
Kept = Annotated[float, Meta(ge=0, le=LONGEST_KEPT.total_seconds())]
Target = Annotated[float, Meta(ge=queue.SHORTEST_TARGET.total_seconds(), le=queue.LONGEST_TARGET.total_seconds())]
Payload = Annotated[Raw, Meta(description="a JSON object", extra_json_schema={"type": "object"})]


class OnDeadForm(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The task to enqueue when a job dies.

    Without a `payload` its job gets `job_id`, `task`, `queue`, `attempt` and `error`; in one, texts that are exactly
    `$job_id`, `$task`, `$queue`, `$attempt`, `$error` or `$job` (all of them) stand for these.
    """

    task: wire.Name
    payload: Payload | UnsetType = UNSET


class QueueDefaults(Struct, forbid_unknown_fields=True, frozen=True):
    """What holds for jobs of a queue where neither caller nor task says otherwise; `null` is the system's default."""

    max_retries: Retries | None = None
    timeout_s: Timeout | None = None
    backoff: wire.Backoff | None = None


class RetentionForm(Struct, forbid_unknown_fields=True, frozen=True):
    """How long jobs are kept once they have ended, and results if not as long; `null` is the system's."""

    succeeded_s: Kept | None = None
    cancelled_s: Kept | None = None
    dead_s: Kept | None = None
    result_s: Kept | None = None


class QueueForm(Struct, forbid_unknown_fields=True):
    """The settings of a queue. What is left out or `null` is the system's, and bounds nothing.

    `max_running` jobs hold a lease at once, `max_running_per_key` of one `concurrency_key`. With `max_depth` jobs that
    wait, further ones are refused. `oldest_share` of the places of each claim go to what has been due longest, whatever
    its priority. `target_wait_s` is how long its jobs may wait, as autoscalers are told by `/stats/scaling`.
    """

    defaults: QueueDefaults = QueueDefaults()
    on_dead: OnDeadForm | None = None
    max_running: queue_wire.Many | None = None
    max_running_per_key: queue_wire.Many | None = None
    rate: queue_wire.Rate | None = None
    max_depth: queue_wire.Depth | None = None
    oldest_share: queue_wire.Share | None = None
    retention: RetentionForm = RetentionForm()
    target_wait_s: Target | None = None


class QueueOut(Struct):
    """A queue and its settings; `updated_at` is `null` for one that has none. Only who may set them sees a payload.

    `paused` is `null` unless it pauses now.
    """

    name: str
    defaults: QueueDefaults
    on_dead: OnDeadForm | None
    max_running: int | None
    max_running_per_key: int | None
    rate: queue_wire.Rate | None
    max_depth: int | None
    oldest_share: float | None
    paused: queue_wire.PauseOut | None
    updated_at: wire.Instant | None
    etag: str
    retention: RetentionForm = RetentionForm()
    target_wait_s: float | None = None


class QueueList(Struct):
    """Every queue that a setting, a task or a waiting job names, in order."""

    items: list[QueueOut]


class GroupOut(Struct):
    """Dead jobs of one cause. `crashes`: they kill the process that runs them, instead of failing.

    `error_type`, `message` and `example_job_id` are those of the last that died.
    """

    fingerprint: str
    jobs: int
    crashes: bool
    error_type: str
    message: str
    queues: list[str]
    tasks: list[str]
    first_seen: wire.Instant
    last_seen: wire.Instant
    example_job_id: wire.Id


class GroupList(Struct):
    """One page of groups, those with the latest death first."""

    items: list[GroupOut]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool


class PreviewRequest(Struct, forbid_unknown_fields=True):
    """A retry policy; what is left out is the system's default."""

    backoff: wire.Backoff | None = None
    max_retries: Retries = spec.DEFAULT_MAX_RETRIES
    retry_count: Retries = 0


class WaitOut(Struct):
    """The bounds of the wait before one retry, and the longest that it and all before it can take together."""

    retry: int
    min_s: float
    max_s: float
    total_max_s: float


class PreviewAnswer(Struct):
    """The waits that are left, in turn."""

    items: list[WaitOut]
