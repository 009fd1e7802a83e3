"""Jobs of many callers are taken in together: stored is what nothing stands in the way of, and of the rest nothing."""

import pytest
from tests.builders import OWNER, a_birth, a_unique_birth, minutes
from tests.contract.world import World, near

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.idempotency import Fresh, IdempotencyKey, Replay
from equeue.application.ports.intake import Entry, Keeping
from equeue.application.ports.jobs import Created
from equeue.domain.errors import InvalidJob
from equeue.domain.retry import Fixed
from equeue.domain.spec import Unique

HASH, OTHER_HASH = b"1" * 32, b"2" * 32
OVERGROWN = b'{"x": [' + b", ".join([b"1e300"] * 4_000) + b"]}"
"""Twenty kilobytes, of which a database makes more than a megabyte."""


def told(created: Created) -> bytes:
    """Return an answer that names the job."""
    return b'{"id": "%s"}' % str(created.job.id).encode()


def keeping(key: str, request_hash: bytes = HASH) -> Keeping:
    """Return a wish to keep the answer under `key`."""
    return Keeping(IdempotencyKey("user:1", key, request_hash), told)


async def replayed(world: World, key: str) -> object:
    """Return what a repeated request gets."""
    async with world.units_of_work() as unit:
        return await unit.idempotency.reserve(IdempotencyKey("user:1", key, HASH))


async def test_every_job_is_stored_and_told_in_order(world: World) -> None:
    """As it is stored, with the database's time."""
    births = [a_birth(owner=OWNER, payload=b'{"n": %d}' % number) for number in range(5)]
    answers = await world.intake.take([Entry(birth) for birth in births])
    jobs = [answer.job for answer in answers if answer is not None]
    assert [job.id for job in jobs] == [birth.job_id for birth in births]
    assert jobs == [await world.job(birth.job_id) for birth in births]
    assert near(jobs[0].created_at, await world.now())


async def test_nothing_is_a_set(world: World) -> None:
    """No entries, no answers."""
    assert list(await world.intake.take([])) == []


async def test_held_unique_key_leaves_its_job_out(world: World) -> None:
    """The others are stored; of two in one set the first has the key."""
    held = a_unique_birth(Unique("held"))
    await world.enqueue(held)
    first, twin, late, plain = (
        a_unique_birth(Unique("new")),
        a_unique_birth(Unique("new")),
        a_unique_birth(Unique("held")),
        a_birth(),
    )
    answers = await world.intake.take([Entry(birth) for birth in (first, twin, late, plain)])
    assert [answer is not None for answer in answers] == [True, False, False, True]
    assert await world.reads.get(twin.job_id) is None


async def test_answer_is_kept_under_its_key(world: World) -> None:
    """In the same transaction: whoever repeats the request gets it."""
    birth = a_birth()
    (answer,) = await world.intake.take([Entry(birth, keeping("k"))])
    assert answer is not None
    assert await replayed(world, "k") == Replay(told(answer))


async def test_used_key_leaves_its_job_out(world: World) -> None:
    """The same request and another one under the key alike; the earlier answer stays."""
    (first,) = await world.intake.take([Entry(a_birth(), keeping("k"))])
    assert first is not None
    for request_hash in (HASH, OTHER_HASH):
        birth, plain = a_birth(), a_birth()
        answers = await world.intake.take([Entry(birth, keeping("k", request_hash)), Entry(plain)])
        assert [answer is not None for answer in answers] == [False, True]
        assert await world.reads.get(birth.job_id) is None
    assert await replayed(world, "k") == Replay(told(first))


async def test_key_in_use_leaves_its_job_out_without_waiting(world: World) -> None:
    """Another transaction may hold it for long; neighbours do not wait for that."""
    birth, plain = a_birth(), a_birth()
    async with world.units_of_work() as unit:
        await unit.idempotency.reserve(IdempotencyKey("user:1", "k", HASH))
        answers = await world.intake.take([Entry(birth, keeping("k")), Entry(plain, keeping("other"))])
    assert [answer is not None for answer in answers] == [False, True]
    (again,) = await world.another_intake.take([Entry(birth, keeping("k"))])
    assert again is not None


async def test_nothing_is_kept_for_what_was_not_stored(world: World) -> None:
    """A job in whose way another stands leaves its idempotency key free."""
    await world.enqueue(a_unique_birth(Unique("held")))
    (answer,) = await world.intake.take([Entry(a_unique_birth(Unique("held")), keeping("k"))])
    assert answer is None
    assert await replayed(world, "k") == Fresh()


async def test_key_is_free_again_after_its_time(world: World) -> None:
    """A day later the same request is a new one."""
    await world.intake.take([Entry(a_birth(), keeping("k"))])
    await world.let_pass(minutes(24 * 60 + 1))
    (answer,) = await world.intake.take([Entry(a_birth(), keeping("k", OTHER_HASH))])
    assert answer is not None


@pytest.mark.parametrize("key", [None, "k"])
async def test_what_cannot_be_stored_keeps_all_out(world: World, key: str | None) -> None:
    """Who is to blame finds out alone; until then nothing is stored, and no key is used."""
    good, bad = a_birth(), a_birth(payload=OVERGROWN)
    with pytest.raises(InvalidJob):
        await world.intake.take([Entry(good, keeping(key) if key else None), Entry(bad)])
    assert await world.reads.get(good.job_id) is None
    (answer,) = await world.intake.take([Entry(good, keeping(key) if key else None)])
    assert answer is not None


async def test_declarations_say_what_decides_on_jobs(world: World) -> None:
    """Queue, budget, time, backoff and schema, of known tasks only."""
    schema = b'{"type": "object"}'
    declaration = TaskDeclaration("a.b", "email", 7, Fixed(9.0), minutes(1), schema)
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([declaration, TaskDeclaration("bare", "default")])
        await unit.commit()
    found = await world.intake.declared(["a.b", "bare", "un.known"])
    assert found == {"a.b": declaration, "bare": TaskDeclaration("bare", "default")}
    assert await world.intake.declared([]) == {}
