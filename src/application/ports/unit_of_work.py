"""One transaction, as a use case sees it."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from .accounts import Accounts
from .api_keys import ApiKeyRing
from .audit import AuditLog
from .bulk import BulkOperations, JobSelection
from .catalogue import TaskCatalogue
from .idempotency import IdempotencyKeys
from .jobs import JobRepository
from .people import People
from .queues import Queues
from .schedules import ScheduleFires, Schedules
from .sessions import LoginAttempts, Sessions


class UnitOfWork(Protocol):
    """All that is done through it is kept by `commit`, or by nothing: leaving without one rolls back."""

    @property
    def jobs(self) -> JobRepository:
        """The jobs."""
        ...

    @property
    def idempotency(self) -> IdempotencyKeys:
        """The answers given before."""
        ...

    @property
    def catalogue(self) -> TaskCatalogue:
        """The tasks that workers declared."""
        ...

    @property
    def accounts(self) -> Accounts:
        """The people and their keys."""
        ...

    @property
    def people(self) -> People:
        """The people, with their passwords."""
        ...

    @property
    def api_keys(self) -> ApiKeyRing:
        """The keys of machines, to be managed."""
        ...

    @property
    def sessions(self) -> Sessions:
        """The sessions of people."""
        ...

    @property
    def logins(self) -> LoginAttempts:
        """How often passwords were tried."""
        ...

    @property
    def audit(self) -> AuditLog:
        """What is remembered of who did what."""
        ...

    @property
    def bulk(self) -> BulkOperations:
        """The bulk operations."""
        ...

    @property
    def selection(self) -> JobSelection:
        """The jobs that a bulk operation means."""
        ...

    @property
    def queues(self) -> Queues:
        """What is set for queues."""
        ...

    @property
    def schedules(self) -> Schedules:
        """The schedules."""
        ...

    @property
    def fires(self) -> ScheduleFires:
        """The fire times that are due, and those that made a job."""
        ...

    async def now(self) -> datetime:
        """Return the transaction's time by the database's clock, aware and in UTC."""
        ...

    async def commit(self) -> None:
        """Make it durable. Raises `Unavailable` if that is not certain."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


UnitsOfWork: TypeAlias = Callable[[], UnitOfWork]
"""Opens a new unit of work."""
