"""Jobs as workers hold them, in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

import attrs

from ...application.ports.jobs import Decide, SettleAnswer, Settled
from ...application.ports.reads import Attempt
from ...domain.ids import JobId, WorkerId
from ...domain.job import Job
from ...domain.lease import Claim, ClaimOrder, Fence, Granted, Heartbeat, Pulse
from ...domain.limits import SOONEST, OldestFirst
from ...domain.settlement import Settlement
from ...domain.spec import PAYLOAD_BYTES, UniqueWhile
from ...domain.status import JobStatus
from ...domain.transitions import Event, follow
from .documents import storable
from .jobs import store_birth
from .limits import in_turn, limited
from .store import MemoryStore, Transaction

PROGRESS_BYTES = 64 * 1024


@attrs.frozen
class MemoryJobLeases:
    """A `JobLeases` in memory: each call is one transaction."""

    _store: MemoryStore
    _oldest: OldestFirst = attrs.field(factory=OldestFirst, init=False)

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        """Lease due jobs to a worker."""
        with Transaction(self._store) as transaction:
            limits = limited(transaction, order)
            order = order if order.begun else limits.ahead(order)
            wanted = [job for job in transaction.jobs.values() if _claimable(job, order, only, transaction.now)]
            wanted.sort(key=lambda job: _place(job, order))
            taken: list[Job] = []
            for job in in_turn(wanted, transaction, order, self._oldest):
                if len(taken) < order.limit and limits.admits(job) and transaction.try_hold(job.id):
                    limits.take(job)
                    taken.append(_claimed(job, order, transaction.now))
            transaction.jobs.update({job.id: job for job in taken})
            limits.keep(transaction)
            transaction.commit()
        taken.sort(key=lambda job: _place(job, order))
        claims = [_claim(job) for job in taken]
        again = limits.again_in(transaction) if len(taken) < order.limit else None
        if only is not None and limits.shared:
            again = SOONEST
        return Granted.of(claims, again if order.begun else None) if limits else claims

    async def heartbeat(self, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
        """Extend the leases whose fences still hold."""
        lost, cancel = set[Fence](), set[Fence]()
        with Transaction(self._store) as transaction:
            await transaction.hold(pulse.fence.job_id for pulse in pulses)
            for pulse in pulses:
                job = _held(transaction, pulse.fence)
                if job is None:
                    lost.add(pulse.fence)
                    continue
                if job.cancel_requested_at is not None:
                    cancel.add(pulse.fence)
                transaction.jobs[job.id] = _extended(job, pulse, transaction.now, lease)
            transaction.commit()
        return Heartbeat(frozenset(lost), frozenset(cancel))

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settled]:
        """Write how attempts ended, each under its fence."""
        with Transaction(self._store) as transaction:
            answers = await settle_in(transaction, settlements)
            transaction.commit()
        return answers

    async def lapse(self, limit: int, decide: Decide) -> Sequence[Settled]:
        """Take over leases that ran out and settle them as `decide` says."""
        with Transaction(self._store) as transaction:
            lapsed = [job for job in transaction.jobs.values() if _lapsed(job, transaction.now)]
            lapsed.sort(key=lambda job: (job.lease_expires_at, job.id))
            free = (job for job in lapsed if transaction.try_hold(job.id))
            taken = [_taken_over(job) for job in islice(free, limit)]
            transaction.jobs.update({job.id: job for job in taken})
            settlements = decide([_claim(job) for job in taken])
            answers = [_settle(transaction, settlement) for settlement in settlements]
            transaction.commit()
        return answers

    async def expire(self, limit: int) -> Sequence[JobId]:
        """Cancel queued jobs whose `expires_at` has passed."""
        with Transaction(self._store) as transaction:
            now = transaction.now
            queued = [job for job in transaction.jobs.values() if job.status is JobStatus.QUEUED]
            overdue = [job for job in queued if job.expires_at is not None and job.expires_at <= now]
            overdue.sort(key=lambda job: (job.expires_at, job.id))
            free = (job for job in overdue if transaction.try_hold(job.id))
            expired = [job.expire(now)[0] for job in islice(free, limit)]
            transaction.jobs.update({job.id: job for job in expired})
            transaction.commit()
        return [job.id for job in expired]


async def settle_in(transaction: Transaction, settlements: Sequence[Settlement]) -> list[Settled]:
    """Write how attempts ended as a part of `transaction`."""
    await transaction.hold(settlement.fence.job_id for settlement in settlements)
    await transaction.hold(birth.unique_slot for told in settlements for birth in told.children if birth.unique_slot)
    return [_settle(transaction, settlement) for settlement in settlements]


def _place(job: Job, order: ClaimOrder) -> tuple[object, ...]:
    return job.priority, order.queues.index(job.queue), job.run_at, job.id


def _claimable(job: Job, order: ClaimOrder, only: Collection[JobId] | None, now: datetime) -> bool:
    return (
        job.status is JobStatus.QUEUED
        and job.run_at <= now
        and (job.expires_at is None or job.expires_at > now)
        and job.queue in order.queues
        and (order.tasks is None or job.task in order.tasks)
        and (order.begun or job.lapse_count == 0)
        and (only is None or job.id in only)
    )


def _claimed(job: Job, order: ClaimOrder, now: datetime) -> Job:
    return attrs.evolve(
        job,
        status=follow(job.status, Event.CLAIM),
        attempt=job.attempt + 1,
        lease_token=job.lease_token + 1,
        lease_expires_at=now + order.lease,
        worker_id=order.worker_id,
        started_at=now if order.begun else None,
        progress=None,
        unique_slot=None if job.unique_while is UniqueWhile.QUEUED else job.unique_slot,
    )


def _extended(job: Job, pulse: Pulse, now: datetime, lease: timedelta) -> Job:
    told = pulse.progress is not None and storable(pulse.progress, PROGRESS_BYTES)
    return attrs.evolve(
        job,
        status=follow(job.status, Event.HEARTBEAT),
        lease_expires_at=now + lease,
        started_at=job.started_at or (now if pulse.begun else None),
        progress=pulse.progress if told else job.progress,
    )


def _lapsed(job: Job, now: datetime) -> bool:
    return job.lease_expires_at is not None and job.lease_expires_at <= now


def _taken_over(job: Job) -> Job:
    return attrs.evolve(job, status=follow(job.status, Event.TAKE_OVER), lease_token=job.lease_token + 1)


def _held(transaction: Transaction, fence: Fence) -> Job | None:
    job = transaction.jobs.get(fence.job_id)
    return job if job is not None and job.status is JobStatus.RUNNING and job.lease_token == fence.token else None


def _settle(transaction: Transaction, settlement: Settlement) -> Settled:
    fence = settlement.fence
    job = _held(transaction, fence)
    if job is None:
        return _too_late(transaction, settlement)
    if settlement.unless_cancelled and job.cancel_requested_at is not None:
        return Settled(fence, SettleAnswer.CANCEL_REQUESTED, job.status)
    if settlement.result is not None and not storable(settlement.result, PAYLOAD_BYTES):
        return Settled(fence, SettleAnswer.UNSTORABLE, job.status)
    ended = _settled(job, settlement, transaction.now)
    transaction.jobs[job.id] = ended
    transaction.attempts[fence] = _attempt(job, settlement, transaction.now)
    for birth in settlement.children:
        store_birth(transaction, birth)
    return Settled(fence, SettleAnswer.APPLIED, ended.status)


def _too_late(transaction: Transaction, settlement: Settlement) -> Settled:
    before = transaction.attempts.get(settlement.fence)
    repeated = before is not None and before.outcome is settlement.outcome
    job = transaction.jobs.get(settlement.fence.job_id)
    answer = SettleAnswer.REPEATED if repeated else SettleAnswer.LEASE_LOST
    return Settled(settlement.fence, answer, None if job is None else job.status)


def _settled(job: Job, settlement: Settlement, now: datetime) -> Job:
    """Return the job as the settlement leaves it: its last error stays until it succeeds."""
    told = attrs.evolve(
        job,
        status=settlement.status,
        retry_count=settlement.retry_count,
        lapse_count=settlement.lapse_count,
        result=settlement.result,
        error=None if settlement.event is Event.SUCCEED else settlement.error or job.error,
        lease_expires_at=None,
    )
    if settlement.status.ended:
        started_at = _started_at(job, settlement, now)
        return attrs.evolve(told, started_at=started_at, finished_at=now, unique_slot=None)
    return attrs.evolve(told, run_at=now + settlement.delay, started_at=None)


def _attempt(job: Job, settlement: Settlement, now: datetime) -> Attempt:
    started_at = _started_at(job, settlement, now)
    return Attempt(job.attempt, settlement.outcome, job.worker_id, started_at, now, settlement.error)


def _started_at(job: Job, settlement: Settlement, now: datetime) -> datetime | None:
    return job.started_at if settlement.ran is None else now - settlement.ran


def _lease(job: Job) -> tuple[datetime, WorkerId]:
    if job.lease_expires_at is None or job.worker_id is None:
        raise AssertionError(f"nobody holds job {job.id}")
    return job.lease_expires_at, job.worker_id


def _claim(job: Job) -> Claim:
    lease_expires_at, worker_id = _lease(job)
    return Claim(
        fence=job.fence,
        task=job.task,
        queue=job.queue,
        payload=job.payload,
        attempt=job.attempt,
        retry_count=job.retry_count,
        max_retries=job.max_retries,
        backoff=job.backoff,
        timeout=job.timeout,
        begun=job.started_at is not None,
        lapse_count=job.lapse_count,
        cancel_requested=job.cancel_requested_at is not None,
        priority=job.priority,
        created_at=job.created_at,
        run_at=job.run_at,
        lease_expires_at=lease_expires_at,
        worker_id=worker_id,
        tags=job.tags,
        user_id=job.user_id,
        parent_id=job.parent_id,
        traceparent=job.traceparent,
    )
