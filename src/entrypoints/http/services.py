"""What the API needs to do its work; the container builds it, tests build it on the memory adapters."""

import asyncio
from collections.abc import Awaitable, Callable

import attrs

from ...application.access import Authenticate
from ...application.bulk import SteerBulk
from ...application.edit import EditJob
from ...application.enqueue import Enqueue
from ...application.explain import Explain
from ...application.manage import ManageJobs
from ...application.ports.bulk import BulkReads
from ...application.ports.calendar import Calendar
from ...application.ports.dead_letters import DeadLetters
from ...application.ports.platform import Clock
from ...application.ports.reads import JobReads
from ...application.ports.unit_of_work import UnitsOfWork
from ...application.queues import ManageQueues
from ...application.readiness import Readiness
from ...application.schedules import ManageSchedules
from ...application.system import LookAtSystem
from ...domain.spec import PAYLOAD_BYTES
from .identity import Identity


@attrs.frozen
class Limits:
    """How large a body may be, in bytes."""

    payload: int = PAYLOAD_BYTES
    margin: int = 64 * 1024
    bulk: int = 16 * 1024 * 1024

    @property
    def single(self) -> int:
        """The largest body with one job in it."""
        return self.payload + self.margin


@attrs.frozen(eq=False)
class Drain:
    """Says that the process is about to stop: readiness turns false, and whatever waits or streams ends."""

    started: asyncio.Event = attrs.field(factory=asyncio.Event)

    def begin(self) -> None:
        """Start to drain; saying it again changes nothing."""
        self.started.set()

    def __bool__(self) -> bool:
        return self.started.is_set()


@attrs.frozen(kw_only=True)
class HttpServices:
    """The use cases and ports behind the API.

    `secret_keys` sign cursors: the first signs, all are good for reading, so that keys can be rotated.
    """

    enqueue: Enqueue
    manage: ManageJobs
    edit: EditJob
    reads: JobReads
    explain: Explain
    queues: ManageQueues
    schedules: ManageSchedules
    calendar: Calendar
    dead_letters: DeadLetters
    bulk: SteerBulk
    bulk_reads: BulkReads
    units_of_work: UnitsOfWork
    authenticate: Authenticate
    identity: Identity
    system: LookAtSystem
    clock: Clock
    ready: Callable[[], Awaitable[Readiness]]
    secret_keys: tuple[bytes, ...] = attrs.field(repr=False)
    limits: Limits = Limits()
    drain: Drain = attrs.field(factory=Drain)
