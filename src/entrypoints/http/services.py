"""What the API needs to do its work; the container builds it, tests build it on the memory adapters."""

import asyncio
from collections.abc import Awaitable, Callable

import attrs

from ...application.bulk import SteerBulk
from ...application.edit import EditJob
from ...application.enqueue import Enqueue
from ...application.explain import Explain
from ...application.filters import SuggestFilters
from ...application.intake import EnqueueTogether
from ...application.manage import ManageJobs
from ...application.ports.bulk import BulkReads
from ...application.ports.calendar import Calendar
from ...application.ports.dead_letters import DeadLetters
from ...application.ports.metering import UNMETERED, Meter
from ...application.ports.platform import Clock
from ...application.ports.reads import JobReads
from ...application.ports.tracing import UNTRACED, Tracing
from ...application.ports.unit_of_work import UnitsOfWork
from ...application.queues import ManageQueues
from ...application.readiness import Readiness
from ...application.recent_keys import Authenticator
from ...application.scaling import TellNeed
from ...application.schedules import ManageSchedules
from ...application.statistics import ShowStatistics
from ...application.system import LookAtSystem
from ...application.topics import Topics
from ...application.waiting import WaitingRoom
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


def _nothing() -> None:
    """Forget nothing: nothing is remembered."""


@attrs.frozen(kw_only=True)
class HttpServices:
    """The use cases and ports behind the API.

    `secret_keys` sign cursors: the first signs, all are good for reading, so that keys can be rotated. `origins` are
    those whose pages may call the API from a browser. `forget_callers` makes `authenticate` judge everybody anew.
    """

    enqueue: Enqueue
    enqueue_one: EnqueueTogether
    manage: ManageJobs
    edit: EditJob
    reads: JobReads
    explain: Explain
    queues: ManageQueues
    schedules: ManageSchedules
    calendar: Calendar
    dead_letters: DeadLetters
    statistics: ShowStatistics
    bulk: SteerBulk
    bulk_reads: BulkReads
    suggest: SuggestFilters
    units_of_work: UnitsOfWork
    room: WaitingRoom
    topics: Topics
    authenticate: Authenticator
    forget_callers: Callable[[], None] = _nothing
    identity: Identity
    system: LookAtSystem
    clock: Clock
    ready: Callable[[], Awaitable[Readiness]]
    need: TellNeed
    metrics: Callable[[], Awaitable[str]]
    secret_keys: tuple[bytes, ...] = attrs.field(repr=False)
    meter: Meter = UNMETERED
    tracing: Tracing = UNTRACED
    limits: Limits = Limits()
    origins: frozenset[str] = frozenset()
    drain: Drain = attrs.field(factory=Drain)
