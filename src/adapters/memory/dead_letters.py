"""Dead jobs by what killed them, in memory: counted anew at each look."""

from collections import defaultdict
from collections.abc import Sequence

import attrs

from ...application.ports.dead_letters import DeadLetterGroup, GroupFilter, GroupPosition
from ...domain.access import admits
from ...domain.job import Job
from ...domain.status import JobStatus
from .store import MemoryStore

NAMES = 100


@attrs.frozen
class MemoryDeadLetters:
    """`DeadLetters` over a store."""

    _store: MemoryStore

    async def groups(
        self, where: GroupFilter, *, limit: int, after: GroupPosition | None = None, oldest_first: bool = False
    ) -> Sequence[DeadLetterGroup]:
        """Return at most `limit` groups behind `after`."""
        members: dict[str, list[Job]] = defaultdict(list)
        for job in self._store.jobs.values():
            if job.status is JobStatus.DEAD and job.error is not None and _asked_for(job, where):
                members[job.error.group].append(job)
        groups = sorted((_group(name, jobs) for name, jobs in members.items()), key=_place, reverse=not oldest_first)
        if after is not None:
            groups = [each for each in groups if (_place(each) > after if oldest_first else _place(each) < after)]
        return groups[:limit]

    async def fold(self, limit: int) -> int:  # noqa: ARG002 - nothing is kept that could be folded
        """Do nothing: there is nothing to put together."""
        return 0


def _asked_for(job: Job, where: GroupFilter) -> bool:
    return (
        (where.owner is None or job.user_id == where.owner)
        and (not where.queues or job.queue in where.queues)
        and (not where.tasks or job.task in where.tasks)
        and admits(where.queue_globs, job.queue)
    )


def _place(group: DeadLetterGroup) -> GroupPosition:
    return group.position


def _group(fingerprint: str, jobs: Sequence[Job]) -> DeadLetterGroup:
    died = sorted((job.finished_at, job.id, job) for job in jobs if job.finished_at is not None)
    last_seen, example, last = died[-1]
    assert last.error is not None  # noqa: S101 - what is dead has an error
    return DeadLetterGroup(
        fingerprint,
        last.error.type,
        last.error.message[:500],
        len(jobs),
        tuple(sorted({job.queue for job in jobs})[:NAMES]),
        tuple(sorted({job.task for job in jobs})[:NAMES]),
        died[0][0],
        last_seen,
        example,
    )
