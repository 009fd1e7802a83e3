"""Sending hints after the fact, on a connection of its own, grouped, and never to anybody's harm."""

import asyncio
from collections.abc import Iterable

import attrs
import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.telemetry import Log
from .channels import NOTIFY, Connection, Message, open_connection

PAUSE_S = 0.005
"""What is said within this after a message waits and is said together: NOTIFY serialises commits."""
PATIENCE_S = 5.0


@attrs.define(eq=False)
class Notifier:
    """Says each message at most once in a while; the first at once."""

    _engine: AsyncEngine
    _log: Log
    trouble: str = attrs.field(default="", init=False)
    _unsaid: dict[Message, None] = attrs.field(factory=dict, init=False)
    _connection: Connection | None = attrs.field(default=None, init=False)
    _task: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def say(self, messages: Iterable[Message]) -> None:
        """Send messages soon; what cannot be sent is dropped."""
        if self._closed:
            return
        self._unsaid.update(dict.fromkeys(messages))
        if self._unsaid and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._say_all(), name="equeue-notify")

    async def close(self) -> None:
        """Send what is left, and give the connection back."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait({self._task})
        await self._hang_up()

    async def _say_all(self) -> None:
        while self._unsaid:
            messages, self._unsaid = list(self._unsaid), {}
            await self._try(messages)
            await asyncio.sleep(PAUSE_S)

    async def _try(self, messages: list[Message]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._send(messages)
        except (psycopg.Error, OSError) as error:
            if not self.trouble:
                self._log.warning("queue.mute", kind=type(error).__name__)
            self.trouble = f"cannot send hints: {type(error).__name__}"
            await self._hang_up()
        else:
            if self.trouble:
                self._log.info("queue.speaking")
            self.trouble = ""

    async def _send(self, messages: list[Message]) -> None:
        if self._connection is None:
            self._connection = await open_connection(self._engine)
            # A NOTIFY is a commit; it need not wait for the disk, for a hint that a crash loses harms nobody.
            await self._connection.execute("set synchronous_commit = off")
        words = {"channels": [channel for channel, _ in messages], "words": [said for _, said in messages]}
        await self._connection.execute(NOTIFY, words)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
