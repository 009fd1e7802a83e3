"""A request becomes a stored job, or the caller is told why not."""

from datetime import timedelta

import pytest
from tests.builders import OWNER, a_spec, minutes, seconds

from equeue.adapters.memory.platform import CountedIds, MovableClock
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application.enqueue import Draft, Enqueue, EnqueueRules, Replayed
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.idempotency import IdempotencyKey
from equeue.application.ports.jobs import Created, Existing
from equeue.domain.errors import IdempotencyKeyReused, InvalidJob, QueueOutOfReach, UnknownTask
from equeue.domain.job import Job
from equeue.domain.retry import Exponential, Fixed
from equeue.domain.spec import Unique

NOW = timedelta(0)
KEY = IdempotencyKey("user:1", "k", b"h")


class Desk:
    """An enqueue over an empty store."""

    def __init__(self, rules: EnqueueRules | None = None) -> None:
        self.store = MemoryStore(MovableClock())
        self.queue = MemoryJobQueue()
        units = memory_units_of_work(self.store)
        self.enqueue = Enqueue(units, self.queue, self.store.clock, CountedIds(), rules or EnqueueRules())
        self.units = units

    async def declare(self, *tasks: TaskDeclaration) -> None:
        """Have a worker say what it knows."""
        async with self.units() as unit:
            await unit.catalogue.declare(tasks)
            await unit.commit()

    async def one(self, draft: Draft) -> Job:
        """Enqueue one job that nothing stands in the way of."""
        (answer,) = await self.enqueue([draft])
        assert isinstance(answer, Created)
        return answer.job

    async def hints(self) -> frozenset[str]:
        """Return the queues that workers were told of."""
        return (await self.queue.receive(["default", "email", "a", "b"], NOW)).queues


@pytest.fixture
def desk() -> Desk:
    """Return an empty desk."""
    return Desk()


async def test_a_job_is_stored_and_workers_are_woken(desk: Desk) -> None:
    """It belongs to its owner, and its queue is told."""
    (answer,) = await desk.enqueue([Draft(a_spec(payload=b'{"a":1}'))], OWNER)
    assert isinstance(answer, Created)
    assert desk.store.jobs == {answer.job.id: answer.job}
    assert (answer.job.user_id, answer.job.payload) == (OWNER, b'{"a":1}')
    assert await desk.hints() == {"default"}


async def test_the_callers_word_beats_the_declaration_and_that_the_system(desk: Desk) -> None:
    """Each setting by itself, and zero is a word."""
    await desk.declare(
        TaskDeclaration("declared", "email", 7, Fixed(9.0), seconds(20)), TaskDeclaration("bare", "default")
    )
    plain = await desk.one(Draft(a_spec("unknown")))
    assert (plain.queue, plain.max_retries, plain.timeout, plain.backoff) == ("default", 3, seconds(300), None)
    bare = await desk.one(Draft(a_spec("bare")))
    assert (bare.queue, bare.max_retries, bare.timeout, bare.backoff) == ("default", 3, seconds(300), None)
    declared = await desk.one(Draft(a_spec("declared")))
    assert (declared.queue, declared.max_retries, declared.timeout) == ("email", 7, seconds(20))
    assert declared.backoff == Fixed(9.0)
    own = await desk.one(Draft(a_spec("declared", backoff=Exponential()), "own", 0, seconds(5)))
    assert (own.queue, own.max_retries, own.timeout, own.backoff) == ("own", 0, seconds(5), Exponential())


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        (Draft(a_spec(), queue=""), "/0/queue"),
        (Draft(a_spec(), timeout=timedelta(0)), "/0/timeout_s"),
        (Draft(a_spec(), max_retries=-1), "/0/max_retries"),
    ],
)
async def test_a_word_that_means_nothing_is_refused_and_not_passed_over(desk: Desk, draft: Draft, pointer: str) -> None:
    """An empty queue or no time at all is a mistake, not a wish for the default."""
    with pytest.raises(InvalidJob) as refusal:
        await desk.enqueue([draft])
    assert [violation.pointer for violation in refusal.value.violations] == [pointer]


async def test_one_bad_draft_keeps_all_out(desk: Desk) -> None:
    """Every broken rule of every draft is named; nothing is stored and nobody woken."""
    with pytest.raises(InvalidJob) as refusal:
        await desk.enqueue([Draft(a_spec()), Draft(a_spec(priority=10)), Draft(a_spec(tags=("",)), queue="!")])
    pointers = [violation.pointer for violation in refusal.value.violations]
    assert pointers == ["/1/priority", "/2/queue", "/2/tags/0"]
    assert not desk.store.jobs
    assert not await desk.hints()


