"""The five states of a job."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands. A retry and a delay are `queued` with `run_at` in the future."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Tell whether no attempt runs or will run without an operator's word."""
        return self not in ACTIVE


ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
