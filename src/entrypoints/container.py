"""The composition root: the only file that knows which adapter stands behind which port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.codec import MsgspecCodec
from ..adapters.postgres.bulk import PostgresBulkReads
from ..adapters.postgres.cadences import PostgresCadences
from ..adapters.postgres.dead_letters import PostgresDeadLetters
from ..adapters.postgres.due import PostgresDueJobs
from ..adapters.postgres.engine import Lane, create_engine
from ..adapters.postgres.leases import PostgresJobLeases
from ..adapters.postgres.presence import PostgresPresence
from ..adapters.postgres.pruning import PostgresPruning
from ..adapters.postgres.reads import PostgresJobReads
from ..adapters.postgres.schema import HEAD, await_schema, schema_fit
from ..adapters.postgres.situations import PostgresSituations
from ..adapters.postgres.transactions import PostgresTransactions
from ..adapters.postgres.unit_of_work import postgres_units_of_work
from ..adapters.security.keys import ApiKeys, issue
from ..adapters.system import SystemClock, SystemJitter, UuidV7Ids
from ..adapters.telemetry.logs import configure_logs, get_log
from ..application.access import Authenticate
from ..application.api_keys import ManageApiKeys
from ..application.builtin import builtin_tasks
from ..application.bulk import SteerBulk
from ..application.bulk_batches import BULK_EVERY, AdvanceBulk
from ..application.edit import EditJob
from ..application.enqueue import Enqueue, EnqueueRules
from ..application.explain import Explain
from ..application.failure_policies import FailurePolicies, Source
from ..application.firing import FIRE_EVERY, FireSchedules, MakeJobs
from ..application.keys import AdoptKey, CreateKey
from ..application.login import LogIn, Throttle
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
from ..application.people import ChangePassword, ManagePeople
from ..application.ports.cadences import BULK, FIRE, FOLD
from ..application.ports.jobs import JobLeases
from ..application.ports.queue import JobQueue
from ..application.pruning import PRUNE_EVERY, ForgetRecords, PruneJobs
from ..application.queues import ManageQueues
from ..application.readiness import Check, Readiness
from ..application.schedules import ManageSchedules
from ..application.sessions import CarryOn, ForgetSessions, OpenSession, WriteTokens
from ..application.settle import SettleAttempts
from ..domain.errors import Unavailable
from ..domain.logins import WINDOW
from .backends import open_queue, publish_passes
from .openings import LateOutbound, Migrations, open_calendar, open_retention, open_schemas
from .securing import open_access_tokens, open_passwords, open_refresh_tokens
from .settings import BadSetting, Settings

HANDLERS_POOL = 10
"""Connections that handlers may have open at a time for `ctx.transaction()`; none before the first is."""

POOL = 5
"""Connections a process may hold at most for its work, beside those for hints, heartbeats and maintenance."""

HINTS_POOL = 2
"""Connections for hints, each opened on use: one listens, one rings."""


def database_url(settings: Settings) -> str:
    """Return where the database is; raise `BadSetting` if nobody said."""
    if settings.database_url is None:
        raise BadSetting(
            "EQUEUE_DATABASE_URL",
            "is missing",
            "Set it to postgresql://user:password@host:5432/database, or use `equeue dev`, which brings a database.",
        )
    return settings.database_url


def direct_url(settings: Settings) -> str:
    """Return where the database is past any pooler."""
    return settings.direct_database_url or database_url(settings)


def open_engine(settings: Settings, pool_size: int = POOL) -> AsyncEngine:
    """Return an engine as the settings want it."""
    return create_engine(database_url(settings), pooler=settings.pooler == "transaction", pool_size=pool_size)


def open_hints_engine(settings: Settings) -> AsyncEngine:
    """Return an engine that leads past any pooler, for LISTEN is bound to its session."""
    return create_engine(direct_url(settings), pool_size=HINTS_POOL)


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


async def is_newest(engine: AsyncEngine) -> bool:
    """Tell whether the schema is at this build's newest revision, or beyond, so that there is nothing to migrate."""
    fit = await schema_fit(engine)
    return fit.fits and fit.revision is not None and fit.revision >= HEAD


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


