"""What a worker is made of: its collaborators as plain values, and the numbers it works by."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TypeAlias

import attrs

from ...application.binding import KnownTasks
from ...application.maintenance import Pass, RecoverLapses
from ...application.ports.cadences import Cadences
from ...application.ports.codec import PayloadCodec
from ...application.ports.jobs import JobLeases
from ...application.ports.platform import Clock, Ids, Jitter
from ...application.ports.presence import Presence
from ...application.ports.queue import JobQueue
from ...application.ports.telemetry import Log
from ...application.ports.tracing import UNTRACED, Tracing
from ...application.ports.transactions import Transactions
from ...application.ports.unit_of_work import UnitOfWork, UnitsOfWork
from ...application.settle import SettleAttempts
from ...application.tasks import Middleware
from ...domain.ids import WorkerId
from ...domain.spec import PAYLOAD_BYTES
from .probes import Probes

DeclareSchedules: TypeAlias = Callable[[UnitOfWork], Awaitable[Sequence[str]]]
"""Stores the schedules that this worker's code declares; returns the names that people have taken."""

OpenLeases: TypeAlias = Callable[[], AbstractAsyncContextManager[JobLeases]]
"""Opens leases over a connection of their own, on the loop that asks; for the heartbeat."""


@attrs.frozen(kw_only=True)
class WorkerRules:
    """The numbers a worker works by.

    `queues` empty is those of its tasks, in the order of registration. With `weights`, each queue gets that share of
    the claims while several have work; without, they are served in order where priorities are equal. A child process
    for an isolated task may use `child_memory_bytes` (0: no bound) and take `child_start` until its handler begins.
    `burst` stops the worker once nothing is due, `max_jobs` once it has run about so many.
    """

    queues: tuple[str, ...] = ()
    weights: Mapping[str, int] = attrs.Factory(dict)
    concurrency: int = 20
    lease: timedelta = timedelta(seconds=30)
    heartbeat: timedelta = timedelta(seconds=10)
    poll: timedelta = timedelta(seconds=5)
    drain_grace: timedelta = timedelta(seconds=30)
    cancel_grace: timedelta = timedelta(seconds=5)
    result_bytes: int = PAYLOAD_BYTES
    prefetch: bool = True
    burst: bool = False
    max_jobs: int | None = None
    child_memory_bytes: int = 2 * 1024**3
    child_start: timedelta = timedelta(seconds=30)


@attrs.frozen(kw_only=True)
class WorkerParts:
    """A worker's collaborators. `leases` (for claims), `settle` and the heartbeat have a connection each."""

    worker_id: WorkerId
    known: KnownTasks
    codec: PayloadCodec
    leases: JobLeases
    settle: SettleAttempts
    open_heartbeat: OpenLeases
    queue: JobQueue
    units_of_work: UnitsOfWork
    recover: RecoverLapses
    passes: tuple[Pass, ...] = ()
    cadences: Cadences | None = None
    presence: Presence | None = None
    transactions: Transactions | None = None
    clock: Clock
    jitter: Jitter
    ids: Ids
    log: Log
    rules: WorkerRules = WorkerRules()
    middleware: tuple[Middleware, ...] = ()
    backend: str = "postgres"
    declare_schedules: DeclareSchedules | None = None
    probes: Probes | None = None
    tracing: Tracing = UNTRACED
    close: tuple[Callable[[], Awaitable[None]], ...] = ()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that this worker serves."""
        return self.rules.queues or self.known.queues
