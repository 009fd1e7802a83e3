"""A repeated request gets the first answer again; a key is one request's."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from tests.builders import a_spec, minutes
from tests.contract.world import World

from equeue.adapters.system import SystemClock, UuidV7Ids
from equeue.application.enqueue import Draft, Enqueue, Replayed
from equeue.application.ports.idempotency import Fresh, IdempotencyKey, Replay
from equeue.application.ports.jobs import Created, Enqueued
from equeue.application.ports.reads import JobFilter
from equeue.domain.errors import IdempotencyInFlight, IdempotencyKeyReused, InvalidJob

HASH, OTHER_HASH = b"1" * 32, b"2" * 32
KEY = IdempotencyKey("user:1", "schlüssel 🔑", HASH)
ANSWER = b'{"exactly" :  "these bytes", "n":1e400}'


async def answer(world: World, key: IdempotencyKey, told: bytes = ANSWER) -> None:
    """Use a key for a request that is answered."""
    async with world.units_of_work() as unit:
        assert await unit.idempotency.reserve(key) == Fresh()
        await unit.idempotency.remember(key, told)
        await unit.commit()


async def test_a_repeated_request_gets_the_same_answer(world: World) -> None:
    """Byte for byte, as often as it is asked."""
    await answer(world, KEY)
    for _ in range(2):
        async with world.units_of_work() as unit:
            assert await unit.idempotency.reserve(KEY) == Replay(ANSWER)


async def test_a_key_is_not_for_two_requests(world: World) -> None:
    """Another request under a used key is refused."""
    await answer(world, KEY)
    async with world.units_of_work() as unit:
        with pytest.raises(IdempotencyKeyReused):
            await unit.idempotency.reserve(IdempotencyKey(KEY.principal, KEY.key, OTHER_HASH))


async def test_a_key_belongs_to_its_principal(world: World) -> None:
    """Others may use the same words, and no mixture of name and key is taken for another."""
    await answer(world, IdempotencyKey("user:1", "2:k", HASH))
    for principal, key in [("user:2", "2:k"), ("user:1:2", "k"), ("user:1", "k"), ("user:12", ":k")]:
        async with world.units_of_work() as unit:
            assert await unit.idempotency.reserve(IdempotencyKey(principal, key, OTHER_HASH)) == Fresh()


async def test_a_key_in_use_is_refused_without_waiting(world: World) -> None:
    """While the first request is under way a second is told so, whatever it asks; other keys are free."""
    async with world.units_of_work() as first:
        assert await first.idempotency.reserve(KEY) == Fresh()
        for request_hash in (HASH, OTHER_HASH):
            async with world.units_of_work() as second:
                with pytest.raises(IdempotencyInFlight):
                    await second.idempotency.reserve(IdempotencyKey(KEY.principal, KEY.key, request_hash))
        async with world.units_of_work() as other:
            assert await other.idempotency.reserve(IdempotencyKey("user:1", "another", HASH)) == Fresh()


async def test_a_rolled_back_request_leaves_its_key_free(world: World) -> None:
    """Failures are not stored: the client may try again, even with another request."""
    async with world.units_of_work() as unit:
        await unit.idempotency.reserve(KEY)
        await unit.idempotency.remember(KEY, ANSWER)
    await answer(world, IdempotencyKey(KEY.principal, KEY.key, OTHER_HASH))


async def test_answers_are_forgotten_after_their_time(world: World) -> None:
    """A day later they are dropped, no more at a time than allowed, and the key is free."""
    for n in range(3):
        await answer(world, IdempotencyKey("user:1", f"old {n}", HASH))
    assert await forget(world, 10) == 0
    await world.let_pass(minutes(25 * 60))
    await answer(world, KEY)
    assert [await forget(world, 2), await forget(world, 2), await forget(world, 2)] == [2, 1, 0]
    async with world.units_of_work() as unit:
        assert await unit.idempotency.reserve(KEY) == Replay(ANSWER)
        assert await unit.idempotency.reserve(IdempotencyKey("user:1", "old 0", OTHER_HASH)) == Fresh()


async def test_an_answer_past_its_time_is_not_given_any_more(world: World) -> None:
    """Forgotten or not, its key is free, and a new answer lasts its own time."""
    await answer(world, KEY)
    await world.let_pass(minutes(23 * 60))
    async with world.units_of_work() as unit:
        assert await unit.idempotency.reserve(KEY) == Replay(ANSWER)
    await world.let_pass(minutes(2 * 60))
    other = IdempotencyKey(KEY.principal, KEY.key, OTHER_HASH)
    await answer(world, other, b"{}")
    assert await forget(world, 10) == 0
    async with world.units_of_work() as unit:
        assert await unit.idempotency.reserve(other) == Replay(b"{}")


async def forget(world: World, limit: int) -> int:
    """Drop what is past its time."""
    async with world.units_of_work() as unit:
        forgotten = await unit.idempotency.forget(limit)
        await unit.commit()
    return forgotten


def render(enqueued: Sequence[Enqueued]) -> bytes:
    """Write down which jobs were created."""
    return json.dumps([str(each.job.id) for each in enqueued if isinstance(each, Created)]).encode()


async def test_one_enqueue_for_many_requests(world: World) -> None:
    """However often and however concurrently a request is sent, its jobs are stored once and told to all."""
    enqueue = Enqueue(world.units_of_work, world.queue, SystemClock(), UuidV7Ids())
    drafts = [Draft(a_spec()), Draft(a_spec())]
    told: list[bytes] = []

    async def send() -> None:
        while True:
            try:
                answered = await enqueue.once(drafts, None, KEY, render)
            except IdempotencyInFlight:
                await asyncio.sleep(0)
                continue
            told.append(answered.answer if isinstance(answered, Replayed) else render(answered))
            return

    await asyncio.gather(*(send() for _ in range(6)))
    page = await world.reads.page(JobFilter(), limit=10)
    assert set(told) == {json.dumps([str(job.id) for job in sorted(page.items, key=lambda job: job.id)]).encode()}
    assert len(page.items) == 2


async def test_a_refused_enqueue_leaves_its_key_free(world: World) -> None:
    """An invalid request stores nothing and may be mended under the same key."""
    enqueue = Enqueue(world.units_of_work, world.queue, SystemClock(), UuidV7Ids())
    with pytest.raises(InvalidJob):
        await enqueue.once([Draft(a_spec(priority=99))], None, KEY, render)
    again = IdempotencyKey(KEY.principal, KEY.key, OTHER_HASH)
    assert not isinstance(await enqueue.once([Draft(a_spec())], None, again, render), Replayed)