class Container(containers.DeclarativeContainer):
    """Everything of one process, made when first asked for."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UuidV7Ids)
    jitter = providers.Singleton(SystemJitter)
    codec = providers.Singleton(MsgspecCodec)
    schemas = providers.Singleton(open_schemas)
    calendar = providers.Singleton(open_calendar)
    log = providers.Factory(get_log)
    configure_logs = providers.Callable(configure_logs, settings.provided.log_level, settings.provided.log_format)

    engine = providers.Singleton(open_engine, settings)
    hints_engine = providers.Singleton(open_hints_engine, settings)
    queue = providers.Singleton(open_queue, settings, hints_engine, log)
    units_of_work = providers.Singleton(postgres_units_of_work, engine)
    reads = providers.Singleton(PostgresJobReads, engine)
    claim_lane = providers.Singleton(Lane, engine)
    settle_lane = providers.Singleton(Lane, engine)
    maintenance_engine = providers.Singleton(open_engine, settings, 1)
    maintenance_lane = providers.Singleton(Lane, maintenance_engine)
    claims = providers.Singleton(PostgresJobLeases, claim_lane)
    leases = providers.Singleton(PostgresJobLeases, settle_lane)
    maintenance_leases = providers.Singleton(PostgresJobLeases, maintenance_lane)
    cadences = providers.Singleton(PostgresCadences, maintenance_lane)
    presence = providers.Singleton(PostgresPresence, maintenance_lane)
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
    queues = providers.Factory(ManageQueues, units_of_work, policies, queue)
    explain = providers.Factory(Explain, providers.Factory(PostgresSituations, engine))
    dead_letters = providers.Singleton(PostgresDeadLetters, engine)
    enqueue = providers.Factory(Enqueue, units_of_work, queue, clock, ids, rules, policies, schemas)
    manage = providers.Factory(ManageJobs, units_of_work, queue)
    edit = providers.Factory(EditJob, manage, clock, rules, schemas)
    steer_bulk = providers.Factory(SteerBulk, units_of_work, ids)
    bulk_reads = providers.Singleton(PostgresBulkReads, engine)
    make_jobs = providers.Factory(MakeJobs, settings.provided.task_timeout, policies)
    schedules = providers.Factory(ManageSchedules, units_of_work, queue, calendar, ids, make_jobs)
    keys = providers.Singleton(ApiKeys)
    passwords = providers.Singleton(open_passwords)
    access_tokens = providers.Singleton(open_access_tokens, settings, clock)
    refresh_tokens = providers.Singleton(open_refresh_tokens, settings)
    write_tokens = providers.Factory(WriteTokens, access_tokens, refresh_tokens, clock, ids)
    open_session = providers.Factory(OpenSession, units_of_work, ids, write_tokens, settings.provided.session)
    carry_on = providers.Factory(CarryOn, units_of_work, refresh_tokens, write_tokens)
    throttle = providers.Factory(Throttle, units_of_work)
    log_in = providers.Factory(LogIn, units_of_work, passwords, throttle, open_session)
    people = providers.Factory(ManagePeople, units_of_work, ids, passwords)
    change_password = providers.Factory(ChangePassword, units_of_work, passwords)
    api_keys = providers.Factory(ManageApiKeys, units_of_work, ids, providers.Object(issue))
    authenticate = providers.Factory(Authenticate, units_of_work, keys, clock, access_tokens)
    create_key = providers.Factory(CreateKey, units_of_work, ids, providers.Object(issue))
    adopt_key = providers.Factory(AdoptKey, units_of_work, ids, keys)
    settle = providers.Factory(SettleAttempts, leases, jitter, policies)
    recover = providers.Factory(RecoverLapses, maintenance_leases, jitter, policies, queue)
    expire = providers.Factory(ExpireJobs, maintenance_leases)
    forget = providers.Factory(ForgetAnswers, units_of_work)
    forget_sessions = providers.Factory(ForgetSessions, units_of_work, WINDOW)
    fold = providers.Factory(FoldDeadLetters, dead_letters)
    fire = providers.Factory(FireSchedules, units_of_work, queue, calendar, ids, jitter, make_jobs)
    pruning = providers.Singleton(PostgresPruning, engine)
    prune = providers.Singleton(PruneJobs, pruning, policies, providers.Callable(open_retention, settings))
    forget_records = providers.Factory(
        ForgetRecords, pruning, units_of_work, settings.provided.keep_audit, settings.provided.keep_records
    )
    advance_bulk = providers.Singleton(AdvanceBulk, units_of_work, queue, clock)
    passes = providers.List(
        providers.Factory(Pass, BULK, BULK_EVERY, advance_bulk),
        providers.Factory(Pass, FIRE, FIRE_EVERY, fire),
        providers.Factory(Pass, FOLD, FOLD_EVERY, fold.provided.run),
        providers.Factory(Pass, "expire", EXPIRE_EVERY, expire.provided.run),
        providers.Factory(Pass, "forget", FORGET_EVERY, forget.provided.run),
        providers.Factory(Pass, "prune", PRUNE_EVERY, prune),
        providers.Factory(Pass, "forget-records", FORGET_EVERY, forget_records),
        providers.Factory(Pass, "forget-sessions", FORGET_EVERY, forget_sessions.provided.run),
    )

    outbound = providers.Singleton(LateOutbound, settings)
    builtin_tasks = providers.Factory(builtin_tasks, outbound, clock)

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
