"""pytest fixtures for code that uses eQueue. pytest loads this in every run, so it imports nothing until it is used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..application.tasks import Tasks
    from .app import MemoryApp
    from .machinery import OpenConnection


pytest.register_assert_rewrite("equeue.testing.queue_contract")


@pytest.fixture
def equeue_tasks() -> "Tasks | tuple[Tasks, ...]":
    """Return the tasks that jobs may call; override it in your `conftest.py`."""
    return ()


@pytest.fixture
def equeue_transaction() -> "OpenConnection | None":
    """Return what opens the connection of `ctx.transaction()`, such as `engine.begin`; override it if tasks need it."""
    return None


@pytest.fixture
def equeue_app(
    equeue_tasks: "Tasks | tuple[Tasks, ...]", equeue_transaction: "OpenConnection | None"
) -> "Iterator[MemoryApp]":
    """Give an eQueue in memory, to which every enqueue of the test goes."""
    from ..application.tasks import Tasks  # noqa: PLC0415 - only for the tests that use it
    from .app import MemoryApp  # noqa: PLC0415 - only for the tests that use it

    every = (equeue_tasks,) if isinstance(equeue_tasks, Tasks) else equeue_tasks
    with MemoryApp(*every, transaction=equeue_transaction).catching() as app:
        yield app
