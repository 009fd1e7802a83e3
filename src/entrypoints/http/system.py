"""GET /system: how the system below the API is, for admins."""

from importlib.metadata import version

from msgspec import Struct

from ...application.ports.queue import QueueHealth
from ...application.ports.system import DatabaseFacts, TableFacts, VacuumHolder
from ...domain.access import Scope
from . import wire
from .endpoint import API, Answer, Call, any_of, endpoint
from .render import instant, maybe_instant
from .services import HttpServices


class IndexOut(Struct):
    """One index, and its size."""

    name: str
    bytes: int


class TableOut(Struct):
    """One table. Rows are the database's estimates; `bytes` is without the indexes."""

    name: str
    live_rows: int
    dead_rows: int
    bytes: int
    index_bytes: int
    indexes: list[IndexOut]
    vacuumed_at: wire.Instant | None
    analyzed_at: wire.Instant | None


class HolderOut(Struct):
    """What keeps vacuum from removing dead rows; `transactions` have begun since its snapshot."""

    kind: str
    name: str
    transactions: int
    age_s: wire.Seconds | None
    remedy: str


class DatabaseOut(Struct):
    """PostgreSQL, and the schema in it."""

    version: str
    schema: str
    bytes: int
    tables: list[TableOut]
    vacuum_held_by: list[HolderOut]


class BackendOut(Struct):
    """What carries hints. Without it work is picked up later, and none is lost."""

    backend: str
    ok: bool
    detail: str
    troubles: int
    dropped: int


class SystemOut(Struct):
    """The system below the API, as it is now."""

    version: str
    server_time: wire.Instant
    database: DatabaseOut
    queue: BackendOut


@endpoint("GET", f"{API}/system", access=any_of(Scope.ADMIN), answers={200: SystemOut}, tag="system")
async def get_system(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Tell versions, sizes, dead rows, what holds vacuum back, and whether hints flow."""
    view = await services.system()
    return Answer.of(
        SystemOut(
            version("equeue"),
            instant(services.clock.now()),
            _database(view.database),
            _backend(view.backend, view.queue),
        )
    )


def _database(facts: DatabaseFacts) -> DatabaseOut:
    return DatabaseOut(
        facts.version,
        facts.revision,
        facts.bytes,
        [_table(table) for table in facts.tables],
        [_holder(holder) for holder in facts.holders],
    )


def _table(facts: TableFacts) -> TableOut:
    return TableOut(
        facts.name,
        facts.live_rows,
        facts.dead_rows,
        facts.bytes,
        sum(index.bytes for index in facts.indexes),
        [IndexOut(index.name, index.bytes) for index in facts.indexes],
        maybe_instant(facts.vacuumed_at),
        maybe_instant(facts.analyzed_at),
    )


def _holder(holder: VacuumHolder) -> HolderOut:
    age = None if holder.age is None else holder.age.total_seconds()
    return HolderOut(holder.kind, holder.name, holder.transactions, age, holder.remedy)


def _backend(name: str, health: QueueHealth) -> BackendOut:
    return BackendOut(name, health.ok, health.detail, health.troubles, health.dropped)


ENDPOINTS = (get_system,)
