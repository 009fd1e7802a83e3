"""Callers who come together share a transaction; nobody waits when idle, and nobody pays for another's mistake."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import OWNER, a_spec
from tests.unit.worker.world import breathe

from equeue.adapters.memory.intake import MemoryIntake
from equeue.adapters.memory.platform import CountedIds, MovableClock
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application import intake as module
from equeue.application.enqueue import Draft, Enqueue, Replayed
from equeue.application.intake import Asked, EnqueueTogether
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.idempotency import IdempotencyKey
from equeue.application.ports.intake import Entry
from equeue.application.ports.jobs import Created, Enqueued, Existing
from equeue.domain.errors import (
    IdempotencyInFlight,
    InvalidJob,
    Overloaded,
    QueueOutOfReach,
    Unavailable,
    UniqueConflict,
)
from equeue.domain.spec import OnConflict, Unique
from equeue.entrypoints.http.enqueue import refuse_conflict

OVERGROWN = b'{"x": [' + b",".join([b"1e300"] * 4_000) + b"]}"


@attrs.define
class GatedIntake:
    """An intake whose transactions end when the test says so."""

    inner: MemoryIntake
    gate: asyncio.Event
    sets: list[int]
    away: bool = False

    async def declared(self, tasks: Collection[str]) -> Mapping[str, TaskDeclaration]:
        return await self.inner.declared(tasks)

    async def take(self, entries: Sequence[Entry]) -> Sequence[Created | None]:
        self.sets.append(len(entries))
        await self.gate.wait()
        if self.away:
            raise Unavailable("gone")
        return await self.inner.take(entries)


class Counter:
    """An intake of two lanes over an empty store."""

    def __init__(self) -> None:
        self.store = MemoryStore(MovableClock())
        self.queue = MemoryJobQueue()
        self.gate, self.sets = asyncio.Event(), list[int]()
        self.gate.set()
        self.lanes = [GatedIntake(MemoryIntake(self.store), self.gate, self.sets) for _ in range(2)]
        self.enqueue = Enqueue(memory_units_of_work(self.store), self.queue, self.store.clock, CountedIds())
        self.together = EnqueueTogether(self.enqueue, self.lanes)

    def asks(self, *asked: Asked) -> "list[asyncio.Task[Enqueued | Replayed]]":
        """Let callers come at the same time."""
        return [asyncio.create_task(self._ask(one)) for one in asked]

    async def _ask(self, asked: Asked) -> Enqueued | Replayed:
        return await self.together(asked)


@pytest.fixture
async def counter() -> Counter:
    """Give an intake with its gate open."""
    return Counter()


def wish(key: str | None = None, **facts: Any) -> Asked:
    """Return a caller's wish, under an idempotency key if one is given."""
    spec = a_spec(**facts)
    idempotency = None if key is None else IdempotencyKey("user:1", key, b"h" * 32)
    return Asked(Draft(spec), OWNER, review=refuse_conflict, key=idempotency, render=_render)


def _render(enqueued: Sequence[Enqueued]) -> bytes:
    return b'"%d"' % len(enqueued)


async def told(tasks: "Sequence[asyncio.Task[Any]]") -> list[Any]:
    """Return what each caller got, errors too."""
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_lone_caller_goes_straight_through(counter: Counter) -> None:
    """In a set of one, with nobody and nothing to wait for."""
    answer = await counter.together(wish())
    assert isinstance(answer, Created)
    assert counter.store.jobs == {answer.job.id: answer.job}
    assert answer.job.user_id == OWNER
    assert counter.sets == [1]


async def test_who_comes_meanwhile_shares_the_next_transaction(counter: Counter) -> None:
    """Two are under way at most; all who come then are one set."""
    counter.gate.clear()
    flying: list[asyncio.Task[Any]] = []
    for callers in (1, 1, 30):
        flying += counter.asks(*(wish() for _ in range(callers)))
        await breathe()
    assert counter.sets == [1, 1]
    counter.gate.set()
    answers = await told(flying)
    assert counter.sets == [1, 1, 30]
    assert len({answer.job.id for answer in answers}) == len(counter.store.jobs) == 32


async def test_callers_of_one_moment_share_a_transaction(counter: Counter) -> None:
    """Even if nothing was under way."""
    await told(counter.asks(*(wish() for _ in range(20))))
    assert counter.sets == [20]


async def test_each_caller_is_answered_after_its_own_row(counter: Counter) -> None:
    """Not before the transaction that holds it has ended."""
    counter.gate.clear()
    (caller,) = counter.asks(wish())
    await breathe()
    assert not caller.done()
    assert counter.store.jobs == {}
    counter.gate.set()
    assert isinstance(await caller, Created)


