"""Job ids that a worker was handed, until it has claimed them or found that there is nothing to claim."""

from collections.abc import Sequence

from ...domain.ids import JobId
from ...domain.lease import Claim

MOST = 1_000
"""No more ids than this are asked for or held."""

SMOOTHING = 0.5
LEAST_SHARE = 0.02
"""However few of the ids lead to a job, no more than fifty are asked for each."""


class Hinted:
    """Remembers ids, and which share of them led to jobs of late: stale ones are asked for in larger sets."""

    def __init__(self) -> None:
        self._ids: dict[JobId, None] = {}
        self._share = 1.0

    def __bool__(self) -> bool:
        return bool(self._ids)

    def add(self, job_ids: Sequence[JobId]) -> None:
        """Hold these too."""
        self._ids.update(dict.fromkeys(job_ids))

    def all(self) -> tuple[JobId, ...]:
        """Return what is held."""
        return tuple(self._ids)

    def wanted(self, room: int) -> int:
        """Return how many more ids to ask for where there is room for so many jobs."""
        return max(0, min(MOST, int(room / self._share)) - len(self._ids))

    def asked(self, job_ids: Sequence[JobId], claims: Sequence[Claim], limit: int) -> None:
        """Note what a claim of at most `limit` of them brought.

        Short of its limit it says all there is to say of them. Otherwise those that it left may still be had.
        """
        full = len(claims) >= limit
        for job_id in [claim.job_id for claim in claims] if full else job_ids:
            self._ids.pop(job_id, None)
        if not full and job_ids:
            self._share += SMOOTHING * (len(claims) / len(job_ids) - self._share)
            self._share = max(self._share, LEAST_SHARE)
