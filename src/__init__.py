"""eQueue: a job queue on PostgreSQL, with leases, fences and retries you can reason about.

The names that authors of tasks use are here; nothing heavy is imported until one of them is.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .application.context import Context
    from .application.tasks import Task, TaskRefused, Tasks
    from .application.verdicts import Discard, Retry, Snooze
    from .domain.retry import Exponential, Fixed

__all__ = ["Context", "Discard", "Exponential", "Fixed", "Retry", "Snooze", "Task", "TaskRefused", "Tasks"]

_HOMES = {
    "Context": "application.context",
    "Discard": "application.verdicts",
    "Exponential": "domain.retry",
    "Fixed": "domain.retry",
    "Retry": "application.verdicts",
    "Snooze": "application.verdicts",
    "Task": "application.tasks",
    "TaskRefused": "application.tasks",
    "Tasks": "application.tasks",
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
