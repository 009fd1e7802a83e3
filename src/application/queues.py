"""Settings of queues, looked at and changed by people."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from ..domain.errors import QueueNotFound, StaleQueue
from ..domain.queue import UNSET, QueueSettings, check_queue
from .failure_policies import FailurePolicies
from .ports.queues import StoredQueue
from .ports.unit_of_work import UnitsOfWork

Edit: TypeAlias = Callable[[QueueSettings], QueueSettings]
"""Makes new settings of those that are there."""


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

    async def change(self, name: str, etag: str, edit: Edit) -> QueueView:
        """Store what `edit` makes of the settings; raise `StaleQueue` unless they are as `etag` says (`*`: any)."""
        async with self.units_of_work() as unit:
            stored = await unit.queues.hold(name)
            _agree(QueueView(name, stored), etag)
            settings = edit(UNSET if stored is None else stored.settings)
            check_queue(name, settings)
            view = QueueView(name, await unit.queues.put(name, settings))
            await unit.commit()
        self.policies.forget()
        return view

    async def remove(self, name: str, etag: str | None = None) -> None:
        """Take the settings away, so that the system's count; raise `QueueNotFound` if there are none."""
        async with self.units_of_work() as unit:
            stored = await unit.queues.hold(name)
            if stored is None:
                raise QueueNotFound(name)
            _agree(QueueView(name, stored), etag or "*")
            await unit.queues.remove(name)
            await unit.commit()
        self.policies.forget()


def _agree(view: QueueView, etag: str) -> None:
    if etag not in ("*", view.etag):
        raise StaleQueue(view.name)
