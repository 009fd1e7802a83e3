"""The in-memory app that users test with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from equeue import (
    AsyncProducer,
    Context,
    Discard,
    EnqueueOutcome,
    Fixed,
    PayloadInvalid,
    Producer,
    Retry,
    Snooze,
    Task,
    Tasks,
    enqueue,
    enqueue_many,
    new_job,
    options,
    ring,
)
from equeue.domain.errors import UnknownTask
from equeue.domain.status import JobStatus
from equeue.testing import JobFailed, MemoryApp

tasks = Tasks()
calls: list[Any] = []


@attrs.frozen
class Order:
    """More than a plain JSON type."""

    number: int
    placed_at: datetime


@tasks.task("order.ship", queue="orders", max_retries=2, backoff=Fixed(base=60))
async def ship(ctx: Context, order: Order) -> dict[str, Any]:
    """Return what came in, and ask for another job."""
    calls.append(order)
    await ctx.enqueue(tell, text=f"shipped {order.number}")
    return {"order": order, "attempt": ctx.attempt}


@tasks.task("user.tell")
def tell(text: str) -> str:
    """Run where the test runs."""
    calls.append(text)
    return text


@tasks.task("always.wrong", max_retries=1, backoff=Fixed(base=60))
async def wrong() -> None:
    """Have a bug."""
    raise ZeroDivisionError("oops")


@tasks.task("has.word")
async def word(which: str) -> None:
    """Say how to go on."""
    raise {"retry": Retry("later", after=60), "discard": Discard("never"), "snooze": Snooze(60)}[which]


@tasks.task("bad.result", isolation="process")
def bad_result(what: str) -> object:
    """Return what JSON cannot hold."""
    return object() if what == "object" else what


@tasks.task("in.transaction")
async def in_transaction(ctx: Context, fail: bool) -> None:  # noqa: FBT001 - a payload field
    """Write and perhaps fail."""
    async with ctx.transaction() as connection:
        connection.append("row")
    if fail:
        raise ValueError("no")


@pytest.fixture
def app() -> MemoryApp:
    """Return an app that nothing was enqueued in."""
    calls.clear()
    return MemoryApp(tasks)


ORDER = Order(7, datetime(2026, 11, 22, tzinfo=UTC))


async def test_a_job_runs_when_drained(app: MemoryApp) -> None:
    """It waits until then; its payload and result have been through JSON; children follow."""
    answer = app.enqueue(ship, order=ORDER)
    assert answer.created
    assert calls == []
    assert app.job(answer.id).status is JobStatus.QUEUED
    shipped, told = await app.drain()
    assert calls == [ORDER, "shipped 7"]
    assert (shipped.id, shipped.status, shipped.queue, shipped.attempt) == (answer.id, "succeeded", "orders", 1)
    assert shipped.result == {"order": {"number": 7, "placed_at": "2026-11-22T00:00:00Z"}, "attempt": 1}
    assert (told.task, told.result, told.job.parent_id) == ("user.tell", "shipped 7", shipped.id)
    assert await app.drain() == []


def test_what_was_enqueued_can_be_asked_for(app: MemoryApp) -> None:
    """By handler or name, and by some of the payload."""
    for text in "ab":
        app.enqueue(tell, text)
    app.enqueue("user.tell", {"text": "c"})
    assert [job.payload["text"] for job in app.enqueued(tell)] == ["a", "b", "c"]
    assert len(app.enqueued("user.tell", text="b")) == 1
    assert app.enqueued(tell, text="z") == app.enqueued(ship) == []
    assert len(app.enqueued()) == len(app.enqueued(tasks["user.tell"])) == 3


def test_enqueue_is_as_strict_as_anywhere(app: MemoryApp) -> None:
    """A payload that does not fit is refused, a unique key is held."""
    with pytest.raises(PayloadInvalid):
        app.enqueue(tell, text=7)  # type: ignore[call-overload]
    once = options(tell, unique="k")
    first, second = app.enqueue(once, text="a"), app.enqueue(once, text="b")
    assert (second.outcome, second.id) == (EnqueueOutcome.EXISTING, first.id)


async def test_a_delayed_job_waits_for_the_clock(app: MemoryApp) -> None:
    """Nothing but the test moves it."""
    app.enqueue(options(tell, delay=60), text="later")
    assert await app.drain() == []
    app.clock.move(timedelta(seconds=60))
    assert [job.result for job in await app.drain()] == ["later"]


async def test_an_expired_job_does_not_run(app: MemoryApp) -> None:
    """From its expiry on it is cancelled, as by maintenance."""
    answer = app.enqueue(options(tell, expires_at=app.clock.now() + timedelta(minutes=1)), text="x")
    app.clock.move(timedelta(minutes=1))
    assert await app.drain() == []
    assert app.job(answer.id).status is JobStatus.CANCELLED


async def test_a_bug_in_a_handler_is_raised(app: MemoryApp) -> None:
    """With its own traceback, once the failure is stored as a worker would."""
    answer = app.enqueue(wrong)
    with pytest.raises(JobFailed, match=r"attempt 1 of 'always.wrong' .* ZeroDivisionError: oops") as failed:
        await app.drain()
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    job = app.job(answer.id)
    assert (job.status, job.run_at) == (JobStatus.QUEUED, app.clock.now() + timedelta(minutes=1))


async def test_failures_may_be_kept(app: MemoryApp) -> None:
    """Then retries and dead letters are there to be looked at."""
    app.enqueue(wrong)
    app.enqueue(tell, text="x")
    assert [job.status for job in await app.drain(failures="keep")] == ["queued", "succeeded"]
    app.clock.move(timedelta(minutes=1))
    (dead,) = await app.drain(failures="keep")
    assert (dead.status, dead.attempt, dead.error) == (JobStatus.DEAD, 2, "ZeroDivisionError: oops")


@pytest.mark.parametrize(("which", "status"), [("retry", "queued"), ("snooze", "queued"), ("discard", "dead")])
async def test_a_handlers_own_word_is_no_bug(app: MemoryApp, which: str, status: str) -> None:
    """Retry, Snooze and Discard are ways to end, not failures of the test."""
    app.enqueue(word, which=which)
    assert [job.status for job in await app.drain()] == [status]


async def test_a_result_that_cannot_be_kept_is_a_bug(app: MemoryApp) -> None:
    """It would be a dead letter in production."""
    app.enqueue(bad_result, what="object")
    with pytest.raises(JobFailed):
        await app.drain()
    assert [job.status for job in app.enqueued(bad_result)] == [JobStatus.DEAD]
    app.enqueue(bad_result, what="text")
    assert [job.result for job in await app.drain()] == ["text"]


async def test_a_job_for_no_task_of_the_app_is_a_mistake(app: MemoryApp) -> None:
    """It would wait for ever; the test is told."""
    app.enqueue("no.such", {})
    with pytest.raises(UnknownTask, match=r"no\.such"):
        await app.drain()


async def test_an_endless_chain_is_noticed(app: MemoryApp) -> None:
    """A job that always enqueues another does not hang the test."""
    endless = Tasks()

    @endless.task("again")
    async def again(ctx: Context) -> None:
        ctx.enqueue(again)

    app = MemoryApp(endless)
    app.enqueue(again)
    with pytest.raises(RuntimeError, match="more than 20 jobs were due"):
        await app.drain(limit=20)


async def test_perform_runs_one_attempt(app: MemoryApp) -> None:
    """It returns the result as JSON keeps it; what the handler asked for is enqueued."""
    result = await app.perform(ship, order=ORDER)
    assert result == {"order": {"number": 7, "placed_at": "2026-11-22T00:00:00Z"}, "attempt": 1}
    assert [job.payload for job in app.enqueued()] == [{"text": "shipped 7"}]
    assert await app.perform("user.tell", {"text": "x"}) == "x"
    assert await app.perform(options(tell, delay=60, unique="k"), text="y") == "y"


async def test_perform_raises_what_the_handler_raises(app: MemoryApp) -> None:
    """Bugs and verdicts alike, and payloads that do not fit."""
    with pytest.raises(ZeroDivisionError):
        await app.perform(wrong)
    with pytest.raises(Retry):
        await app.perform(word, which="retry")
    with pytest.raises(JobFailed):
        await app.perform(bad_result, what="object")
    with pytest.raises(PayloadInvalid):
        await app.perform(tell, text=7)  # type: ignore[call-overload]


async def test_middleware_runs_too() -> None:
    """What a set of tasks has around its handlers is there in tests as well."""
    layered = Tasks()

    @layered.middleware
    async def around(task: Task, ctx: Context, call: Any) -> str:
        return f"<{task.id} {ctx.attempt}: {await call()}>"

    @layered.task("inner")
    async def inner() -> str:
        return "x"

    assert await MemoryApp(layered).perform(inner) == "<inner 1: x>"


class Rows(list[str]):
    """A database."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[list[str]]:
        """Keep what is written in the block unless it fails."""
        written: list[str] = []
        yield written
        self.extend(written)


