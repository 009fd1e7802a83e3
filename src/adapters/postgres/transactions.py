"""Transactions of handlers: what they write commits with how their attempt ended."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ...application.ports.jobs import SettleAnswer, Settled
from ...application.ports.transactions import TransactionRefused
from ...domain.errors import Unavailable
from ...domain.settlement import Settlement
from .engine import driver_of, is_unavailable
from .errors import UNSTORABLE, translated
from .settling import settle_within

GRACE = timedelta(seconds=30)
"""How much longer than its handler may run a transaction may idle before the server ends it."""

ROLL_BACK_S = 5.0

IDLE = text("select set_config('idle_in_transaction_session_timeout', :milliseconds, true)")


class PostgresOpenTransaction:
    """An `OpenTransaction` on a SQLAlchemy connection."""

    def __init__(self, connection: AsyncConnection, room: asyncio.Semaphore) -> None:
        self._connection = connection
        self._room = room
        self._over = False

    @property
    def connection(self) -> AsyncConnection:
        """What the handler writes with."""
        return self._connection

    async def settle(self, settlement: Settlement) -> Settled:
        """Write how the attempt ended and commit it with all that the handler wrote; or, if refused, roll all back."""
        try:
            return await self._settle(settlement)
        except UNSTORABLE:
            return Settled(settlement.fence, SettleAnswer.UNSTORABLE, None)
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            if is_unavailable(cause):
                raise Unavailable("the database does not answer") from error
            raise TransactionRefused(str(cause).strip()) from error
        finally:
            await self.roll_back()

    async def roll_back(self) -> None:
        """Undo what is not committed, and give the connection back."""
        if self._over:
            return
        self._over = True
        try:
            await asyncio.wait_for(self._connection.rollback(), ROLL_BACK_S)
            await self._connection.close()
        except (TimeoutError, psycopg.Error, SQLAlchemyError, OSError):
            with suppress(psycopg.Error, SQLAlchemyError, OSError):
                await self._connection.invalidate()
                await self._connection.close()
        finally:
            self._room.release()

    async def _settle(self, settlement: Settlement) -> Settled:
        (told,) = await settle_within(await driver_of(self._connection), [settlement])
        if told.answer is SettleAnswer.APPLIED:
            await self._connection.commit()
        return told


class PostgresTransactions:
    """`Transactions` over an engine of their own, so that no handler keeps a claim or a heartbeat waiting."""

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._room = asyncio.Semaphore(size)

    async def begin(self, limit: timedelta) -> PostgresOpenTransaction:
        """Open a transaction, waiting for room."""
        await self._room.acquire()
        try:
            with translated():
                connection = await self._engine.connect()
                idle = int((limit + GRACE).total_seconds() * 1_000)
                await connection.execute(IDLE, {"milliseconds": str(idle)})
        except BaseException:
            self._room.release()
            raise
        return PostgresOpenTransaction(connection, self._room)
