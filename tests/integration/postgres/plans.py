"""What PostgreSQL would do for a statement of ours: its plan as a prepared one, and what the plan touches."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs
import psycopg
from psycopg import ClientCursor

Node: TypeAlias = dict[str, Any]
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
        found = (node for node in self.nodes() if node.get("Relation Name", table) == table)
        return {node["Index Name"] for node in found if "Index Name" in node}

    def scans_whole(self, table: str = "jobs") -> bool:
        """Tell whether the table is read from end to end."""
        return any(node["Node Type"] == "Seq Scan" and node["Relation Name"] == table for node in self.nodes())

    def sorts(self) -> bool:
        """Tell whether anything is sorted."""
        return any("Sort" in node["Node Type"] for node in self.nodes())

    def rows_touched(self, table: str = "jobs") -> int:
        """Return how many of the table's rows were looked at, if the statement was run."""
        found = (node for node in self.nodes() if node.get("Relation Name") == table and "Scan" in node["Node Type"])
        return sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
            for node in found
        )


def plan_of(connection: psycopg.Connection[Any], statement: str, facts: Mapping[str, Any], *, mode: str) -> Plan:
    """Run a statement as the server would run it prepared, take it back, and return its plan.

    The mode is custom, a plan for the parameters, or generic, the one to which the server turns after a while.
    """
    names = list(dict.fromkeys(_PLACE.findall(statement)))
    prepared = _PLACE.sub(lambda place: f"${names.index(place[1]) + 1}", statement).replace("%%", "%")
    places = ", ".join(f"%({name})s" for name in names)
    with connection.transaction(force_rollback=True), ClientCursor(connection) as cursor:
        connection.execute(f"set local plan_cache_mode = force_{mode}_plan")
        connection.execute(f"prepare tried as {prepared}")
        cursor.execute(f"explain (analyze, format json, timing off) execute tried ({places})", facts)
        ((told,),) = cursor.fetchall()
        connection.execute("deallocate tried")
    return Plan((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
