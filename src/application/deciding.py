"""Writing what was decided about jobs: those that change, and those that are forgotten."""

from collections.abc import Iterable
from typing import TypeAlias

from ..domain.ids import JobId
from ..domain.job import Job
from .ports.jobs import Change, JobRepository

Decision: TypeAlias = tuple[Job, Job | None]
"""A job as it was, and as it is to be; `None` is for one that is to be forgotten."""


async def write(jobs: JobRepository, decided: Iterable[Decision]) -> frozenset[JobId]:
    """Write decisions; return the ids of jobs that had moved on."""
    decided = tuple(decided)
    refused = await jobs.change([Change(before, after) for before, after in decided if after is not None])
    return refused | await jobs.remove([before for before, after in decided if after is None])
