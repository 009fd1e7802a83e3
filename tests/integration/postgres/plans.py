"""What PostgreSQL would do for a statement of ours: its plan as a prepared one, and what the plan touches."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeAlias

import attrs
import psycopg
from psycopg import ClientCursor
from sqlalchemy import ClauseElement, make_url

from equeue.adapters.postgres import planning
from equeue.adapters.postgres.engine import PLANNING

Node: TypeAlias = dict[str, Any]
FRESH = "set local plan_cache_mode = force_custom_plan"
DIALECT = make_url("postgresql+psycopg://").get_dialect()()
_PLACE = re.compile(r"%\((\w+)\)[bs]")


@attrs.frozen
class Plan:
    """One plan, as a tree of nodes."""

    root: Node

    def nodes(self) -> Iterator[Node]:
        """Return every node, from the top."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.get("Plans", []))

    def indexes(self, table: str = "jobs") -> set[str]:
        """Return the indexes through which the table's rows are found."""
        names = {node["Index Name"] for node in self.nodes() if "Index Name" in node}
        return {name for name in names if name.partition("_")[2].startswith(table)}

    def scans_whole(self, table: str = "jobs") -> bool:
        """Tell whether the table is read from end to end."""
        return any(node["Node Type"] == "Seq Scan" and node["Relation Name"] == table for node in self.nodes())

    def sorts(self) -> bool:
        """Tell whether anything is sorted."""
        return any("Sort" in node["Node Type"] for node in self.nodes())

    def pairs_compared(self) -> int:
        """Return how many pairs of rows a join tried in vain, if the statement was run."""
        return sum(round(node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"]) for node in self.nodes())

    def rows_touched(self, table: str = "jobs") -> int:
        """Return how many of the table's rows were looked at, if the statement was run."""
        found = (node for node in self.nodes() if node.get("Relation Name") == table and "Scan" in node["Node Type"])
        return sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            for node in found
        )


@attrs.frozen
class Prepared:
    """A statement prepared in a session, as the driver does it."""

    connection: psycopg.Connection[Any]
    name: str
    places: tuple[str, ...]

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], statement: str, name: str = "tried") -> Self:
        """Prepare a statement."""
        names = list(dict.fromkeys(_PLACE.findall(statement)))
        words = _PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", statement).replace("%%", "%")
        connection.execute(f"prepare {name} as {words}")
        return cls(connection, name, tuple(names))

    def plan(self, facts: Mapping[str, Any]) -> Plan:
        """Run it, take back what it did, and return its plan."""
        asked = (
            f"explain (analyze, format json, timing off) execute {self.name} ({', '.join(map(_place, self.places))})"
        )
        with self.connection.transaction(force_rollback=True), ClientCursor(self.connection) as cursor:
            cursor.execute(asked, facts)
            ((told,),) = cursor.fetchall()
        return Plan((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])


def plan_of(connection: psycopg.Connection[Any], statement: str, facts: Mapping[str, Any], *, mode: str) -> Plan:
    """Return a statement's plan as one prepared in the session of a `lane`, or planned each time behind a `pooler`."""
    with connection.transaction(force_rollback=True):
        connection.execute(PLANNING.replace("false", "true") if mode == "lane" else FRESH)
        prepared = Prepared.of(connection, statement)
        try:
            return prepared.plan(facts)
        finally:
            connection.execute("deallocate tried")


def explained(connection: psycopg.Connection[Any], words: str, facts: Mapping[str, Any]) -> Plan:
    """Run a statement of the cold path, take it back, and return its plan."""
    with connection.transaction(force_rollback=True), ClientCursor(connection) as cursor:
        cursor.execute(f"explain (analyze, format json, timing off) {words}", facts)
        ((told,),) = cursor.fetchall()
    return Plan((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])


def plan_of_look(connection: psycopg.Connection[Any], asked: ClauseElement) -> Plan:
    """Return the plan of a query, which was run in a transaction that only walks along indexes."""
    compiled = asked.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    with connection.transaction(force_rollback=True):
        connection.execute(planning.PLANNING)
        return explained(connection, str(compiled), compiled.params)


def buffers_of(connection: psycopg.Connection[Any], statement: str, facts: Mapping[str, Any]) -> int:
    """Return how many pages a statement looks at to find its rows; what it does is taken back."""
    words = _PLACE.sub(r"%(\1)s", statement)
    with connection.transaction(force_rollback=True), ClientCursor(connection) as cursor:
        cursor.execute(f"explain (analyze, buffers, format json, timing off) {words}", facts)
        ((told,),) = cursor.fetchall()
    plan = Plan((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
    return sum(int(node["Shared Hit Blocks"]) for node in plan.nodes() if node.get("Alias") == "q")


def _place(name: str) -> str:
    return f"%({name})s"
