"""Which queue backend carries hints, and what it needs beside it: a part of the composition root."""

from hashlib import sha256
from importlib.metadata import entry_points

from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.postgres.due import PostgresDueJobs
from ..adapters.postgres.queue import PostgresJobQueue
from ..application.bare_hints import BareHints
from ..application.failure_policies import FailurePolicies
from ..application.maintenance import Pass
from ..application.ports.queue import JobQueue
from ..application.ports.telemetry import Log
from ..application.publishing import PUBLISH_EVERY, PublishDue
from .readers import QUEUE_BACKENDS
from .settings import BadSetting, Settings


def open_queue(settings: Settings, engine: AsyncEngine, log: Log) -> JobQueue:
    """Return what carries hints; raise `BadSetting` for one that cannot reach other processes."""
    match settings.queue_backend:
        case "postgres":
            return PostgresJobQueue(engine, log)
        case "redis":
            return open_redis(settings, log)
        case "memory":
            remedy = "Leave it out, or set it to postgres or redis."
            raise BadSetting("EQUEUE_QUEUE_BACKEND", "is memory, which no other process can hear", remedy)
        case name:
            (brought,) = entry_points(group=QUEUE_BACKENDS, name=name)
            queue: JobQueue = brought.load()(log)
            return queue


def open_redis(settings: Settings, log: Log) -> JobQueue:
    """Return the queue in Redis; raise `BadSetting` if nobody said where that is, or its client is not there."""
    if settings.redis_url is None:
        raise BadSetting("EQUEUE_REDIS_URL", "is missing", "Set it to redis://user:password@host:6379/0.")
    try:
        from ..adapters.redis.address import BadRedisUrl  # noqa: PLC0415 - an extra, and only this backend needs it
        from ..adapters.redis.queue import RedisJobQueue  # noqa: PLC0415
    except ImportError as missing:
        remedy = "Install it: pip install 'equeue[redis]'."
        raise BadSetting("EQUEUE_QUEUE_BACKEND", "is redis, whose client is not installed", remedy) from missing
    try:
        return RedisJobQueue(settings.redis_url, log, prefix=settings.redis_prefix)
    except BadRedisUrl as bad:
        raise BadSetting("EQUEUE_REDIS_URL", f"is {bad}", "Write it like one of these.") from None


def bare_under_limits(settings: Settings, queue: JobQueue, policies: FailurePolicies) -> JobQueue:
    """Return what gives no ids of jobs in queues with limits; hints of PostgreSQL have none to give."""
    return queue if settings.queue_backend == "postgres" else BareHints(queue, policies.limited)


def publish_passes(
    settings: Settings, due: PostgresDueJobs, queue: JobQueue, queues: tuple[str, ...]
) -> tuple[Pass, ...]:
    """Return the pass that publishes what is due in `queues`, where hints are kept outside the database."""
    if settings.queue_backend == "postgres":
        return ()
    served = sha256(",".join(sorted(queues)).encode()).hexdigest()[:12]
    publish = PublishDue(due, queue, queues)
    return (Pass(f"publish.{served}", PUBLISH_EVERY, publish.run, only_if_due=True),)
