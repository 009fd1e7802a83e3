"""Bulk operations as the domain knows them: their own small state machine, their plans and the hashes of those."""

from datetime import UTC, datetime, timedelta
from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON, OTHER_OWNER, OWNER, a_job, seconds
from uuid_utils.compat import uuid7

from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import BULK_ARCS, FAILURES, OPEN, BulkEvent, BulkOperation, BulkStatus, Place, Tally, follow
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan, mark_of, possible
from equeue.domain.errors import BulkNotSteerable, DomainError
from equeue.domain.status import JobStatus

FILTERS = st.builds(
    BulkFilter,
    statuses=st.lists(st.sampled_from(JobStatus), unique=True).map(tuple),
    queues=st.lists(st.sampled_from(["default", "mail"]), unique=True).map(tuple),
    tasks=st.lists(st.sampled_from(["test.task", "b"]), unique=True).map(tuple),
    tags=st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
    owner=st.sampled_from([None, OWNER, OTHER_OWNER]),
    queue_globs=st.lists(st.sampled_from(["m*", "default"]), unique=True).map(tuple),
    created_before=st.none() | st.just(NOON),
)
PLANS = st.builds(
    BulkPlan,
    action=st.sampled_from(BulkAction),
    where=FILTERS,
    mark=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    queue=st.sampled_from([None, "mail"]),
)


def an_operation(status: BulkStatus = BulkStatus.PENDING) -> BulkOperation:
    """Return an operation in a status."""
    plan = BulkPlan(action=BulkAction.RETRY, where=BulkFilter(queues=("mail",)), mark=NOON)
    return attrs.evolve(BulkOperation.created(uuid7(), plan, SYSTEM, 5, NOON), status=status)


@pytest.mark.parametrize(("status", "event"), [*product([None, *BulkStatus], BulkEvent)])
def test_the_arcs_are_all_there_is(status: BulkStatus | None, event: BulkEvent) -> None:
    """What the table does not hold is refused, and says from where and by what."""
    if (status, event) in BULK_ARCS:
        assert follow(status, event) is BULK_ARCS[status, event]
        return
    with pytest.raises(BulkNotSteerable) as refusal:
        follow(status, event)
    assert (refusal.value.status, refusal.value.event) == (status, event)


def test_what_is_finished_is_final() -> None:
    """No event leads out of it, and work is done only while it is open."""
    assert {status for status, _ in BULK_ARCS} == {None, *BulkStatus} - {BulkStatus.FINISHED}
    assert {BulkStatus.PENDING, BulkStatus.RUNNING} == OPEN


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=10))
def test_the_tally_is_the_sum_of_its_batches(batches: list[tuple[int, int]]) -> None:
    """However the batches fall, nothing is lost and nothing counted twice."""
    operation = an_operation()
    for number, (done, skipped) in enumerate(batches):
        place = Place(NOON + seconds(number), uuid7())
        operation = operation.advance(Tally(done, skipped), place, NOON, last=False)
        assert operation.cursor == place
    assert operation.tally == Tally(sum(done for done, _ in batches), sum(skipped for _, skipped in batches))
    assert operation.tally.matched == operation.tally.done + operation.tally.skipped


def test_the_last_batch_finishes_it() -> None:
    """It knows when it began and when it ended; an empty batch moves no cursor."""
    place = Place(NOON, uuid7())
    running = an_operation().advance(Tally(1), place, NOON, last=False)
    ended = running.advance(Tally(), None, NOON + seconds(5), last=True)
    assert (ended.status, ended.started_at, ended.finished_at) == (BulkStatus.FINISHED, NOON, NOON + seconds(5))
    assert ended.cursor == place


def test_too_many_that_cannot_be_written_end_it() -> None:
    """It fails and says why; resumed it goes on until as many more have failed."""
    running = an_operation().advance(Tally(failed=FAILURES - 1), None, NOON, last=False)
    assert running.status is BulkStatus.RUNNING
    failed = running.advance(Tally(failed=1), None, NOON, last=False)
    assert (failed.status, failed.finished_at) == (BulkStatus.FAILED, NOON)
    assert str(FAILURES) in (failed.failure or "")
    resumed = failed.resume()
    assert (resumed.status, resumed.failure, resumed.finished_at) == (BulkStatus.RUNNING, None, None)
    assert resumed.advance(Tally(failed=FAILURES - 1), None, NOON, last=False).status is BulkStatus.RUNNING
    assert resumed.advance(Tally(failed=FAILURES), None, NOON, last=False).status is BulkStatus.FAILED


def test_words_that_change_nothing_change_nothing() -> None:
    """To abort what is aborted and to resume what is under way is no error."""
    aborted = an_operation().abort()
    assert aborted.abort() is aborted
    resumed = aborted.resume()
    assert resumed.resume() is resumed
    with pytest.raises(BulkNotSteerable):
        an_operation(BulkStatus.FINISHED).resume()


@given(PLANS, PLANS)
def test_a_hash_is_its_plan_s(one: BulkPlan, other: BulkPlan) -> None:
    """Two plans have one hash only if they are one plan; the mark is read from it to the microsecond."""
    assert (one.hash == other.hash) == (_said(one) == _said(other))
    assert mark_of(one.hash) == one.mark


def _said(plan: BulkPlan) -> object:
    where = plan.where
    words = [sorted(part) for part in (where.statuses, where.queues, where.tasks, where.tags)]
    return plan.action, plan.queue, plan.mark, words, where.owner, where.created_before, where.queue_globs


@given(PLANS, st.sampled_from(JobStatus), st.sampled_from(["default", "mail"]), st.sampled_from([None, OWNER]))
def test_a_plan_changes_only_what_it_means(plan: BulkPlan, status: JobStatus, queue: str, owner: object) -> None:
    """What is beyond the mark, the filter or the confinement stays as it is, whatever the action."""
    job = a_job(status, queue=queue, user_id=owner, tags=("a",), created_at=NOON - timedelta(days=1))
    try:
        decided = plan.decide(job, NOON)
    except DomainError:
        return
    if decided is None:
        return
    where = plan.where
    assert job.created_at <= plan.mark
    assert where.owner is None or where.owner == owner
    assert not where.queue_globs or ("m*" in where.queue_globs) == (queue == "mail") or "default" in where.queue_globs
    assert not where.queues or queue in where.queues
    assert status in possible(plan.action) or status in where.statuses
    assert decided.after is None or decided.after.revision == job.revision + 1


def test_actions_know_where_they_can_happen() -> None:
    """From the one table of transitions, and ended jobs alone are deleted."""
    queued, running, succeeded, dead, cancelled = JobStatus
    assert possible(BulkAction.RETRY) == (dead, cancelled)
    assert possible(BulkAction.CANCEL) == (queued, running)
    assert possible(BulkAction.DELETE) == (succeeded, dead, cancelled)
    assert possible(BulkAction.MOVE) == possible(BulkAction.RUN_NOW) == (queued,)
