"""A whole API in memory."""

import attrs
from litestar import Litestar
from uuid_utils.compat import uuid7

from equeue.adapters.memory.leases import MemoryJobLeases
from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.reads import MemoryJobReads
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.adapters.security.keys import ApiKeys, issue
from equeue.adapters.system import UuidV7Ids
from equeue.application.access import Authenticate
from equeue.application.enqueue import Enqueue, EnqueueRules
from equeue.application.manage import ManageJobs
from equeue.application.ports.accounts import User
from equeue.application.ports.unit_of_work import UnitsOfWork
from equeue.application.readiness import Check, Readiness
from equeue.domain.access import Role, Scope
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.http.services import HttpServices, Limits

LIMITS, RULES = Limits(), EnqueueRules()
WELL = Readiness(Check(ok=True), Check(ok=True), Check(ok=True))


@attrs.define
class World:
    """The store, the application over it, and the keys of a few people."""

    clock: MovableClock
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
        revoked: bool = False,
    ) -> str:
        """Store a key of `user` and return its text."""
        key, text = issue(uuid7(), user, "test", scopes=scopes, queue_globs=queue_globs)
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


async def a_world(limits: Limits = LIMITS, rules: EnqueueRules = RULES) -> World:
    """Return an API over an empty store with one member in it."""
    clock = MovableClock()
    store = MemoryStore(clock)
    units_of_work, queue = memory_units_of_work(store), MemoryJobQueue()

    async def ready() -> Readiness:
        return world.readiness

    services = HttpServices(
        enqueue=Enqueue(units_of_work, queue, clock, UuidV7Ids(), rules),
        manage=ManageJobs(units_of_work, queue),
        reads=MemoryJobReads(store),
        units_of_work=units_of_work,
        authenticate=Authenticate(units_of_work, ApiKeys(), clock),
        clock=clock,
        ready=ready,
        secret_keys=(b"k" * 32, b"older" * 8),
        limits=limits,
    )
    world = World(clock, store, MemoryJobLeases(store), units_of_work, services, create_app(services))
    world.member = await world.person(Role.MEMBER)
    world.member_key = await world.key_of(world.member)
    return world
