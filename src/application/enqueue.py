"""Enqueue: a request becomes a stored job, or the caller is told why not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from ..domain.audit import Act
from ..domain.errors import InvalidJob, PayloadInvalid, QueueFull, QueueOutOfReach, UnknownTask, Violation
from ..domain.ids import Json, UserId
from ..domain.spec import DEFAULT_QUEUE, PAYLOAD_BYTES, Birth, JobSpec, check
from .draft import Draft
from .failure_policies import SYSTEM, FailurePolicies
from .ports.catalogue import TaskDeclaration
from .ports.idempotency import IdempotencyKey, Replay
from .ports.jobs import Created, Enqueued
from .ports.payload_schemas import UNJUDGED, PayloadSchemas
from .ports.platform import Clock, Ids
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .signals import announce

Render: TypeAlias = Callable[[Sequence[Enqueued]], Json]
"""Writes down the answers as the caller will read them, so that they can be given again word for word."""

Review: TypeAlias = Callable[[Sequence[Enqueued]], None]
"""Looks at what is about to be kept; raises to keep none of it."""

Report: TypeAlias = Callable[[Sequence[Enqueued]], Sequence[Act]]
"""Says what the audit log is to tell of what is about to be kept."""

Reach: TypeAlias = Callable[[str], bool]
"""Tells whether the caller may use a queue."""


def content(enqueued: Sequence[Enqueued]) -> None:
    """Keep whatever came of it."""


def untold(enqueued: Sequence[Enqueued]) -> Sequence[Act]:  # noqa: ARG001 - one shape for all reports
    """Tell the audit log nothing: an enqueue is no act of an operator."""
    return ()


def everywhere(queue: str) -> bool:  # noqa: ARG001 - one shape for all reaches
    """Admit every queue."""
    return True


@attrs.frozen
class EnqueueRules:
    """What the installation adds to the rules of a job: its payload bound, default timeout, and strictness."""

    payload_bytes: int = PAYLOAD_BYTES
    timeout: timedelta = timedelta(seconds=300)
    strict_tasks: bool = False


@attrs.frozen
class Replayed:
    """The answer that the same request got before."""

    answer: Json


@attrs.frozen
class Enqueue:
    """Store new jobs, all or none, and wake the workers once they are committed."""

    units_of_work: UnitsOfWork
    queue: JobQueue
    clock: Clock
    ids: Ids
    rules: EnqueueRules = EnqueueRules()
    policies: FailurePolicies = SYSTEM
    schemas: PayloadSchemas = UNJUDGED

    async def __call__(
        self,
        drafts: Sequence[Draft],
        owner: UserId | None = None,
        *,
        reaches: Reach = everywhere,
        review: Review = content,
        report: Report = untold,
    ) -> Sequence[Enqueued]:
        """Return what came of each draft, in order.

        Raises `InvalidJob` with pointers such as `/1/queue` when any draft breaks a rule, `PayloadInvalid` for payloads
        that do not fit what their tasks declared, `QueueOutOfReach` for a queue that `reaches` does not admit,
        `QueueFull` for one in which too many jobs would wait, and whatever `review` raises; then none is stored.
        """
        await self.policies.renew()
        async with self.units_of_work() as unit:
            enqueued = await self._store(unit, drafts, owner, reaches)
            review(enqueued)
            await _record(unit, report(enqueued))
            await unit.commit()
        await self._announce(enqueued)
        return enqueued

    async def once(
        self,
        drafts: Sequence[Draft],
        owner: UserId | None,
        key: IdempotencyKey,
        render: Render,
        *,
        reaches: Reach = everywhere,
        review: Review = content,
        report: Report = untold,
    ) -> Sequence[Enqueued] | Replayed:
        """Do the same at most once per `key`: a repeated request gets the first answer again, word for word."""
        await self.policies.renew()
        async with self.units_of_work() as unit:
            reservation = await unit.idempotency.reserve(key)
            if isinstance(reservation, Replay):
                return Replayed(reservation.answer)
            enqueued = await self._store(unit, drafts, owner, reaches)
            review(enqueued)
            await _record(unit, report(enqueued))
            await unit.idempotency.remember(key, render(enqueued))
            await unit.commit()
        await self._announce(enqueued)
        return enqueued

    async def _store(
        self, unit: UnitOfWork, drafts: Sequence[Draft], owner: UserId | None, reaches: Reach
    ) -> Sequence[Enqueued]:
        declared = await unit.catalogue.find({draft.spec.task for draft in drafts})
        births = self.births(drafts, owner, reaches, declared)
        await self._measure(unit, [birth.spec for birth in births])
        return await unit.jobs.add(births)

    def births(
        self,
        drafts: Sequence[Draft],
        owner: UserId | None,
        reaches: Reach,
        declared: Mapping[str, TaskDeclaration],
    ) -> Sequence[Birth]:
        """Return the drafts completed and checked, ready to be stored; raise as the call does, but for full queues."""
        specs = [self._complete(draft, declared) for draft in drafts]
        for place, spec in enumerate(specs):
            if not reaches(spec.queue):
                raise QueueOutOfReach(spec.queue, place)
        self._check(specs, self.clock.now())
        self._judge(specs, declared)
        parents = [draft.parent_id for draft in drafts]
        return [Birth(self.ids.new(), spec, owner, parent) for spec, parent in zip(specs, parents, strict=True)]

    def is_bounded(self, queue: str) -> bool:
        """Tell whether a queue can be full, so that its depth has to be measured before a job is stored."""
        return self.policies.current.of_queue(queue).limits.max_depth is not None

    def _complete(self, draft: Draft, declared: Mapping[str, TaskDeclaration]) -> JobSpec:
        task = draft.spec.task
        if self.rules.strict_tasks and task not in declared:
            raise UnknownTask(task)
        declaration = declared.get(task, TaskDeclaration(task, DEFAULT_QUEUE))
        return draft.completed(declaration, self.rules.timeout, self.policies.current.of_queue)

    def _check(self, specs: Sequence[JobSpec], now: datetime) -> None:
        violations: list[Violation] = []
        for place, spec in enumerate(specs):
            try:
                check(spec, now=now, payload_bytes=self.rules.payload_bytes)
            except InvalidJob as invalid:
                violations.extend(violation.under(f"/{place}") for violation in invalid.violations)
        if violations:
            raise InvalidJob(tuple(violations))

    def _judge(self, specs: Sequence[JobSpec], declared: Mapping[str, TaskDeclaration]) -> None:
        """Raise `PayloadInvalid` for payloads that their tasks would refuse at each attempt."""
        violations: list[Violation] = []
        for place, spec in enumerate(specs):
            faults = payload_faults(self.schemas, declared.get(spec.task), spec.payload)
            violations.extend(fault.under(f"/{place}") for fault in faults)
        if violations:
            raise PayloadInvalid(tuple(violations))

    async def _measure(self, unit: UnitOfWork, specs: Sequence[JobSpec]) -> None:
        """Raise `QueueFull` for a queue that cannot hold its jobs; nobody waits for others who enqueue meanwhile."""
        for name, jobs in Counter(spec.queue for spec in specs).items():
            most = self.policies.current.of_queue(name).limits.max_depth
            if most is not None and await unit.jobs.depth(name, most) + jobs > most:
                raise QueueFull(name, most)

    async def _announce(self, enqueued: Sequence[Enqueued]) -> None:
        await announce(self.queue, [answer.job.queued() for answer in enqueued if isinstance(answer, Created)])


def payload_faults(schemas: PayloadSchemas, declared: TaskDeclaration | None, payload: Json) -> tuple[Violation, ...]:
    """Return what the task would refuse of a payload, as far as its declared schema tells."""
    if declared is None or declared.payload_schema is None:
        return ()
    return tuple(fault.under("/payload") for fault in schemas.faults(declared.payload_schema, payload))


async def _record(unit: UnitOfWork, acts: Sequence[Act]) -> None:
    if acts:
        await unit.audit.record(acts)


__all__ = [
    "Draft",
    "Enqueue",
    "EnqueueRules",
    "Reach",
    "Render",
    "Replayed",
    "Review",
    "content",
    "everywhere",
    "payload_faults",
]
