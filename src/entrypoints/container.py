"""The composition root: the only file that knows which adapter stands behind which port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
from dependency_injector import providers
from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.postgres.bulk import PostgresBulkReads
from ..adapters.postgres.cadences import PostgresCadences
from ..adapters.postgres.dead_letters import PostgresDeadLetters
from ..adapters.postgres.due import PostgresDueJobs
from ..adapters.postgres.engine import Lane
from ..adapters.postgres.leases import PostgresJobLeases
from ..adapters.postgres.reads import PostgresJobReads
from ..adapters.postgres.schema import HEAD, await_schema, schema_fit
from ..adapters.postgres.system import PostgresSystemReads
from ..adapters.postgres.transactions import PostgresTransactions
from ..adapters.telemetry.logs import get_log
from ..application.builtin import builtin_tasks
from ..application.bulk import SteerBulk
from ..application.bulk_batches import BULK_EVERY, AdvanceBulk
from ..application.edit import EditJob
from ..application.enqueue import Enqueue, EnqueueRules
from ..application.failure_policies import FailurePolicies, Source
from ..application.filters import SuggestFilters
from ..application.maintenance import (
    EXPIRE_EVERY,
    FOLD_EVERY,
    FORGET_EVERY,
    ExpireJobs,
    FoldDeadLetters,
    ForgetAnswers,
    Pass,
    RecoverLapses,
)
from ..application.manage import ManageJobs
from ..application.ports.cadences import BULK, FOLD
from ..application.ports.jobs import JobLeases
from ..application.ports.outbound import Outbound, OutboundRequest, OutboundResponse
from ..application.ports.payload_schemas import PayloadSchemas
from ..application.ports.queue import JobQueue
from ..application.queues import ManageQueues
from ..application.readiness import Check, Readiness
from ..application.settle import SettleAttempts
from ..application.system import LookAtSystem
from ..domain.errors import Unavailable
from .backends import open_queue, publish_passes
from .foundation import Foundation, direct_url, open_engine, open_hints_engine
from .identities import Identities
from .settings import BadSetting, Settings

if TYPE_CHECKING:
    from ..adapters.postgres.migrate import MigrationStatus

HANDLERS_POOL = 10
"""Connections that handlers may have open at a time for `ctx.transaction()`; none before the first is."""


@asynccontextmanager
async def own_leases(settings: Settings) -> AsyncIterator[JobLeases]:
    """Give leases over a connection of their own, on the loop that asks."""
    engine = open_engine(settings, pool_size=1)
    lane = Lane(engine)
    try:
        yield PostgresJobLeases(lane)
    finally:
        await lane.close()
        await engine.dispose()


def open_schemas() -> PayloadSchemas:
    """Return what judges payloads; workers enqueue nothing from outside, so only the API pays for its import."""
    from ..adapters.json_schema import CompiledSchemas  # noqa: PLC0415

    return CompiledSchemas()


class LateOutbound:
    """The way out for `http.request`, opened at the first request: most workers never send one (3 MB)."""

    def __init__(self, settings: Settings) -> None:
        self._allow = settings.http_allow
        self._opened = self._open() if self._allow else None  # what cannot be used is refused at the start

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Exchange one request for its answer, as `Outbound` promises."""
        self._opened = self._opened or self._open()
        return await self._opened.send(request)

    def _open(self) -> Outbound:
        """Raise `BadSetting` for an endpoint that is none: what a host may look like, the guard alone knows."""
        from ..adapters.http.client import GuardedHttp  # noqa: PLC0415

        try:
            return GuardedHttp(self._allow)
        except ValueError as problem:
            raise BadSetting("EQUEUE_HTTP_ALLOW", f"cannot be used: {problem}", "Write host:port pairs.") from None


async def is_newest(engine: AsyncEngine) -> bool:
    """Tell whether the schema is at this build's newest revision, or beyond, so that there is nothing to migrate."""
    fit = await schema_fit(engine)
    return fit.fits and fit.revision is not None and fit.revision >= HEAD


@attrs.frozen
class Migrations:
    """The migrations of one database. Alembic takes long to import, and servers never migrate, so it is imported late.

    `url` leads past any pooler.
    """

    url: str = attrs.field(repr=False)

    def up(self, patience: timedelta) -> tuple[str, ...]:
        """Apply what the database lacks and return which revisions that were."""
        from ..adapters.postgres.migrate import migrate_up  # noqa: PLC0415

        return migrate_up(self.url, patience=patience)

    def status(self) -> "MigrationStatus":
        """Say where the database stands."""
        from ..adapters.postgres.migrate import migration_status  # noqa: PLC0415

        return migration_status(self.url)

    @staticmethod
    def sql() -> str:
        """Return all migrations as one script."""
        from ..adapters.postgres.migrate import migration_sql  # noqa: PLC0415

        return migration_sql()


