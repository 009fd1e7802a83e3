"""What people ask of many jobs at once: preview, do, abort, resume; `bulk_batches` carries it out."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import attrs

from ..domain.audit import Act, Actor, Fact
from ..domain.bulk import BulkOperation
from ..domain.bulk_plan import COUNTED, BulkAction, BulkFilter, BulkPlan, mark_of, possible
from ..domain.errors import BulkNotFound, EmptyFilter, InvalidPlan, PlanChanged, Violation
from ..domain.filter_text import write
from ..domain.ids import NAME, UUID, Json
from ..domain.spec import REASON_CHARS
from .enqueue import Replayed
from .ports.bulk import Survey
from .ports.idempotency import IdempotencyKey, Replay
from .ports.platform import Ids
from .ports.unit_of_work import UnitOfWork, UnitsOfWork

SAMPLE = 10
JOB_IDS = 1_000
"""So many jobs may be named one by one."""
WORDS = 100
"""So many words may be in each other part of a filter."""

Render: TypeAlias = Callable[[BulkOperation], Json]
Steer: TypeAlias = Callable[[BulkOperation], BulkOperation]


@attrs.frozen(kw_only=True)
class BulkRequest:
    """What somebody asks of many jobs; `where` is confined already to what they may reach."""

    action: BulkAction
    where: BulkFilter
    queue: str | None = None
    reason: str | None = None

    def planned(self, mark: datetime) -> BulkPlan:
        """Return the plan up to `mark`; raise `InvalidPlan` or `EmptyFilter` for what must not be carried out."""
        violations = tuple(_violations(self))
        if violations:
            raise InvalidPlan(violations)
        if not self.where.narrows(mark):
            raise EmptyFilter("the filter leaves no job out")
        return BulkPlan(action=self.action, where=self.where, mark=mark, queue=self.queue, reason=self.reason)


@attrs.frozen
class Preview:
    """A plan, and what it means now."""

    plan: BulkPlan
    survey: Survey


@attrs.frozen
class SteerBulk:
    """Preview, create, abort and resume bulk operations; each act is in the audit log."""

    units_of_work: UnitsOfWork
    ids: Ids

    async def preview(self, request: BulkRequest) -> Preview:
        """Return the plan as of now with what it means; nothing is kept."""
        async with self.units_of_work() as unit:
            plan = request.planned(await unit.now())
            return Preview(plan, await unit.selection.survey(plan, cap=COUNTED, sample=SAMPLE))

    async def create(self, request: BulkRequest, actor: Actor, plan_hash: str | None = None) -> BulkOperation:
        """Store an operation that any process then carries out.

        With `plan_hash` it is the previewed plan, up to its mark; raises `PlanChanged` if the hash is not this plan's.
        Without, it is a plan as of now: for jobs that were named, or a group that was looked at.
        """
        async with self.units_of_work() as unit:
            operation = await self._create(unit, request, actor, plan_hash)
            await unit.commit()
        return operation

    async def create_once(
        self, request: BulkRequest, actor: Actor, plan_hash: str | None, key: IdempotencyKey, render: Render
    ) -> BulkOperation | Replayed:
        """Do the same at most once per `key`: a repeated request gets the first answer again, word for word."""
        async with self.units_of_work() as unit:
            reservation = await unit.idempotency.reserve(key)
            if isinstance(reservation, Replay):
                return Replayed(reservation.answer)
            operation = await self._create(unit, request, actor, plan_hash)
            await unit.idempotency.remember(key, render(operation))
            await unit.commit()
        return operation

    async def abort(self, id: UUID, actor: Actor, globs: tuple[str, ...] = ()) -> BulkOperation:
        """Stop an operation: once this returns, no further job is touched.

        Raises `BulkNotSteerable` for one that has ended.
        """
        return await self._steer(id, actor, "bulk.abort", globs, BulkOperation.abort)

    async def resume(
        self, id: UUID, actor: Actor, globs: tuple[str, ...] = (), may: Callable[[BulkOperation], None] = lambda _: None
    ) -> BulkOperation:
        """Go on with an operation that was aborted or given up; `may` raises for one that this actor must not do."""

        def resumed(operation: BulkOperation) -> BulkOperation:
            may(operation)
            return operation.resume()

        return await self._steer(id, actor, "bulk.resume", globs, resumed)

    async def _create(
        self, unit: UnitOfWork, request: BulkRequest, actor: Actor, plan_hash: str | None
    ) -> BulkOperation:
        now = await unit.now()
        plan = request.planned(now if plan_hash is None else mark_of(plan_hash) or now)
        if plan_hash is not None and (plan.hash != plan_hash or plan.mark > now):
            raise PlanChanged("the action, the filter or the confinement is not what was previewed")
        survey = await unit.selection.survey(plan, cap=COUNTED, sample=0)
        operation = BulkOperation.created(self.ids.new(), plan, actor, survey.count, now)
        await unit.bulk.add(operation)
        await unit.audit.record([_act(actor, "bulk.create", operation, after=_told(operation))])
        return operation

    async def _steer(self, id: UUID, actor: Actor, action: str, globs: tuple[str, ...], steer: Steer) -> BulkOperation:
        async with self.units_of_work() as unit:
            before = await unit.bulk.load(id)
            if before is None or (globs and sorted(before.plan.where.queue_globs) != sorted(globs)):
                raise BulkNotFound
            after = steer(before)
            if after == before:
                return before
            await unit.bulk.save(after)
            facts: dict[str, Fact] = {"status": after.status, "matched": after.tally.matched}
            await unit.audit.record([_act(actor, action, before, {"status": before.status}, facts)])
            await unit.commit()
        return after


def _act(
    actor: Actor,
    action: str,
    operation: BulkOperation,
    before: dict[str, Fact] | None = None,
    after: dict[str, Fact] | None = None,
) -> Act:
    return Act(
        actor=actor,
        action=action,
        target_kind="bulk-operation",
        target_id=str(operation.id),
        before=before or {},
        after=after or {},
    )


def _told(operation: BulkOperation) -> dict[str, Fact]:
    """Return what the audit log keeps of a new operation: the act, and every condition."""
    plan, where = operation.plan, operation.plan.where
    said = {name: _fact(value) for name, value in attrs.asdict(where, recurse=False).items() if value not in ((), None)}
    asked: dict[str, Fact] = {"action": plan.action, "queue": plan.queue, "reason": plan.reason, "mark": plan.mark}
    if where.condition is not None:
        said["condition"] = write(where.condition)
    told: dict[str, Fact] = {**asked, **said, "expected": operation.expected, "plan_hash": plan.hash}
    return {name: fact for name, fact in told.items() if fact is not None}


def _fact(value: object) -> Fact:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, datetime) else str(value)


def _violations(request: BulkRequest) -> "list[Violation]":
    where, found = request.where, []
    if len(where.job_ids) > JOB_IDS:
        found.append(Violation("/filter/ids", f"must be at most {JOB_IDS}", "too-many"))
    found.extend(
        Violation(f"/filter/{said}", f"must be at most {WORDS}", "too-many")
        for name, said in _SAID.items()
        if len(getattr(where, name)) > WORDS
    )
    for place, status in enumerate(where.statuses):
        if status not in possible(request.action):
            what = f"a job that is {status} cannot be the object of '{request.action}'"
            found.append(Violation(f"/filter/status/{place}", what, "status"))
    return found + _about_action(request)


_SAID = {"statuses": "status", "queues": "queue", "tasks": "task", "tags": "tag", "fingerprints": "fingerprint"}


def _about_action(request: BulkRequest) -> "list[Violation]":
    found = []
    if (request.queue is not None) != (request.action is BulkAction.MOVE):
        found.append(Violation("/queue", "names where to move jobs, and goes with that action alone", "conflict"))
    elif request.queue is not None and not NAME.fullmatch(request.queue):
        found.append(Violation("/queue", "must be 1 to 128 of a-z 0-9 _ . -", "pattern"))
    if request.reason is not None and request.action is not BulkAction.CANCEL:
        found.append(Violation("/reason", "goes with a cancel alone", "conflict"))
    elif request.reason is not None and len(request.reason) > REASON_CHARS:
        found.append(Violation("/reason", f"must have at most {REASON_CHARS} characters", "range"))
    if request.where.fingerprints and request.action not in (BulkAction.RETRY, BulkAction.DELETE):
        found.append(Violation("/filter/fingerprint", "only dead jobs have one", "conflict"))
    return found
