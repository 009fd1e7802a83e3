"""Queues as people steer them: settings, looked at and changed, and pauses."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from ..domain.audit import Act, Actor, Fact
from ..domain.errors import QueueNotFound, StaleQueue
from ..domain.ids import UserId
from ..domain.queue import UNSET, Pause, QueueSettings, check_pause, check_queue
from .auditing import CHANGED
from .failure_policies import FailurePolicies
from .ports.queue import JobQueue
from .ports.queues import StoredQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork

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
    def pause(self) -> Pause | None:
        """Since when, why and until when no job of it starts; perhaps that has passed."""
        return None if self.stored is None else self.stored.pause

    @property
    def etag(self) -> str:
        """Return what an edit has to name; that of a queue without settings says so."""
        return "unset" if self.stored is None else self.stored.etag


@attrs.frozen
class ManageQueues:
    """Look at queues, pause and resume them, and change their settings, each change only upon what its author has seen.

    Without a `queue` of hints the workers find by themselves that one was resumed.
    """

    units_of_work: UnitsOfWork
    policies: FailurePolicies
    queue: JobQueue | None = None

    async def all(self, owner: UserId | None = None) -> Sequence[QueueView]:
        """Return every queue that anybody speaks of, by name; with an `owner` the jobs of others name none."""
        async with self.units_of_work() as unit:
            stored = {found.name: found for found in await unit.queues.all()}
            names = await unit.queues.names(owner)
        return [QueueView(name, stored.get(name)) for name in names]

    async def get(self, name: str, owner: UserId | None = None) -> QueueView:
        """Return one queue; raise `QueueNotFound` for a name that nobody ever used, as far as `owner` may know."""
        async with self.units_of_work() as unit:
            stored = await unit.queues.find(name)
            if stored is None and name not in await unit.queues.names(owner):
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
            view = QueueView(name, await unit.queues.put(name, settings, before.pause))
            await unit.audit.record([_act("queue.set", name, before.settings, settings, actor)])
            await unit.commit()
        self.policies.forget()
        return view

    async def pause(
        self, name: str, actor: Actor, reason: str | None = None, until: datetime | None = None
    ) -> QueueView:
        """Have no job of a queue start, whoever asks, until it is resumed or `until`; what runs goes on.

        A queue that nobody spoke of yet is paused all the same. To pause again changes reason and end. Raises
        `InvalidQueue` for an end that has passed or a reason that is too long.
        """
        async with self.units_of_work() as unit:
            pause = Pause(await unit.now(), actor.user_id, actor.key_id, reason, until)
            check_pause(name, pause)
            view = await _steer(unit, name, pause, "queue.pause", actor)
            await unit.commit()
        return view

    async def resume(self, name: str, actor: Actor) -> QueueView:
        """Have the jobs of a queue start again, at once; a queue that does not pause stays as it is.

        Raises `QueueNotFound` for a name that nobody ever used.
        """
        async with self.units_of_work() as unit:
            stored = await unit.queues.hold(name)
            if stored is None or stored.pause is None:
                return await self._unchanged(unit, name, stored)
            view = await _steer(unit, name, None, "queue.resume", actor)
            await unit.commit()
        await self._wake(name)
        return view

    async def _wake(self, name: str) -> None:
        if self.queue is not None:
            await self.queue.ring((), (name,))

    async def _unchanged(self, unit: UnitOfWork, name: str, stored: StoredQueue | None) -> QueueView:
        if stored is None and name not in await unit.queues.names():
            raise QueueNotFound(name)
        return QueueView(name, stored)

    async def remove(self, name: str, seen: Seen, actor: Actor) -> None:
        """Take settings and pause away, so that the system's count; raise `QueueNotFound` if there are none.

        A queue that paused starts at once.
        """
        async with self.units_of_work() as unit:
            before = QueueView(name, await unit.queues.hold(name))
            if before.stored is None:
                raise QueueNotFound(name)
            if not seen(before.etag):
                raise StaleQueue(name)
            await unit.queues.remove(name)
            act = _act("queue.unset", name, before.settings, UNSET, actor)
            await unit.audit.record([act if before.pause is None else _with_resumption(act, before.pause)])
            await unit.commit()
        self.policies.forget()
        if before.pause is not None:
            await self._wake(name)


async def _steer(unit: UnitOfWork, name: str, pause: Pause | None, action: str, actor: Actor) -> QueueView:
    before = QueueView(name, await unit.queues.hold(name))
    view = QueueView(name, await unit.queues.put(name, before.settings, pause))
    act = Act(
        actor=actor,
        action=action,
        target_kind="queue",
        target_id=name,
        before=_pause_facts(before.pause),
        after=_pause_facts(pause),
    )
    await unit.audit.record([act])
    return view


def _pause_facts(pause: Pause | None) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"paused": pause is not None}
    return facts if pause is None else facts | {"reason": pause.reason, "until": pause.until}


def _act(action: str, name: str, before: QueueSettings, after: QueueSettings, actor: Actor) -> Act:
    was, now = _facts(before), _facts(after)
    changed = [fact for fact in was if was[fact] != now[fact]]
    told = {fact: was[fact] for fact in changed}, {fact: now[fact] for fact in changed} | _payload(before, after)
    return Act(actor=actor, action=action, target_kind="queue", target_id=name, before=told[0], after=told[1])


def _with_resumption(act: Act, pause: Pause) -> Act:
    before, after = {**act.before, **_pause_facts(pause)}, {**act.after, **_pause_facts(None)}
    return attrs.evolve(act, before=before, after=after)


def _payload(before: QueueSettings, after: QueueSettings) -> dict[str, Fact]:
    """Return all that is told of a payload."""
    was, now = ((each.on_dead and each.on_dead.payload) for each in (before, after))
    return {} if was == now else {"on_dead_payload": CHANGED}


def _facts(settings: QueueSettings) -> dict[str, Fact]:
    """Return what the audit log is told: of a payload, which may hold a secret, nothing."""
    return {
        "max_retries": settings.max_retries,
        "timeout_s": None if settings.timeout is None else settings.timeout.total_seconds(),
        "backoff": None if settings.backoff is None else str(settings.backoff),
        "on_dead": None if settings.on_dead is None else settings.on_dead.task,
        "max_running": settings.limits.max_running,
        "max_running_per_key": settings.limits.max_running_per_key,
        "max_depth": settings.limits.max_depth,
        "rate": None if settings.limits.rate is None else str(settings.limits.rate),
        "oldest_share": settings.limits.oldest_share,
        "target_wait_s": _seconds(settings.target_wait),
        **{f"kept_{name}_s": _seconds(kept) for name, kept in attrs.asdict(settings.retention).items()},
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
