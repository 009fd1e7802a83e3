"""What the database tells of itself: how large the tables are, and what keeps vacuum from cleaning them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import attrs


@attrs.frozen
class IndexFacts:
    """One index, and its size in bytes."""

    name: str
    bytes: int


@attrs.frozen
class TableFacts:
    """One table of eQueue. Sizes are in bytes; rows are the database's own estimates, for counting takes a scan."""

    name: str
    live_rows: int
    dead_rows: int
    bytes: int
    indexes: tuple[IndexFacts, ...] = ()
    vacuumed_at: datetime | None = None
    analyzed_at: datetime | None = None


class HolderKind(StrEnum):
    """What can hold a snapshot that vacuum has to respect."""

    SESSION = "session"
    PREPARED = "prepared-transaction"
    SLOT = "replication-slot"
    STANDBY = "standby"


@attrs.frozen
class VacuumHolder:
    """Something that keeps dead rows from being removed.

    `transactions` is how many have begun since its snapshot; `age` how long it has lasted, where the database knows.
    `remedy` says what to do about it.
    """

    kind: HolderKind
    name: str
    transactions: int
    age: timedelta | None = None

    @property
    def remedy(self) -> str:
        """Say what ends it."""
        return _REMEDIES[self.kind]


_REMEDIES = {
    HolderKind.SESSION: "end its transaction, or the session: select pg_terminate_backend(<pid>)",
    HolderKind.PREPARED: "finish it: commit prepared '<name>' or rollback prepared '<name>'",
    HolderKind.SLOT: "let its consumer catch up, or drop it: select pg_drop_replication_slot('<name>')",
    HolderKind.STANDBY: "end long queries on the standby, or turn off its hot_standby_feedback",
}


@attrs.frozen
class DatabaseFacts:
    """The database as it is now. `holders` are those of the oldest snapshots, oldest first, at most ten."""

    version: str
    revision: str
    bytes: int
    tables: tuple[TableFacts, ...]
    holders: tuple[VacuumHolder, ...] = ()


class SystemReads(Protocol):
    """Looks at the database itself."""

    async def look(self) -> DatabaseFacts:
        """Return what the database tells; raises `Unavailable` when it does not answer.

        Sessions of other roles are told only to roles that may see them (`pg_read_all_stats`).
        """
        ...
