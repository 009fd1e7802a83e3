"""eQueue: a job queue on PostgreSQL, with leases, fences and retries you can reason about.

The names that authors of tasks use are here; nothing heavy is imported until one of them is.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .application.context import Context
    from .application.new_jobs import EnqueuedJob, EnqueueOutcome, LargePayload, NewJob
    from .application.options import Options, options
    from .application.tasks import Task, TaskRefused, Tasks
    from .application.verdicts import Discard, Retry, Snooze
    from .domain.errors import InvalidJob, PayloadInvalid, Unavailable
    from .domain.on_dead import OnDead
    from .domain.retry import Exponential, Fixed
    from .domain.spec import OnConflict, Unique, UniqueWhile
    from .entrypoints.sdk.async_producer import AsyncProducer
    from .entrypoints.sdk.composing import new_job
    from .entrypoints.sdk.enqueue import enqueue, enqueue_many, ring
    from .entrypoints.sdk.producer import Producer
    from .entrypoints.sdk.turns import SomeRefused

__all__ = [
    "AsyncProducer",
    "Context",
    "Discard",
    "EnqueueOutcome",
    "EnqueuedJob",
    "Exponential",
    "Fixed",
    "InvalidJob",
    "LargePayload",
    "NewJob",
    "OnConflict",
    "OnDead",
    "Options",
    "PayloadInvalid",
    "Producer",
    "Retry",
    "Snooze",
    "SomeRefused",
    "Task",
    "TaskRefused",
    "Tasks",
    "Unavailable",
    "Unique",
    "UniqueWhile",
    "enqueue",
    "enqueue_many",
    "new_job",
    "options",
    "ring",
]

_HOMES = {
    "AsyncProducer": "entrypoints.sdk.async_producer",
    "Context": "application.context",
    "Discard": "application.verdicts",
    "EnqueueOutcome": "application.new_jobs",
    "EnqueuedJob": "application.new_jobs",
    "Exponential": "domain.retry",
    "Fixed": "domain.retry",
    "InvalidJob": "domain.errors",
    "LargePayload": "application.new_jobs",
    "NewJob": "application.new_jobs",
    "OnConflict": "domain.spec",
    "OnDead": "domain.on_dead",
    "Options": "application.options",
    "PayloadInvalid": "domain.errors",
    "Producer": "entrypoints.sdk.producer",
    "Retry": "application.verdicts",
    "Snooze": "application.verdicts",
    "SomeRefused": "entrypoints.sdk.turns",
    "Task": "application.tasks",
    "TaskRefused": "application.tasks",
    "Tasks": "application.tasks",
    "Unavailable": "domain.errors",
    "Unique": "domain.spec",
    "UniqueWhile": "domain.spec",
    "enqueue": "entrypoints.sdk.enqueue",
    "enqueue_many": "entrypoints.sdk.enqueue",
    "new_job": "entrypoints.sdk.composing",
    "options": "application.options",
    "ring": "entrypoints.sdk.enqueue",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'equeue' has no attribute '{name}'")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
