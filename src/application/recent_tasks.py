"""What a task declared a moment ago still counts: who enqueues often costs the database one look in a while."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, TypeAlias

import attrs

from .ports.catalogue import TaskDeclaration
from .ports.platform import Clock

FRESH_S: Final = 0.5
"""So long a new declaration of a known task may not count yet."""

KEPT: Final = 1_000

Look: TypeAlias = Callable[[Collection[str]], Awaitable[Mapping[str, TaskDeclaration]]]
"""Returns the declarations of those tasks that any worker declared."""


@attrs.define(eq=False)
class RecentTasks:
    """Remembers declarations for `FRESH_S`. A task that nobody declared is looked for each time.

    So the first declaration counts at once, and only a change of one is late.
    """

    clock: Clock
    _known: dict[str, tuple[TaskDeclaration, float]] = attrs.field(factory=dict, init=False)

    async def find(self, tasks: Collection[str], look: Look) -> Mapping[str, TaskDeclaration]:
        """Return what those of `tasks` declared that are known; `look` is asked for what is not fresh."""
        now = self.clock.monotonic()
        fresh = {task: known[0] for task in tasks if (known := self._known.get(task)) and now < known[1]}
        if len(fresh) == len(tasks):
            return fresh
        found = await look([task for task in tasks if task not in fresh])
        if len(self._known) + len(found) > KEPT:
            self._known.clear()
        # Counted from before the look: what it saw was true then.
        self._known |= {task: (declaration, now + FRESH_S) for task, declaration in found.items()}
        return fresh | dict(found)