async def test_one_bad_job_fails_alone(counter: Counter) -> None:
    """Whether a rule refuses it or the database; it hears exactly what is wrong."""
    good = [wish() for _ in range(29)]
    bad = [wish(priority=99), wish(payload=OVERGROWN), attrs.evolve(wish(queue="a"), reaches=lambda queue: False)]  # noqa: ARG005
    answers = await told(counter.asks(*good[:10], *bad, *good[10:]))
    assert [type(answer) for answer in answers[10:13]] == [InvalidJob, InvalidJob, QueueOutOfReach]
    assert [violation.pointer for violation in answers[10].violations] == ["/0/priority"]
    assert [violation.pointer for violation in answers[11].violations] == ["/0/payload"]
    assert all(isinstance(answer, Created) for answer in (*answers[:10], *answers[13:]))
    assert len(counter.store.jobs) == 29


async def test_unique_conflicts_are_answered_singly(counter: Counter) -> None:
    """The first of a set holds the key; each other gets what it wished for."""
    content, strict = Unique("k"), Unique("k", on_conflict=OnConflict.REJECT)
    first, second, third, plain = await told(
        counter.asks(wish(unique=content), wish(unique=content), wish(unique=strict), wish())
    )
    assert isinstance(first, Created)
    assert isinstance(second, Existing)
    assert second.job.id == first.job.id
    assert isinstance(third, UniqueConflict)
    assert third.existing_job_id == first.job.id
    assert isinstance(plain, Created)


async def test_equal_idempotency_keys_of_one_set_are_one_job(counter: Counter) -> None:
    """The twins get the first answer again, or are told that it is in flight."""
    answers = await told(counter.asks(wish("k"), wish("k"), wish("k"), wish("other"), wish()))
    assert isinstance(answers[0], Created)
    assert all(isinstance(answer, Replayed | IdempotencyInFlight) for answer in answers[1:3])
    assert all(isinstance(answer, Created) for answer in answers[3:])
    assert len(counter.store.jobs) == 3
    again = await counter.together(wish("k"))
    assert again == Replayed(b'"1"')


async def test_caller_who_leaves_takes_nobody_along(counter: Counter) -> None:
    """Before its set is taken it is not stored; afterwards it is, and the neighbours never notice."""
    counter.gate.clear()
    taken = counter.asks(*(wish() for _ in range(3)))
    await breathe()
    counter.asks(wish())
    await breathe()
    waiting = counter.asks(*(wish() for _ in range(3)))
    await breathe()
    taken[1].cancel()
    waiting[1].cancel()
    await breathe()
    counter.gate.set()
    answers = await told([*taken, *waiting])
    assert [isinstance(answer, Created) for answer in answers] == [True, False, True, True, False, True]
    assert len(counter.store.jobs) == 6


async def test_database_away_is_told_to_each(counter: Counter) -> None:
    """Each may or may not be stored, and the next caller is served as if nothing had been."""
    counter.lanes[0].away = counter.lanes[1].away = True
    answers = await told(counter.asks(wish(), wish()))
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert answers[0] is not answers[1]
    counter.lanes[0].away = counter.lanes[1].away = False
    assert isinstance(await counter.together(wish()), Created)


async def test_too_many_are_sent_away(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is bounded by jobs and by bytes; whoever has a place keeps it, and places come free."""
    monkeypatch.setattr(module, "ROOM", 3)
    counter.gate.clear()
    flying: list[asyncio.Task[Any]] = []
    for _ in range(2):
        flying += counter.asks(wish())
        await breathe()
    flying += counter.asks(*(wish() for _ in range(3)))
    await breathe()
    with pytest.raises(Overloaded):
        await counter.together(wish())
    counter.gate.set()
    assert all(isinstance(answer, Created) for answer in await told(flying))
    assert isinstance(await counter.together(wish()), Created)
    monkeypatch.setattr(module, "ROOM_BYTES", 0)
    with pytest.raises(Overloaded):
        await counter.together(wish())


async def test_no_transaction_carries_too_much(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither jobs nor bytes, but one large job always goes."""
    monkeypatch.setattr(module, "SET_JOBS", 4)
    await told(counter.asks(*(wish() for _ in range(10))))
    assert sorted(counter.sets) == [2, 4, 4]
    counter.sets.clear()
    monkeypatch.setattr(module, "SET_BYTES", 10)
    await told(counter.asks(*(wish(payload=b'{"a":"123456789"}') for _ in range(3))))
    assert counter.sets == [1, 1, 1]


async def test_workers_are_told_once_the_jobs_are_there(counter: Counter) -> None:
    """Of every queue that has a new job."""
    await told(counter.asks(wish(), wish()))
    assert (await counter.queue.receive(["default", "b"], timedelta(0))).queues == {"default"}


async def test_closing_waits_for_what_is_under_way(counter: Counter) -> None:
    """Whoever was let in is answered."""
    counter.gate.clear()
    (caller,) = counter.asks(wish())
    await breathe()
    closing = asyncio.create_task(counter.together.close())
    await breathe()
    assert not closing.done()
    counter.gate.set()
    await closing
    assert isinstance(await caller, Created)