async def test_a_declared_setting_is_checked_too(desk: Desk) -> None:
    """What a worker declared may be as wrong as what a caller says."""
    await desk.declare(TaskDeclaration("declared", "email", backoff=Fixed(-1.0)))
    with pytest.raises(InvalidJob, match="base_s"):
        await desk.enqueue([Draft(a_spec("declared"))])


async def test_an_installation_has_its_own_bounds() -> None:
    """Its payload bound and its default timeout."""
    desk = Desk(EnqueueRules(payload_bytes=7, timeout=seconds(11)))
    assert (await desk.one(Draft(a_spec(payload=b'{"a":1}')))).timeout == seconds(11)
    with pytest.raises(InvalidJob):
        await desk.enqueue([Draft(a_spec(payload=b'{"a":12}'))])


async def test_strict_installations_refuse_unknown_tasks() -> None:
    """A task that no worker ever declared is refused by name."""
    desk = Desk(EnqueueRules(strict_tasks=True))
    await desk.declare(TaskDeclaration("known", "default"))
    await desk.one(Draft(a_spec("known")))
    with pytest.raises(UnknownTask) as refusal:
        await desk.enqueue([Draft(a_spec("known")), Draft(a_spec("unknown"))])
    assert (refusal.value.task, len(desk.store.jobs)) == ("unknown", 1)


async def test_a_key_reaches_only_its_queues(desk: Desk) -> None:
    """The queue that counts is the one the job would go to, the declared one too."""
    await desk.declare(TaskDeclaration("declared", "email"))
    for draft in (Draft(a_spec(), queue="b"), Draft(a_spec("declared"))):
        with pytest.raises(QueueOutOfReach):
            await desk.enqueue([Draft(a_spec(), queue="a"), draft], reaches=lambda queue: queue == "a")
    assert not desk.store.jobs


def refuse(_: object) -> None:
    """Refuse whatever came of it."""
    raise LookupError("not like this")


async def test_a_review_may_keep_everything_out(desk: Desk) -> None:
    """Whoever looks at what is about to be stored can still refuse it all."""
    with pytest.raises(LookupError):
        await desk.enqueue([Draft(a_spec())], review=refuse)
    assert not desk.store.jobs
    assert not await desk.hints()


async def test_only_created_jobs_wake_workers(desk: Desk) -> None:
    """A unique key that is held makes no news."""
    draft = Draft(a_spec(unique=Unique("k")), queue="a")
    job = await desk.one(draft)
    assert await desk.hints() == {"a"}
    assert await desk.enqueue([draft, Draft(a_spec(), queue="b")]) == [Existing(job), desk_answer(desk, "b")]
    assert await desk.hints() == {"b"}


def desk_answer(desk: Desk, queue: str) -> Created:
    """Return the answer of whom asked for the one job in `queue`."""
    (job,) = (job for job in desk.store.jobs.values() if job.queue == queue)
    return Created(job)


async def test_a_request_under_a_key_is_done_once(desk: Desk) -> None:
    """Repeated, it gets the first answer word for word and wakes nobody; another request is refused."""
    drafts = [Draft(a_spec())]
    first = await desk.enqueue.once(drafts, OWNER, KEY, lambda _: b"the answer")
    assert not isinstance(first, Replayed)
    assert await desk.hints() == {"default"}
    again = await desk.enqueue.once(drafts, OWNER, KEY, lambda _: b"another answer")
    assert again == Replayed(b"the answer")
    assert not await desk.hints()
    other = IdempotencyKey(KEY.principal, KEY.key, b"other")
    with pytest.raises(IdempotencyKeyReused):
        await desk.enqueue.once([Draft(a_spec(), queue="a")], OWNER, other, lambda _: b"")
    assert len(desk.store.jobs) == 1


async def test_a_failure_under_a_key_is_not_remembered(desk: Desk) -> None:
    """Neither a broken rule, nor a refusing review, nor an answer that cannot be written down."""

    def fail(_: object) -> bytes:
        raise LookupError("no words")

    with pytest.raises(InvalidJob):
        await desk.enqueue.once([Draft(a_spec(priority=-1))], OWNER, KEY, lambda _: b"")
    with pytest.raises(LookupError):
        await desk.enqueue.once([Draft(a_spec())], OWNER, KEY, lambda _: b"", review=refuse)
    with pytest.raises(LookupError):
        await desk.enqueue.once([Draft(a_spec())], OWNER, KEY, fail)
    assert not desk.store.jobs
    assert not isinstance(await desk.enqueue.once([Draft(a_spec())], OWNER, KEY, lambda _: b""), Replayed)


async def test_times_are_bounded_by_the_process_and_set_by_the_store(desk: Desk) -> None:
    """A delay counts from the store's clock."""
    job = await desk.one(Draft(a_spec(delay=minutes(5))))
    assert job.run_at == desk.store.clock.now() + minutes(5)
