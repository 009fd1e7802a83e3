"""Settings of queues, looked at and changed by people."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeAlias

import attrs

from ..domain.audit import Act, Actor, Fact
from ..domain.errors import QueueNotFound, StaleQueue
from ..domain.queue import UNSET, QueueSettings, check_queue
from .failure_policies import FailurePolicies
from .ports.queues import StoredQueue
from .ports.unit_of_work import UnitsOfWork

Edit: TypeAlias = Callable[[QueueSettings], QueueSettings]
"""Makes new settings of those that are there."""

Seen: TypeAlias = Callable[[str], bool]
"""Tells whether an ETag is that of what the caller has seen."""


@attrs.frozen
class QueueView:
    """A queue by name, with its settings if anybody set any."""

    name: str
    stored: StoredQueue | None = None

    @property
    def settings(self) -> QueueSettings:
        """What is set."""
        return UNSET if self.stored is None else self.stored.settings

    @property
    def etag(self) -> str:
        """Return what an edit has to name; that of a queue without settings says so."""
        return "unset" if self.stored is None else self.stored.etag


@attrs.frozen
class ManageQueues:
    """Look at queues and change their settings, each change only upon what its author has seen."""

    units_of_work: UnitsOfWork
    policies: FailurePolicies

    async def all(self) -> Sequence[QueueView]:
        """Return every queue that anybody speaks of, by name."""
        async with self.units_of_work() as unit:
            stored = {found.name: found for found in await unit.queues.all()}
            names = await unit.queues.names()
        return [QueueView(name, stored.get(name)) for name in names]

    async def get(self, name: str) -> QueueView:
        """Return one queue; raise `QueueNotFound` for a name that nobody ever used."""
        async with self.units_of_work() as unit:
            stored = await unit.queues.find(name)
            if stored is None and name not in await unit.queues.names():
                raise QueueNotFound(name)
        return QueueView(name, stored)

    async def change(self, name: str, seen: Seen, edit: Edit, actor: Actor) -> QueueView:
        """Store what `edit` makes of the settings; raise `StaleQueue` unless they are what the caller has `seen`.

        Raises `InvalidQueue` for settings that break a rule.
        """
        async with self.units_of_work() as unit:
            before = QueueView(name, await unit.queues.hold(name))
            if not seen(before.etag):
                raise StaleQueue(name)
            settings = edit(before.settings)
            check_queue(name, settings)
            view = QueueView(name, await unit.queues.put(name, settings))
            await unit.audit.record([_act("queue.set", name, before.settings, settings, actor)])
            await unit.commit()
        self.policies.forget()
        return view

    async def remove(self, name: str, seen: Seen, actor: Actor) -> None:
        """Take the settings away, so that the system's count; raise `QueueNotFound` if there are none."""
        async with self.units_of_work() as unit:
            before = QueueView(name, await unit.queues.hold(name))
            if before.stored is None:
                raise QueueNotFound(name)
            if not seen(before.etag):
                raise StaleQueue(name)
            await unit.queues.remove(name)
            await unit.audit.record([_act("queue.unset", name, before.settings, UNSET, actor)])
            await unit.commit()
        self.policies.forget()


def _act(action: str, name: str, before: QueueSettings, after: QueueSettings, actor: Actor) -> Act:
    was, now = _facts(before), _facts(after)
    changed = [fact for fact in was if was[fact] != now[fact]]
    told = {fact: was[fact] for fact in changed}, {fact: now[fact] for fact in changed}
    return Act(actor=actor, action=action, target_kind="queue", target_id=name, before=told[0], after=told[1])


def _facts(settings: QueueSettings) -> dict[str, Fact]:
    """Return what the audit log is told: of a payload, which may hold a secret, nothing."""
    return {
        "max_retries": settings.max_retries,
        "timeout_s": None if settings.timeout is None else settings.timeout.total_seconds(),
        "backoff": None if settings.backoff is None else str(settings.backoff),
        "on_dead": None if settings.on_dead is None else settings.on_dead.task,
        **{f"kept_{name}_s": _seconds(kept) for name, kept in attrs.asdict(settings.retention).items()},
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
