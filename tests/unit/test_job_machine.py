"""A machine that leads one job through everything that can happen to it, by the domain alone."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.builders import LEASE, NOON, OTHER_WORKER, WORKER, a_birth, a_claim, minutes
from tests.strategies import backoffs, chances, outcomes

from equeue.domain.errors import InvalidTransition
from equeue.domain.job import Job, JobEdit
from equeue.domain.lease import Claim
from equeue.domain.outcomes import Discarded, Failed, Lapsed, Outcome, Succeeded
from equeue.domain.settlement import settle
from equeue.domain.status import JobStatus
from equeue.domain.transitions import Event, follow

PATHS = {
    "queued": {"queued", "running", "cancelled"},
    "running": {"running", "queued", "succeeded", "dead", "cancelled"},
    "succeeded": set[str](),
    "dead": {"queued"},
    "cancelled": {"queued"},
}
"""From where to where one step may lead, beside staying."""


class JobMachine(RuleBasedStateMachine):
    """One job, whoever acts on it, and what was seen of it before."""

    job: Job
    now: datetime = NOON
    charged: int = 0

    @initialize(max_retries=st.integers(0, 3), backoff=st.none() | backoffs, expires_in=st.none() | st.just(minutes(9)))
    def enqueue(self, max_retries: int, backoff: Any, expires_in: timedelta | None) -> None:
        """Somebody asks for the job."""
        expires_at = None if expires_in is None else NOON + expires_in
        self.job = Job.born(a_birth(max_retries=max_retries, backoff=backoff, expires_at=expires_at), NOON)

    def becomes(self, job: Job) -> None:
        """See that a step leads where one may lead, and that nothing is ever taken back."""
        before, self.job = self.job, job
        assert job.status == before.status or job.status in PATHS[before.status]
        assert (job.id, job.created_at, job.task) == (before.id, before.created_at, before.task)
        assert job.attempt >= before.attempt
        assert job.lease_token >= before.lease_token
        assert job.revision >= before.revision

    def refused(self, allowed: set[JobStatus], move: Any) -> bool:
        """Tell whether the job is in none of the statuses from which `move` leads; see then that it raises."""
        if self.job.status in allowed:
            return False
        with pytest.raises(InvalidTransition):
            move()
        return True

    @rule(begun=st.booleans(), worker=st.sampled_from([WORKER, OTHER_WORKER]))
    def claim(self, begun: bool, worker: Any) -> None:  # noqa: FBT001 - Hypothesis names it
        """A worker takes the job, if it is queued."""
        job = self.job
        if self.refused({JobStatus.QUEUED}, lambda: follow(job.status, Event.CLAIM)):
            return
        self.becomes(
            attrs.evolve(
                job,
                status=follow(job.status, Event.CLAIM),
                attempt=job.attempt + 1,
                lease_token=job.lease_token + 1,
                worker_id=worker,
                lease_expires_at=self.now + LEASE,
                started_at=self.now if begun else None,
            )
        )

    @rule(outcome=outcomes, backoff=backoffs, jitter=chances)
    def settle(self, outcome: Outcome, backoff: Any, jitter: float) -> None:
        """The attempt ends; the job goes where the decision says, and the budget is charged for failures alone."""
        job = self.job
        if self.refused({JobStatus.RUNNING}, lambda: follow(job.status, Event.SUCCEED)):
            return
        if isinstance(outcome, Lapsed):
            self.becomes(attrs.evolve(job, status=follow(job.status, Event.TAKE_OVER), lease_token=job.lease_token + 1))
        before, settlement = self.job, settle(self._claim(), outcome, backoff, jitter=jitter)
        ended = settlement.status.ended
        self.becomes(
            attrs.evolve(
                before,
                status=settlement.status,
                retry_count=settlement.retry_count,
                lapse_count=settlement.lapse_count,
                lease_expires_at=None,
                run_at=before.run_at if ended else self.now + settlement.delay,
                started_at=before.started_at if ended else None,
                finished_at=self.now if ended else None,
                error=settlement.error or before.error,
            )
        )
        self.charged += before.retry_count != self.job.retry_count
        self._judge(before, outcome)

    def _judge(self, before: Job, outcome: Outcome) -> None:
        """See that the ending is the one that the rules, told another way, ask for."""
        status, wanted = self.job.status, before.cancel_requested_at is None
        if isinstance(outcome, Succeeded):
            assert status == "succeeded"
        elif isinstance(outcome, Discarded):
            assert status == "dead"
        elif not wanted:
            assert status == "cancelled"
        elif status == "dead":
            out_of_budget = self.charged == before.max_retries
            assert out_of_budget or (isinstance(outcome, Failed) and not outcome.retryable)
            assert not isinstance(outcome, Lapsed) or before.started_at is not None

    def _claim(self) -> Claim:
        job = self.job
        return a_claim(
            fence=job.fence,
            attempt=job.attempt,
            retry_count=job.retry_count,
            max_retries=job.max_retries,
            backoff=job.backoff,
            begun=job.started_at is not None,
            lapse_count=job.lapse_count,
            cancel_requested=job.cancel_requested_at is not None,
        )

    @rule()
    def cancel(self) -> None:
        """Somebody wants the job no more; twice is once."""
        allowed = {JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLED}
        if not self.refused(allowed, lambda: self.job.cancel(self.now)):
            self.becomes(self.job.cancel(self.now)[0])
            assert self.job.cancel(self.now + minutes(1)) == (self.job, [])
            assert self.job.status == "cancelled" or self.job.cancel_requested_at is not None

    @rule()
    def retry(self) -> None:
        """Somebody wants the job again: the budget is whole."""
        if not self.refused({JobStatus.DEAD, JobStatus.CANCELLED}, lambda: self.job.retry(self.now)):
            self.becomes(self.job.retry(self.now)[0])
            self.charged = 0
            assert (self.job.retry_count, self.job.cancel_requested_at) == (0, None)

    @rule()
    def run_now(self) -> None:
        """Somebody cannot wait."""
        if not self.refused({JobStatus.QUEUED}, lambda: self.job.run_now(self.now)):
            self.becomes(self.job.run_now(self.now)[0])
            assert self.job.run_at <= self.now

    @rule(extra=st.integers(0, 2))
    def edit(self, extra: int) -> None:
        """Somebody changes the budget of a queued job, to no less than was used."""
        edit = JobEdit(max_retries=self.job.retry_count + extra)
        if not self.refused({JobStatus.QUEUED}, lambda: self.job.edit(edit, self.job.etag)):
            self.becomes(self.job.edit(edit, self.job.etag)[0])

    @rule()
    def expire(self) -> None:
        """Maintenance looks whether the job was started in time."""
        job = self.job
        if job.expires_at is None or job.expires_at > self.now:
            assert job.expire(self.now) == (job, [])
        elif not self.refused({JobStatus.QUEUED}, lambda: job.expire(self.now)):
            self.becomes(job.expire(self.now)[0])
            assert self.job.status == "cancelled"

    @rule()
    def let_pass(self) -> None:
        """Time passes."""
        self.now += minutes(1)

    @invariant()
    def the_job_is_whole(self) -> None:
        """What the tables demand of every row holds after every step."""
        job = getattr(self, "job", None)
        if job is None:
            return
        assert 0 <= job.retry_count <= job.max_retries
        assert job.retry_count == self.charged
        assert job.attempt <= job.lease_token
        assert (job.status == "running") == (job.lease_expires_at is not None)
        assert job.status.ended == (job.finished_at is not None)
        assert job.status != "dead" or job.error is not None
        assert job.cancel_requested_at is None or job.status != "queued"


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
