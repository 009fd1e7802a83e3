"""Finds the tasks a worker is to run: `package.module:tasks` on the command line, or installed entry points."""

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from types import ModuleType

from ...application.tasks import TaskRefused, Tasks

GROUP = "equeue.tasks"
"""The entry-point group under which installed packages offer their tasks."""


class AppNotFound(Exception):
    """There are no tasks where the worker was told to look; the message says what to give instead."""


def load_tasks(references: Sequence[str]) -> Tasks:
    """Import what `references` name and return all their tasks; without references, those of installed entry points.

    A reference is `package.module:name`, or `package.module` for every `Tasks` in it. The working directory is
    searched first, as `python -m` does.
    """
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    gathered = Tasks()
    found = [each for reference in references for each in _named(reference)] if references else list(_installed())
    for tasks in dict.fromkeys(found):
        gathered.include(tasks)
    if not len(gathered):
        raise AppNotFound(f"no tasks found in {', '.join(references) or f'the entry points of group {GROUP}'}")
    return gathered


def _named(reference: str) -> Iterator[Tasks]:
    module_name, _, attribute = reference.partition(":")
    module = _import(module_name, reference)
    if not attribute:
        yield from (value for value in vars(module).values() if isinstance(value, Tasks))
        return
    value: object = module
    for step in attribute.split("."):
        value = getattr(value, step, None)
    if not isinstance(value, Tasks):
        raise AppNotFound(f"'{reference}' is not a Tasks; name one as package.module:attribute")
    yield value


def _import(module_name: str, reference: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{module_name}.".startswith(f"{missing.name}."):
            raise
        raise AppNotFound(f"there is no module '{missing.name}' (asked for by '{reference}')") from missing


def _installed() -> Iterator[Tasks]:
    for entry in entry_points(group=GROUP):
        value = entry.load()
        if not isinstance(value, Tasks):
            raise TaskRefused(f"entry point '{entry.name}' of group {GROUP} is not a Tasks")
        yield value
