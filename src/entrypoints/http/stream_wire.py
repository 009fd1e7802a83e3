"""The forms in which streams tell what happens."""

from msgspec import Raw, Struct

from ...application.ports.watching import Topic
from ...domain.status import JobStatus
from . import wire


class JobState(Struct, kw_only=True):
    """Where a job stands, told by its stream. `status` is null for a job that was deleted."""

    id: wire.Id
    status: JobStatus | None = None
    attempt: int = 0
    retry_count: int = 0
    run_at: wire.Instant | None = None
    started_at: wire.Instant | None = None
    finished_at: wire.Instant | None = None
    cancel_requested: bool = False
    server_time: wire.Instant | None = None


class JobProgress(Struct):
    """How far a job has come, told by its stream."""

    id: wire.Id
    progress: Raw
    server_time: wire.Instant


class ChangedTopics(Struct):
    """What to look at again."""

    topics: list[Topic]
