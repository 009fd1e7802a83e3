"""One transaction in PostgreSQL, as a use case sees it."""

from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from ...application.ports.unit_of_work import UnitsOfWork
from .accounts import PostgresAccounts
from .api_keys import PostgresApiKeyRing
from .audit import PostgresAuditLog
from .bulk import PostgresBulkOperations
from .catalogue import PostgresTaskCatalogue
from .errors import translated
from .idempotency import KEPT, PostgresIdempotencyKeys
from .jobs import PostgresJobRepository
from .people import PostgresPeople
from .queues import PostgresQueues
from .rows import utc
from .schedule_fires import PostgresScheduleFires
from .schedules import PostgresSchedules
from .selection import PostgresJobSelection
from .sessions import PostgresLoginAttempts, PostgresSessions


class PostgresUnitOfWork:
    """A `UnitOfWork` over a session; it takes a connection with the first statement."""

    def __init__(self, engine: AsyncEngine, answers_kept: timedelta) -> None:
        self._session = AsyncSession(engine, expire_on_commit=False)
        self.jobs = PostgresJobRepository(self._session)
        self.idempotency = PostgresIdempotencyKeys(self._session, answers_kept)
        self.catalogue = PostgresTaskCatalogue(self._session)
        self.accounts = PostgresAccounts(self._session)
        self.people = PostgresPeople(self._session)
        self.api_keys = PostgresApiKeyRing(self._session)
        self.sessions = PostgresSessions(self._session)
        self.logins = PostgresLoginAttempts(self._session)
        self.audit = PostgresAuditLog(self._session)
        self.queues = PostgresQueues(self._session)
        self.bulk = PostgresBulkOperations(self._session)
        self.selection = PostgresJobSelection(self._session)
        self.schedules = PostgresSchedules(self._session)
        self.fires = PostgresScheduleFires(self._session)

    async def now(self) -> datetime:
        """Return the time at which the transaction began."""
        with translated():
            return utc((await self._session.execute(select(func.now()))).scalar_one())

    async def commit(self) -> None:
        """Make it durable."""
        with translated():
            await self._session.commit()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with translated():
            await self._session.close()


def postgres_units_of_work(engine: AsyncEngine, *, answers_kept: timedelta = KEPT) -> UnitsOfWork:
    """Return what opens units of work; answers to requests are kept for `answers_kept`."""
    return lambda: PostgresUnitOfWork(engine, answers_kept)
