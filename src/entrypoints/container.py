"""The composition root: the only file that knows which adapter stands behind which port."""

from dependency_injector import providers
from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.postgres.bulk import PostgresBulkReads
from ..adapters.postgres.cadences import PostgresCadences
from ..adapters.postgres.dead_letters import PostgresDeadLetters
from ..adapters.postgres.demand import PostgresDemands
from ..adapters.postgres.due import PostgresDueJobs
from ..adapters.postgres.engine import Lane
from ..adapters.postgres.intake import PostgresIntake
from ..adapters.postgres.leases import PostgresJobLeases
from ..adapters.postgres.live_figures import PostgresLiveFigures
from ..adapters.postgres.presence import PostgresPresence
from ..adapters.postgres.pruning import PostgresPruning
from ..adapters.postgres.reads import PostgresJobReads
from ..adapters.postgres.schema import HEAD, await_schema, schema_fit
from ..adapters.postgres.situations import PostgresSituations
from ..adapters.postgres.statistics import PostgresStatistics
from ..adapters.postgres.system import PostgresSystemReads
from ..adapters.postgres.transactions import PostgresTransactions
from ..adapters.postgres.watching import PostgresJobWatch, PostgresTopicWatch
from ..adapters.telemetry.logs import get_log
from ..adapters.telemetry.metrics import Metrics
from ..application.builtin import builtin_tasks
from ..application.bulk import SteerBulk
from ..application.bulk_batches import BULK_EVERY, AdvanceBulk
from ..application.edit import EditJob
from ..application.enqueue import Enqueue, EnqueueRules
from ..application.explain import Explain
from ..application.failure_policies import FailurePolicies, Source
from ..application.filters import SuggestFilters
from ..application.firing import FIRE_EVERY, FireSchedules, MakeJobs
from ..application.intake import EnqueueTogether
from ..application.maintenance import (
    EXPIRE_EVERY,
    FOLD_EVERY,
    FOLD_STATISTICS_EVERY,
    FORGET_EVERY,
    TIDY_STATISTICS_EVERY,
    ExpireJobs,
    FoldDeadLetters,
    FoldStatistics,
    ForgetAnswers,
    Pass,
    RecoverLapses,
    TidyStatistics,
)
from ..application.manage import ManageJobs
from ..application.measuring import Measure
from ..application.observing import ShowMetrics
from ..application.ports.cadences import BULK, FIRE, FOLD, FOLD_STATISTICS
from ..application.ports.queue import JobQueue
from ..application.pruning import PRUNE_EVERY, ForgetRecords, PruneJobs
from ..application.queues import ManageQueues
from ..application.readiness import Check, Readiness
from ..application.scaling import TellNeed
from ..application.schedule_judging import JudgeTemplates
from ..application.schedules import ManageSchedules
from ..application.settle import SettleAttempts
from ..application.statistics import ShowStatistics
from ..application.system import LookAtSystem
from ..domain.errors import Unavailable
from .backends import bare_under_limits, open_queue, publish_passes
from .connections import (
    HANDLERS_POOL,
    INTAKE_POOL,
    direct_url,
    lanes_of,
    open_engine,
    open_hints_engine,
    own_leases,
)
from .databases import DatabaseRoles
from .foundation import Foundation
from .identities import Identities
from .openings import LateOutbound, Migrations, open_calendar, open_retention, open_schemas
from .settings import Settings


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


def enqueue_together(enqueue: Enqueue, lanes: tuple[Lane, ...]) -> EnqueueTogether:
    """Return what takes in single jobs, with as many transactions under way as there are lanes."""
    return EnqueueTogether(enqueue, [PostgresIntake(lane) for lane in lanes])


