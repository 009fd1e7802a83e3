"""Hints between processes by LISTEN and NOTIFY; which jobs are meant, the claim itself finds out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.queue import QueueHealth, Received
from ...application.ports.telemetry import Log
from ...domain.events import CancelRequested, JobQueued
from .channels import cancel_messages, ready_messages
from .listening import Listener
from .mailbox import Mailbox
from .notifying import Notifier


class _Silence:
    """A log for those who gave none."""

    def bind(self, **_: object) -> Self:
        return self

    def debug(self, event: str, **_: object) -> None:
        del event

    info = warning = error = debug


class PostgresJobQueue:
    """A `JobQueue` on two connections of its own, each opened when first needed.

    `engine` must lead to the database itself, not to a pooler: LISTEN is bound to its session.
    """

    def __init__(self, engine: AsyncEngine, log: Log | None = None) -> None:
        log = log or _Silence()
        self._mailbox = Mailbox()
        self._listener = Listener(engine, self._mailbox, log)
        self._notifier = Notifier(engine, log)

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs."""
        self._notifier.say(ready_messages({event.queue for event in ready}))

    async def receive(self, queues: Sequence[str], timeout: timedelta, limit: int = 1_000) -> Received:  # noqa: ARG002
        """Wait until something comes in for one of `queues`."""
        self._listener.start()
        return await self._mailbox.take(queues, timeout)

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Tell the workers that hold these jobs to stop them, and those of the queues `look` to look."""
        self._notifier.say(ready_messages(set(look)))
        self._notifier.say(cancel_messages(cancels))

    async def depth(self, queue: str) -> int | None:  # noqa: ARG002 - nothing is kept, for no queue
        """Return `None`: hints are not kept."""
        return None

    async def health(self) -> QueueHealth:
        """Say whether hints flow."""
        troubles = [trouble for trouble in (self._listener.trouble, self._notifier.trouble) if trouble]
        return QueueHealth(ok=not troubles, detail="; ".join(troubles))

    async def close(self) -> None:
        """Give back the connections; what is still to be said is said first."""
        self._mailbox.close()
        await self._listener.close()
        await self._notifier.close()
