"""Listening for hints on a connection of its own, which is opened again for as long as it takes."""

import asyncio
import random

import attrs
import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.telemetry import Log
from .channels import LISTEN, Connection, deliver, open_connection
from .mailbox import Mailbox

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 3.0
"""However long the database was away: hints, and with them fast pickup, are back in some seconds."""


@attrs.define(eq=False)
class Listener:
    """One task that fills the mailbox. What was said while it was deaf is made up for by waking everybody."""

    _engine: AsyncEngine
    _mailbox: Mailbox
    _log: Log
    trouble: str = attrs.field(default="", init=False)
    _heard_before: bool = attrs.field(default=False, init=False)
    _task: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)

    def start(self) -> None:
        """Listen from now on."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen_for_ever(), name="equeue-listen")

    async def close(self) -> None:
        """Stop listening and give the connection back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _listen_for_ever(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                async with await open_connection(self._engine) as connection:
                    await connection.execute(LISTEN)
                    self._recover()
                    pause = FIRST_PAUSE_S
                    await self._listen(connection)
            except (psycopg.Error, OSError) as error:
                self._fail(error)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _listen(self, connection: Connection) -> None:
        async for notify in connection.notifies():
            deliver(notify, self._mailbox)

    def _recover(self) -> None:
        if self._heard_before:
            self._mailbox.wake_all()
        if self.trouble:
            self._log.info("queue.listening")
        self._heard_before, self.trouble = True, ""

    def _fail(self, error: Exception) -> None:
        if not self.trouble:
            self._log.warning("queue.deaf", kind=type(error).__name__)
        self._heard_before, self.trouble = True, f"cannot listen for hints: {type(error).__name__}"