class Container(Identities):
    """Everything of one process, made when first asked for."""

    settings, log = Foundation.settings, Foundation.log
    clock, ids, jitter = Foundation.clock, Foundation.ids, Foundation.jitter
    engine, units_of_work = Foundation.engine, Foundation.units_of_work
    forget_sessions = Identities.forget_sessions

    meter = providers.Singleton(Metrics)
    measure = providers.Singleton(Measure, meter, settings.provided.lease)
    schemas = providers.Singleton(open_schemas)
    calendar = providers.Singleton(open_calendar)

    hints_engine = providers.Singleton(open_hints_engine, settings)
    hints = providers.Singleton(open_queue, settings, hints_engine, log)
    policies = providers.Singleton(
        FailurePolicies,
        providers.Factory(Source, units_of_work, clock, ids, hints),
        timeout=settings.provided.task_timeout,
    )
    queue = providers.Singleton(bare_under_limits, settings, hints, policies)
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
    publish_passes = providers.Callable(publish_passes, settings, due, hints)
    open_heartbeat = providers.Callable(own_leases, settings)

    handlers_engine = providers.Singleton(open_engine, settings, HANDLERS_POOL)
    transactions = providers.Singleton(PostgresTransactions, handlers_engine, HANDLERS_POOL)

    rules = providers.Factory(
        EnqueueRules,
        payload_bytes=settings.provided.payload_bytes,
        timeout=settings.provided.task_timeout,
        strict_tasks=settings.provided.strict_tasks,
    )
    queues = providers.Factory(ManageQueues, units_of_work, policies, queue)
    explain = providers.Factory(Explain, providers.Factory(PostgresSituations, engine))
    dead_letters = providers.Singleton(PostgresDeadLetters, engine)
    figures = providers.Singleton(PostgresStatistics, engine)
    live_figures = providers.Singleton(PostgresLiveFigures, engine)
    statistics = providers.Factory(ShowStatistics, figures, live_figures, dead_letters, units_of_work)
    enqueue = providers.Factory(Enqueue, units_of_work, queue, clock, ids, rules, policies, schemas)
    intake_engine = providers.Singleton(open_engine, settings, INTAKE_POOL)
    intake_lanes = providers.Singleton(lanes_of, intake_engine, INTAKE_POOL)
    enqueue_one = providers.Singleton(enqueue_together, enqueue, intake_lanes)
    watch_engine = providers.Singleton(open_engine, settings, 1)
    watch_lane = providers.Singleton(Lane, watch_engine)
    job_watch = providers.Singleton(PostgresJobWatch, watch_lane)
    topic_watch = providers.Singleton(PostgresTopicWatch, watch_lane)
    manage = providers.Factory(ManageJobs, units_of_work, queue)
    edit = providers.Factory(EditJob, manage, clock, rules, schemas)
    steer_bulk = providers.Factory(SteerBulk, units_of_work, ids)
    bulk_reads = providers.Singleton(PostgresBulkReads, engine)
    suggest_filters = providers.Factory(SuggestFilters, units_of_work)
    make_jobs = providers.Factory(MakeJobs, settings.provided.task_timeout, policies)
    judge_templates = providers.Factory(JudgeTemplates, rules, schemas)
    schedules = providers.Factory(ManageSchedules, units_of_work, queue, calendar, ids, make_jobs, judge_templates)
    settle = providers.Factory(SettleAttempts, leases, jitter, policies, measure=measure)
    recover = providers.Factory(RecoverLapses, maintenance_leases, jitter, policies, queue, measure=measure)
    expire = providers.Factory(ExpireJobs, maintenance_leases)
    forget = providers.Factory(ForgetAnswers, units_of_work)
    fold = providers.Factory(FoldDeadLetters, dead_letters)
    fold_statistics = providers.Factory(FoldStatistics, figures)
    tidy_statistics = providers.Factory(TidyStatistics, figures)
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
        providers.Factory(Pass, FOLD_STATISTICS, FOLD_STATISTICS_EVERY, fold_statistics.provided.run),
        providers.Factory(Pass, "tidy-statistics", TIDY_STATISTICS_EVERY, tidy_statistics.provided.run),
        providers.Factory(Pass, "expire", EXPIRE_EVERY, expire.provided.run),
        providers.Factory(Pass, "forget", FORGET_EVERY, forget.provided.run),
        providers.Factory(Pass, "prune", PRUNE_EVERY, prune),
        providers.Factory(Pass, "forget-records", FORGET_EVERY, forget_records),
        providers.Factory(Pass, "forget-sessions", FORGET_EVERY, forget_sessions.provided.run),
    )

    outbound = providers.Singleton(LateOutbound, settings)
    builtin_tasks = providers.Factory(builtin_tasks, outbound, clock)

    system = providers.Factory(
        LookAtSystem, providers.Singleton(PostgresSystemReads, engine), queue, settings.provided.queue_backend
    )
    ready = providers.Callable(readiness, engine, queue)
    demands = providers.Singleton(PostgresDemands, engine)
    show_metrics = providers.Factory(ShowMetrics, meter, demands, ready.provider)
    need = providers.Factory(TellNeed, demands, units_of_work)
    schema_fit = providers.Callable(schema_fit, engine)
    is_newest = providers.Callable(is_newest, engine)
    await_schema = providers.Callable(await_schema, engine)
    migrations = providers.Factory(Migrations, providers.Callable(direct_url, settings))
    roles = providers.Factory(DatabaseRoles, providers.Callable(direct_url, settings))


def build(settings: Settings) -> Container:
    """Return a container over `settings`; nothing is opened yet."""
    container = Container()
    container.settings.override(settings)
    return container


async def close_doors(container: Container) -> None:
    """Give back the connections that only the API opens, once what goes through them has ended."""
    await container.enqueue_one().close()
    for lane in (container.watch_lane(), *container.intake_lanes()):
        await lane.close()
    await container.intake_engine().dispose()
    await container.watch_engine().dispose()


async def close(container: Container) -> None:
    """Give back every connection that was opened."""
    await container.queue().close()
    for lane in (container.claim_lane(), container.settle_lane(), container.maintenance_lane()):
        await lane.close()
    await container.maintenance_engine().dispose()
    await container.hints_engine().dispose()
    await container.engine().dispose()
    await container.handlers_engine().dispose()