async def readiness(engine: AsyncEngine, queue: JobQueue) -> Readiness:
    """Look whether the database answers, its schema fits, and hints flow.

    Anybody may ask. So it tells that the database is away, and the log why: the driver's reason names address and user.
    """
    hints = await queue.health()
    try:
        fit = await schema_fit(engine)
    except Unavailable as away:
        get_log().debug("database.away", reason=str(away))
        silent = Check(ok=False, detail="the database does not answer")
        return Readiness(silent, silent, Check(hints.ok, hints.detail))
    schema = Check(fit.fits, "" if fit.fits else f"{fit.detail}; {fit.remedy}")
    return Readiness(Check(ok=True), schema, Check(hints.ok, hints.detail))


class Container(Identities):
    """Everything of one process, made when first asked for."""

    settings, log = Foundation.settings, Foundation.log
    clock, ids, jitter = Foundation.clock, Foundation.ids, Foundation.jitter
    engine, units_of_work = Foundation.engine, Foundation.units_of_work
    forget_sessions = Identities.forget_sessions

    schemas = providers.Singleton(open_schemas)

    hints_engine = providers.Singleton(open_hints_engine, settings)
    queue = providers.Singleton(open_queue, settings, hints_engine, log)
    reads = providers.Singleton(PostgresJobReads, engine)
    claim_lane = providers.Singleton(Lane, engine)
    settle_lane = providers.Singleton(Lane, engine)
    maintenance_engine = providers.Singleton(open_engine, settings, 1)
    maintenance_lane = providers.Singleton(Lane, maintenance_engine)
    claims = providers.Singleton(PostgresJobLeases, claim_lane)
    leases = providers.Singleton(PostgresJobLeases, settle_lane)
    maintenance_leases = providers.Singleton(PostgresJobLeases, maintenance_lane)
    cadences = providers.Singleton(PostgresCadences, maintenance_lane)
    due = providers.Singleton(PostgresDueJobs, maintenance_lane)
    publish_passes = providers.Callable(publish_passes, settings, due, queue)
    open_heartbeat = providers.Callable(own_leases, settings)

    handlers_engine = providers.Singleton(open_engine, settings, HANDLERS_POOL)
    transactions = providers.Singleton(PostgresTransactions, handlers_engine, HANDLERS_POOL)

    rules = providers.Factory(
        EnqueueRules,
        payload_bytes=settings.provided.payload_bytes,
        timeout=settings.provided.task_timeout,
        strict_tasks=settings.provided.strict_tasks,
    )
    policies = providers.Singleton(
        FailurePolicies,
        providers.Factory(Source, units_of_work, clock, ids, queue),
        timeout=settings.provided.task_timeout,
    )
    queues = providers.Factory(ManageQueues, units_of_work, policies)
    dead_letters = providers.Singleton(PostgresDeadLetters, engine)
    enqueue = providers.Factory(Enqueue, units_of_work, queue, clock, ids, rules, policies, schemas)
    manage = providers.Factory(ManageJobs, units_of_work, queue)
    edit = providers.Factory(EditJob, manage, clock, rules, schemas)
    steer_bulk = providers.Factory(SteerBulk, units_of_work, ids)
    bulk_reads = providers.Singleton(PostgresBulkReads, engine)
    suggest_filters = providers.Factory(SuggestFilters, units_of_work)
    settle = providers.Factory(SettleAttempts, leases, jitter, policies)
    recover = providers.Factory(RecoverLapses, maintenance_leases, jitter, policies, queue)
    expire = providers.Factory(ExpireJobs, maintenance_leases)
    forget = providers.Factory(ForgetAnswers, units_of_work)
    fold = providers.Factory(FoldDeadLetters, dead_letters)
    advance_bulk = providers.Singleton(AdvanceBulk, units_of_work, queue, clock)
    passes = providers.List(
        providers.Factory(Pass, BULK, BULK_EVERY, advance_bulk),
        providers.Factory(Pass, FOLD, FOLD_EVERY, fold.provided.run),
        providers.Factory(Pass, "expire", EXPIRE_EVERY, expire.provided.run),
        providers.Factory(Pass, "forget", FORGET_EVERY, forget.provided.run),
        providers.Factory(Pass, "forget-sessions", FORGET_EVERY, forget_sessions.provided.run),
    )

    outbound = providers.Singleton(LateOutbound, settings)
    builtin_tasks = providers.Factory(builtin_tasks, outbound, clock)

    system = providers.Factory(
        LookAtSystem, providers.Singleton(PostgresSystemReads, engine), queue, settings.provided.queue_backend
    )
    ready = providers.Callable(readiness, engine, queue)
    schema_fit = providers.Callable(schema_fit, engine)
    is_newest = providers.Callable(is_newest, engine)
    await_schema = providers.Callable(await_schema, engine)
    migrations = providers.Factory(Migrations, providers.Callable(direct_url, settings))


def build(settings: Settings) -> Container:
    """Return a container over `settings`; nothing is opened yet."""
    container = Container()
    container.settings.override(settings)
    return container


async def close(container: Container) -> None:
    """Give back every connection that was opened."""
    await container.queue().close()
    for lane in (container.claim_lane(), container.settle_lane(), container.maintenance_lane()):
        await lane.close()
    await container.maintenance_engine().dispose()
    await container.hints_engine().dispose()
    await container.engine().dispose()
    await container.handlers_engine().dispose()
