"""What a task declared a moment ago counts, and not for longer than that."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import attrs
import pytest
from tests.builders import seconds

from equeue.adapters.memory.platform import MovableClock
from equeue.application import recent_tasks
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.recent_tasks import FRESH_S, RecentTasks

EMAIL = TaskDeclaration("email", "mail")
MOVED = TaskDeclaration("email", "slow")


@attrs.define
class Catalogue:
    """Knows tasks, and remembers what it was asked for."""

    known: dict[str, TaskDeclaration]
    asked: list[list[str]] = attrs.field(factory=list)

    async def look(self, tasks: Collection[str]) -> Mapping[str, TaskDeclaration]:
        self.asked.append(sorted(tasks))
        return {task: self.known[task] for task in tasks if task in self.known}


@pytest.fixture
def catalogue() -> Catalogue:
    """Return a catalogue with one task."""
    return Catalogue({"email": EMAIL})


async def test_known_task_is_looked_for_once_in_a_while(catalogue: Catalogue) -> None:
    """A change of it counts from then on, half a second late at most."""
    clock = MovableClock()
    recent = RecentTasks(clock)
    assert await recent.find({"email"}, catalogue.look) == {"email": EMAIL}
    catalogue.known["email"] = MOVED
    clock.move(seconds(FRESH_S) - timedelta(microseconds=1))
    assert await recent.find({"email"}, catalogue.look) == {"email": EMAIL}
    assert catalogue.asked == [["email"]]
    clock.move(timedelta(microseconds=1))
    assert await recent.find({"email"}, catalogue.look) == {"email": MOVED}


async def test_first_declaration_counts_at_once(catalogue: Catalogue) -> None:
    """Whoever was not there a moment ago may be there now; the others are not asked for again."""
    recent = RecentTasks(MovableClock())
    assert await recent.find({"email", "report"}, catalogue.look) == {"email": EMAIL}
    catalogue.known["report"] = TaskDeclaration("report", "default")
    assert set(await recent.find({"email", "report"}, catalogue.look)) == {"email", "report"}
    assert catalogue.asked == [["email", "report"], ["report"]]


async def test_memory_is_bounded(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tasks push one another out."""
    monkeypatch.setattr(recent_tasks, "KEPT", 2)
    catalogue.known |= {task: TaskDeclaration(task, "default") for task in ("a", "b")}
    recent = RecentTasks(MovableClock())
    for task in ("email", "a", "b", "email"):
        assert task in await recent.find({task}, catalogue.look)
    assert len(catalogue.asked) == 4