async def test_a_handlers_transaction_is_the_tests_own(app: MemoryApp) -> None:
    """It commits with the success and rolls back with a failure; without a database the message says what to give."""
    rows = Rows()
    app = MemoryApp(tasks, transaction=rows.begin)
    app.enqueue(in_transaction, fail=False)
    assert [job.status for job in await app.drain()] == ["succeeded"]
    assert rows == ["row"]
    app.enqueue(in_transaction, fail=True)
    with pytest.raises(JobFailed):
        await app.drain()
    assert rows == ["row"]
    with pytest.raises(RuntimeError, match=r"transaction=engine\.begin"):
        await MemoryApp(tasks).perform(in_transaction, fail=False)


async def test_a_commit_that_fails_is_a_failure(app: MemoryApp) -> None:
    """As when a deferred constraint refuses what the handler wrote."""

    @asynccontextmanager
    async def refusing() -> AsyncIterator[list[str]]:
        yield []
        raise OSError("constraint")

    app = MemoryApp(tasks, transaction=refusing)
    app.enqueue(in_transaction, fail=False)
    with pytest.raises(JobFailed, match="constraint"):
        await app.drain()


async def test_the_log_is_the_standard_librarys(caplog: pytest.LogCaptureFixture) -> None:
    """So `caplog` has what handlers log, with the job's fields."""
    logging = Tasks()

    @logging.task("logs")
    async def logs(ctx: Context) -> None:
        ctx.log.warning("order.late", number=7)

    await MemoryApp(logging).perform(logs)
    (record,) = caplog.records
    assert record.name == "equeue"
    assert "order.late" in record.getMessage()
    assert "'number': 7" in record.getMessage()


class AsyncSession:
    """A session of who knows what."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


async def test_every_enqueue_may_be_caught(app: MemoryApp) -> None:
    """Whatever it is made through, no database is asked, and the answers are as ever."""
    with app.catching():
        anything: Any = object()
        session: Any = AsyncSession()
        producer, async_producer = Producer("postgresql://nowhere/"), AsyncProducer("postgresql://nowhere/")
        assert enqueue(anything, tell, text="a").created
        assert (await enqueue(session, tell, text="b")).created
        assert len(enqueue_many(anything, [new_job(tell, text="c")])) == 1
        assert len(await enqueue_many(session, [new_job(tell, text="d")])) == 1
        assert producer.enqueue(tell, text="e").created
        assert (await async_producer.enqueue(tell, text="f")).created
        assert (await asyncio.to_thread(producer.enqueue, "user.tell", {"text": "g"})).created
        ring(anything, "default")
        await ring(session, "default")
        producer.close()
        await async_producer.close()
    assert "".join(job.payload["text"] for job in app.enqueued(tell)) == "abcdefg"
    with pytest.raises(TypeError, match="cannot enqueue into"):
        enqueue(anything, tell, text="x")
