"""Tests of tasks, and of code that enqueues them, without a database, a server or a worker.

pytest finds the fixture `equeue_app` by itself; see `equeue.testing.plugin`. Nothing heavy is imported until a name is
asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import MemoryApp
    from .seen import JobFailed, SeenJob

__all__ = ["JobFailed", "MemoryApp", "SeenJob"]

_HOMES = {"JobFailed": "seen", "MemoryApp": "app", "SeenJob": "seen"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'equeue.testing' has no attribute '{name}'")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
