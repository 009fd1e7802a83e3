"""A whole API in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import attrs
import httpx2
from litestar import Litestar
from tests.unit.worker.world import HandMovedTimers
from uuid_utils.compat import uuid7

from equeue.adapters.calendar import CronCalendar
from equeue.adapters.json_schema import CompiledSchemas
from equeue.adapters.memory.bulk import MemoryBulkReads
from equeue.adapters.memory.dead_letters import MemoryDeadLetters
from equeue.adapters.memory.demand import MemoryDemands
from equeue.adapters.memory.intake import MemoryIntake
from equeue.adapters.memory.leases import MemoryJobLeases
from equeue.adapters.memory.passwords import MemoryPasswords
from equeue.adapters.memory.platform import START, MovableClock
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.reads import MemoryJobReads
from equeue.adapters.memory.situations import MemorySituations
from equeue.adapters.memory.statistics import MemoryLiveFigures, MemoryStatistics
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.system import MemorySystemReads
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.adapters.memory.watching import MemoryJobWatch, MemoryTopicWatch
from equeue.adapters.security.keys import ApiKeys, issue
from equeue.adapters.security.tokens import JwtAccessTokens, SignedRefreshTokens
from equeue.adapters.system import SystemClock, UuidV7Ids
from equeue.adapters.telemetry.metrics import Metrics
from equeue.application.access import Authenticate
from equeue.application.api_keys import ManageApiKeys
from equeue.application.bulk import SteerBulk
from equeue.application.edit import EditJob
from equeue.application.enqueue import Enqueue, EnqueueRules
from equeue.application.explain import Explain
from equeue.application.failure_policies import FailurePolicies, Source
from equeue.application.filters import SuggestFilters
from equeue.application.firing import MakeJobs
from equeue.application.intake import EnqueueTogether
from equeue.application.login import LogIn, Throttle
from equeue.application.manage import ManageJobs
from equeue.application.observing import ShowMetrics
from equeue.application.people import ChangePassword, ManagePeople
from equeue.application.ports.accounts import User
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.unit_of_work import UnitsOfWork
from equeue.application.queues import ManageQueues
from equeue.application.readiness import Check, Readiness
from equeue.application.recent_keys import RecentKeys
from equeue.application.scaling import TellNeed
from equeue.application.schedule_judging import JudgeTemplates
from equeue.application.schedules import ManageSchedules
from equeue.application.sessions import CarryOn, OpenSession, WriteTokens
from equeue.application.statistics import ShowStatistics
from equeue.application.system import LookAtSystem
from equeue.application.topics import Topics
from equeue.application.waiting import WaitingRoom
from equeue.domain.access import Role, Scope
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.http.identity import Identity
from equeue.entrypoints.http.services import Drain, HttpServices, Limits
from equeue.entrypoints.loops.timers import LoopTimers

LIMITS, RULES = Limits(), EnqueueRules()
SECRET_KEYS = (b"k" * 32, b"older" * 8)
WELL = Readiness(Check(ok=True), Check(ok=True), Check(ok=True))


@attrs.frozen
class Caller:
    """Calls the API with one key."""

    client: httpx2.AsyncClient
    key: str | None

    async def __call__(self, method: str, path: str, **request: Any) -> Any:
        """Send one request."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= request.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **request)

    async def get(self, path: str, **request: Any) -> Any:
        """GET."""
        return await self("GET", path, **request)

    async def post(self, path: str, **request: Any) -> Any:
        """POST."""
        return await self("POST", path, **request)

    def with_key(self, key: str | None) -> "Caller":
        """Return a caller with another key."""
        return attrs.evolve(self, key=key)


@asynccontextmanager
async def calling(app: Litestar, key: str | None) -> AsyncIterator[Caller]:
    """Give a caller of `app` with `key`."""
    transport = httpx2.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Caller(client, key)


