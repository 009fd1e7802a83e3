"""The tables in memory, and transactions over them: the executable specification of what PostgreSQL has to do."""

import asyncio
from collections import ChainMap
from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from typing import Self, TypeAlias

import attrs

from ...application.ports.accounts import ApiKey, User
from ...application.ports.catalogue import TaskDeclaration
from ...application.ports.platform import Clock
from ...application.ports.queues import StoredQueue
from ...application.ports.reads import Attempt
from ...domain.audit import AuditEntry
from ...domain.bulk import BulkOperation
from ...domain.ids import UUID, JobId, Json, UserId
from ...domain.job import Job
from ...domain.lease import Fence
from ...domain.limits import Bucket
from ...domain.schedule import Fire, Schedule
from ...domain.sessions import Session
from .platform import CountedIds, MovableClock
from .telling import Kept, tell

ANSWERS_KEPT = timedelta(hours=24)


@attrs.frozen
class Answer:
    """What a request under an idempotency key was answered, and when."""

    request_hash: bytes
    answer: Json
    created_at: datetime


@attrs.frozen
class KeptOperation:
    """A bulk operation, and when it may be taken up again."""

    operation: BulkOperation
    due_at: datetime


@attrs.frozen
class Stamp:
    """When a person or key was stored, and how often it was changed since."""

    created_at: datetime
    revision: int = 0


@attrs.frozen
class Attempts:
    """How often a subject was tried since when."""

    count: int
    began_at: datetime


AnswerKey: TypeAlias = tuple[str, str]


@attrs.define(eq=False)
class MemoryStore:
    """What is committed, and who holds which rows. Its clock is the database's."""

    clock: Clock = attrs.field(factory=MovableClock)
    jobs: dict[JobId, Job] = attrs.field(factory=dict, init=False)
    attempts: dict[Fence, Attempt] = attrs.field(factory=dict, init=False)
    answers: dict[AnswerKey, Answer | None] = attrs.field(factory=dict, init=False)
    tasks: dict[str, TaskDeclaration] = attrs.field(factory=dict, init=False)
    seen: dict[str, datetime] = attrs.field(factory=dict, init=False)
    queues: dict[str, StoredQueue | None] = attrs.field(factory=dict, init=False)
    buckets: dict[str, Bucket] = attrs.field(factory=dict, init=False)
    users: dict[UserId, User] = attrs.field(factory=dict, init=False)
    keys: dict[UUID, ApiKey] = attrs.field(factory=dict, init=False)
    stamps: dict[UUID, Stamp] = attrs.field(factory=dict, init=False)
    passwords: dict[UserId, str | None] = attrs.field(factory=dict, init=False)
    sessions: dict[UUID, Session | None] = attrs.field(factory=dict, init=False)
    logins: dict[str, Attempts | None] = attrs.field(factory=dict, init=False)
    audit: dict[UUID, AuditEntry] = attrs.field(factory=dict, init=False)
    operations: dict[UUID, KeptOperation] = attrs.field(factory=dict, init=False)
    schedules: dict[UUID, Schedule | None] = attrs.field(factory=dict, init=False)
    fires: dict[JobId, Fire | None] = attrs.field(factory=dict, init=False)
    figures: Kept = attrs.field(factory=dict, init=False)
    ids: CountedIds = attrs.field(factory=CountedIds, init=False)
    _held: "dict[Hashable, Transaction]" = attrs.field(factory=dict, init=False)
    _waiting: "list[asyncio.Future[None]]" = attrs.field(factory=list, init=False)

    def holder(self, name: Hashable, claimant: "Transaction") -> "Transaction":
        """Give the row or key called `name` to `claimant` unless another holds it; return who holds it now."""
        return self._held.setdefault(name, claimant)

    async def change_of_holders(self) -> None:
        """Wait until some transaction has ended."""
        self._waiting.append(turn := asyncio.get_running_loop().create_future())
        await turn

    def release(self, transaction: "Transaction") -> None:
        """Let go of all that `transaction` holds, and wake those who wait."""
        self._held = {name: holder for name, holder in self._held.items() if holder is not transaction}
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


