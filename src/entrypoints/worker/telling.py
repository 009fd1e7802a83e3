"""Lines about attempts that ended otherwise than well; success is silent, for it is the rule."""

from ...application.heartbeat import Hold
from ...application.ports.jobs import SettleAnswer, Settled
from ...application.ports.telemetry import Log
from ...domain.outcomes import Outcome, Succeeded
from ...domain.status import JobStatus

ENDED = {JobStatus.DEAD: "job.dead", JobStatus.CANCELLED: "job.cancelled"}


def tell(log: Log, hold: Hold, outcome: Outcome, told: Settled) -> None:
    """Write a line about one attempt if there is something to know."""
    claim = hold.claim
    if told.answer is SettleAnswer.LEASE_LOST:
        log.warning("job.lease_lost", job_id=str(claim.job_id), task=claim.task, attempt=claim.attempt)
    elif not isinstance(outcome, Succeeded):
        error = getattr(outcome, "error", None)
        log.info(
            ENDED.get(told.status or JobStatus.DEAD, "job.goes_back"),
            job_id=str(claim.job_id),
            task=claim.task,
            attempt=claim.attempt,
            outcome=type(outcome).__name__,
            error=None if error is None else f"{error.type}: {error.message[:200]}",
        )
