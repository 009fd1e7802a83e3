"""Transactions that a handler writes in, and that end together with its attempt."""

from datetime import timedelta
from typing import Any, ClassVar, Protocol

from ...domain.settlement import Settlement
from .jobs import Settled


class TransactionRefused(Exception):
    """The database does not keep what the handler wrote; the message is its reason. The attempt has failed."""

    code: ClassVar[str] = "transaction-refused"


class OpenTransaction(Protocol):
    """One transaction of one attempt, in the database where its job is."""

    @property
    def connection(self) -> Any:
        """What the handler writes with."""
        ...

    async def settle(self, settlement: Settlement) -> Settled:
        """Write how the attempt ended and commit it with all that the handler wrote; or, if refused, roll all back.

        Raises `TransactionRefused` after rolling back what cannot be committed, and `Unavailable` when the database
        does not answer: then everything was kept or nothing.
        """
        ...

    async def roll_back(self) -> None:
        """Undo all that the handler wrote. Never raises."""
        ...


class Transactions(Protocol):
    """Opens transactions for handlers, a bounded number at a time."""

    async def begin(self, limit: timedelta) -> OpenTransaction:
        """Open a transaction, waiting for room; the database ends it when it stays idle for longer than `limit`.

        Raises `Unavailable`.
        """
        ...
