"""The kept connection of the hot path."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.domain.errors import Unavailable


@pytest.fixture
async def lane(database_url: str) -> AsyncIterator[Lane]:
    """Give a lane over a fresh database."""
    engine = create_engine(database_url)
    lane = Lane(engine)
    yield lane
    await lane.close()
    await engine.dispose()


async def _pid(lane: Lane) -> int:
    async with lane.connection() as connection:
        row = await (await connection.execute("select pg_backend_pid()")).fetchone()
    assert row is not None
    return int(row[0])


async def test_turns_share_one_connection(lane: Lane) -> None:
    """However many ask at once, one connection serves them, in autocommit."""
    assert len(set(await asyncio.gather(*(_pid(lane) for _ in range(5))))) == 1
    async with lane.connection() as connection:
        assert connection.autocommit


async def test_broken_connection_is_replaced(lane: Lane) -> None:
    """Whoever is under way when the connection breaks hears `Unavailable`; the next turn has a new connection."""
    broken = await _pid(lane)
    with pytest.raises(Unavailable):
        async with lane.connection() as connection:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
    assert await _pid(lane) != broken


async def test_open_transaction_is_never_inherited(lane: Lane) -> None:
    """A turn that ends in the middle of a transaction leaves nothing of it to the next."""
    abandoned = await _pid(lane)
    async with lane.connection() as connection:
        await connection.execute("begin")
    assert await _pid(lane) != abandoned


async def test_cancelled_turn_leaves_a_usable_lane(lane: Lane) -> None:
    """A turn that is cancelled within a statement does not spoil the next."""
    asked = asyncio.Event()

    async def sleep() -> None:
        async with lane.connection() as connection:
            asked.set()
            await connection.execute("select pg_sleep(60)")

    turn = asyncio.create_task(sleep())
    await asked.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert await _pid(lane) > 0


async def test_unreachable_database_is_unavailable() -> None:
    """Where nothing listens, the answer is `Unavailable`, and the address's password is nowhere in it."""
    engine = create_engine("postgres://user:hunter2@127.0.0.1:1/nowhere")
    lane = Lane(engine)
    with pytest.raises(Unavailable) as refusal:
        await _pid(lane)
    assert "hunter2" not in f"{refusal.value!r} {refusal.value.__cause__!r} {engine!r}"
    await lane.close()
    await engine.dispose()