@attrs.define
class World:
    """The store, the application over it, and the keys of a few people."""

    clock: MovableClock
    timers: HandMovedTimers
    watch: MemoryJobWatch
    store: MemoryStore
    leases: MemoryJobLeases
    units_of_work: UnitsOfWork
    services: HttpServices
    app: Litestar
    member_key: str = ""
    member: User = attrs.field(init=False)
    readiness: Readiness = WELL

    async def key_of(
        self,
        user: User,
        *,
        scopes: frozenset[Scope] | None = None,
        queue_globs: tuple[str, ...] = (),
        expires_at: datetime | None = None,
        revoked: bool = False,
    ) -> str:
        """Store a key of `user` and return its text."""
        key, text = issue(uuid7(), user, "test", scopes=scopes, queue_globs=queue_globs, expires_at=expires_at)
        async with self.units_of_work() as unit:
            await unit.accounts.add_key(attrs.evolve(key, revoked=revoked))
            await unit.commit()
        return text

    async def person(self, role: Role, *, disabled: bool = False) -> User:
        """Store a person."""
        user = User(uuid7(), f"{uuid7()}@example.org", role, disabled)
        async with self.units_of_work() as unit:
            await unit.accounts.add_user(user)
            await unit.commit()
        return user

    async def token_of(self, user: User) -> str:
        """Return the access token of a person who has just logged in."""
        return (await self.services.identity.open_session(user)).access

    async def declare(self, *tasks: str, schema: bytes | None = None) -> None:
        """Let a worker declare tasks."""
        async with self.units_of_work() as unit:
            await unit.catalogue.declare([TaskDeclaration(task, "default", payload_schema=schema) for task in tasks])
            await unit.commit()

    @asynccontextmanager
    async def caller(self) -> AsyncIterator[Caller]:
        """Give a caller with the member's key."""
        async with calling(self.app, self.member_key) as caller:
            yield caller

    async def empty(self) -> None:
        """Forget everything but one member; to make an application anew takes far longer than most tests."""
        store = self.store
        for table in (
            store.jobs,
            store.attempts,
            store.answers,
            store.tasks,
            store.queues,
            store.seen,
            store.buckets,
            store.users,
            store.keys,
            store.stamps,
            store.passwords,
            store.sessions,
            store.logins,
            store.operations,
            store.schedules,
            store.fires,
            store.audit,
            store.figures,
        ):
            table.clear()
        self.services.queues.policies.forget()
        self.services.forget_callers()
        object.__setattr__(self.services, "drain", Drain())
        self.clock.move(START - self.clock.now())
        self.readiness = WELL
        self.member = await self.person(Role.MEMBER)
        self.member_key = await self.key_of(self.member)


def an_identity(units_of_work: UnitsOfWork, clock: MovableClock) -> Identity:
    """Return what knows people and keys, over passwords that are hashed fast."""
    passwords, ids = MemoryPasswords(), UuidV7Ids()
    access, refresh = JwtAccessTokens(SECRET_KEYS, clock), SignedRefreshTokens(SECRET_KEYS)
    write = WriteTokens(access, refresh, clock, ids)
    open_session = OpenSession(units_of_work, ids, write)
    return Identity(
        log_in=LogIn(units_of_work, passwords, Throttle(units_of_work), open_session),
        open_session=open_session,
        carry_on=CarryOn(units_of_work, refresh, write),
        people=ManagePeople(units_of_work, ids, passwords),
        change_password=ChangePassword(units_of_work, passwords),
        api_keys=ManageApiKeys(units_of_work, ids, issue),
    )


async def a_world(limits: Limits = LIMITS, rules: EnqueueRules = RULES, *, real_time: bool = False) -> World:
    """Return an API over an empty store with one member in it; whoever waits there does so in `real_time` if asked."""
    clock = MovableClock()
    store = MemoryStore(clock)
    units_of_work, queue = memory_units_of_work(store), MemoryJobQueue()

    manage, schemas = ManageJobs(units_of_work, queue), CompiledSchemas()

    async def ready() -> Readiness:
        return world.readiness

    policies = FailurePolicies(Source(units_of_work, clock, UuidV7Ids()))
    meter = Metrics()
    enqueue = Enqueue(units_of_work, queue, clock, UuidV7Ids(), rules, policies, schemas)
    timers, watch = HandMovedTimers(clock), MemoryJobWatch(store)
    look_up = Authenticate(units_of_work, ApiKeys(), clock, JwtAccessTokens(SECRET_KEYS, clock))
    recent = RecentKeys(look_up, clock)
    services = HttpServices(
        enqueue=enqueue,
        enqueue_one=EnqueueTogether(enqueue, [MemoryIntake(store), MemoryIntake(store)]),
        manage=manage,
        edit=EditJob(manage, clock, rules, schemas),
        reads=MemoryJobReads(store),
        explain=Explain(MemorySituations(store)),
        queues=ManageQueues(units_of_work, policies),
        schedules=ManageSchedules(
            units_of_work,
            queue,
            CronCalendar(),
            UuidV7Ids(),
            MakeJobs(rules.timeout, policies),
            JudgeTemplates(rules, schemas),
        ),
        calendar=CronCalendar(),
        dead_letters=MemoryDeadLetters(store),
        statistics=ShowStatistics(
            MemoryStatistics(store), MemoryLiveFigures(store), MemoryDeadLetters(store), units_of_work
        ),
        bulk=SteerBulk(units_of_work, UuidV7Ids()),
        bulk_reads=MemoryBulkReads(store),
        suggest=SuggestFilters(units_of_work),
        units_of_work=units_of_work,
        room=WaitingRoom(watch, *((SystemClock(), LoopTimers()) if real_time else (clock, timers))),
        topics=Topics(MemoryTopicWatch(store), clock, LoopTimers() if real_time else timers),
        authenticate=recent,
        forget_callers=recent.forget,
        identity=an_identity(units_of_work, clock),
        system=LookAtSystem(MemorySystemReads(store), queue, "memory"),
        clock=clock,
        ready=ready,
        need=TellNeed(MemoryDemands(store), units_of_work),
        metrics=ShowMetrics(meter, MemoryDemands(store), ready),
        meter=meter,
        secret_keys=SECRET_KEYS,
        limits=limits,
    )
    app = create_app(services)
    world = World(clock, timers, watch, store, MemoryJobLeases(store), units_of_work, services, app)
    await world.empty()
    return world
