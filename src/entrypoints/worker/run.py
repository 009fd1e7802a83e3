"""One claim in a worker's hands, from the moment it was claimed to the moment its ending is written."""

import asyncio

from ...application.execute import Attempt
from ...application.heartbeat import Hold
from ...application.judging import Stop
from ...domain.lease import Claim
from ...domain.outcomes import Outcome

NEVER = float("inf")


class Run(Hold):
    """A claim that waits for a slot, runs, or is being stopped. All instants are the monotonic clock's."""

    __slots__ = ("attempt", "claimed_at", "deadline", "grace_until", "task")

    def __init__(self, claim: Claim, claimed_at: float, until: float) -> None:
        super().__init__(claim, until)
        self.claimed_at = claimed_at
        self.attempt: Attempt | None = None
        self.task: asyncio.Task[Outcome] | None = None
        self.deadline = NEVER
        self.grace_until = NEVER

    def begin(self, attempt: Attempt, now: float) -> None:
        """Note that the handler begins: run time and timeout count from here."""
        self.attempt = attempt
        self.context = attempt.context
        self.began = now
        self.deadline = now + self.claim.timeout.total_seconds()

    @property
    def stop(self) -> Stop | None:
        """Why the run is being stopped, if it is."""
        return None if self.attempt is None else self.attempt.stop

    def due(self, margin: float) -> float:
        """Return when something must happen to this run next: its grace, its timeout, or the end of its lease."""
        if self.stop is not None:
            return self.grace_until
        return min(self.deadline, self.until - margin)