@attrs.define(eq=False)
class Transaction:
    """Sees what is committed and its own writes; others see its writes once it is committed, or never."""

    store: MemoryStore
    now: datetime = attrs.field(init=False)
    jobs: ChainMap[JobId, Job] = attrs.field(init=False)
    gone: set[JobId] = attrs.field(factory=set, init=False)
    attempts: ChainMap[Fence, Attempt] = attrs.field(init=False)
    answers: ChainMap[AnswerKey, Answer | None] = attrs.field(init=False)
    tasks: ChainMap[str, TaskDeclaration] = attrs.field(init=False)
    seen: ChainMap[str, datetime] = attrs.field(init=False)
    queues: ChainMap[str, StoredQueue | None] = attrs.field(init=False)
    users: ChainMap[UserId, User] = attrs.field(init=False)
    keys: ChainMap[UUID, ApiKey] = attrs.field(init=False)
    stamps: ChainMap[UUID, Stamp] = attrs.field(init=False)
    passwords: ChainMap[UserId, str | None] = attrs.field(init=False)
    sessions: ChainMap[UUID, Session | None] = attrs.field(init=False)
    logins: ChainMap[str, Attempts | None] = attrs.field(init=False)
    audit: ChainMap[UUID, AuditEntry] = attrs.field(init=False)
    operations: ChainMap[UUID, KeptOperation] = attrs.field(init=False)
    schedules: ChainMap[UUID, Schedule | None] = attrs.field(init=False)
    fires: ChainMap[JobId, Fire | None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.now = self.store.clock.now()
        self._forget_writes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget_writes()
        self.store.release(self)

    def try_hold(self, name: Hashable) -> bool:
        """Hold a row or key until the end of this transaction; false if another holds it."""
        return self.store.holder(name, self) is self

    async def hold(self, names: Iterable[Hashable]) -> None:
        """Hold rows or keys until the end of this transaction, waiting for others to let go."""
        for name in names:
            while not self.try_hold(name):
                await self.store.change_of_holders()

    def forget(self, job_ids: Iterable[JobId]) -> None:
        """Delete jobs with their attempts."""
        self.gone.update(job_ids)
        seen = {job_id: job for job_id, job in self.store.jobs.items() if job_id not in self.gone}
        self.jobs = ChainMap(
            {job_id: job for job_id, job in self.jobs.maps[0].items() if job_id not in self.gone}, seen
        )

    def commit(self) -> None:
        """Show the writes to everybody."""
        store = self.store
        fresh = {fence: told for fence, told in self.attempts.maps[0].items() if fence not in store.attempts}
        tell(store.figures, self.now, store.jobs, self.jobs.maps[0], fresh)
        for job_id in self.gone:
            store.jobs.pop(job_id, None)
        for fence in [fence for fence in store.attempts if fence.job_id in self.gone]:
            del store.attempts[fence]
        store.jobs.update(self.jobs.maps[0])
        store.attempts.update(self.attempts.maps[0])
        store.answers.update(self.answers.maps[0])
        store.tasks.update(self.tasks.maps[0])
        store.seen.update(self.seen.maps[0])
        store.queues.update(self.queues.maps[0])
        store.users.update(self.users.maps[0])
        store.keys.update(self.keys.maps[0])
        store.stamps.update(self.stamps.maps[0])
        store.passwords.update(self.passwords.maps[0])
        store.sessions.update(self.sessions.maps[0])
        store.logins.update(self.logins.maps[0])
        store.audit.update(self.audit.maps[0])
        store.operations.update(self.operations.maps[0])
        store.schedules.update(self.schedules.maps[0])
        store.fires.update(self.fires.maps[0])

    def _forget_writes(self) -> None:
        store = self.store
        self.gone = set()
        self.jobs = ChainMap({}, store.jobs)
        self.attempts = ChainMap({}, store.attempts)
        self.answers = ChainMap({}, store.answers)
        self.tasks = ChainMap({}, store.tasks)
        self.seen = ChainMap({}, store.seen)
        self.queues = ChainMap({}, store.queues)
        self.users = ChainMap({}, store.users)
        self.keys = ChainMap({}, store.keys)
        self.stamps = ChainMap({}, store.stamps)
        self.passwords = ChainMap({}, store.passwords)
        self.sessions = ChainMap({}, store.sessions)
        self.logins = ChainMap({}, store.logins)
        self.audit = ChainMap({}, store.audit)
        self.operations = ChainMap({}, store.operations)
        self.schedules = ChainMap({}, store.schedules)
        self.fires = ChainMap({}, store.fires)
