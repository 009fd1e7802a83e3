"""Writes docs/reference/queries.md: the plan of every hot statement on more than 100,000 jobs (`make plans`)."""

import re
from pathlib import Path
from typing import Any, cast

import psycopg
from bench import servers
from psycopg import ClientCursor
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from tests.integration.postgres.test_plans import STATEMENTS, change_facts, every_fact, held, seed

from equeue.adapters.postgres import planning
from equeue.adapters.postgres.cadences import TICK
from equeue.adapters.postgres.claiming import lanes
from equeue.adapters.postgres.engine import PLANNING
from equeue.adapters.postgres.moves import CHANGE
from equeue.adapters.postgres.reads import page_query
from equeue.application.ports.reads import JobFilter
from equeue.domain.ids import UUID
from equeue.domain.status import JobStatus

PAGE = Path(__file__).parent / "reference" / "queries.md"
OWNER = UUID("00000000-0000-7000-8000-00000000b001")

WHAT = {
    "claim": ("A worker asks for due jobs of its queues", "`ix_jobs_claim`, one probe a (queue, priority); `pk_jobs`"),
    "claim_in_turn": ("The same from queues with limits, by whose turn it is", "as `claim`"),
    "claim_only": ("A worker asks for jobs that a hint named", "`pk_jobs`"),
    "heartbeat": ("A worker renews its leases", "`pk_jobs`; a heap-only update where the page has room"),
    "succeed": ("A set of attempts, all succeeded, is settled", "`pk_jobs`"),
    "settle": ("A mixed set of attempts is settled and recorded", "`pk_jobs`"),
    "look_back": ("A settlement found its fence closed: why", "`pk_jobs`, `pk_attempts`"),
    "take_over": ("Leases that ran out are taken over", "`ix_jobs_running`, `pk_jobs`"),
    "expire": ("Jobs not started in time are cancelled", "`ix_jobs_expiry`, `pk_jobs`"),
    "due": ("Maintenance looks which ids to publish to Redis", "`ix_jobs_claim`, one probe a (queue, priority)"),
    "tick": ("Maintenance asks what is due and when to wake", "`ix_jobs_claim`, `ix_jobs_running`"),
    "change": ("People's moves are written", "`pk_jobs`"),
    "list": ("The list of all jobs, newest first", "`ix_jobs_status_created_at_id`, one status at a time, merged"),
    "list_of_status": ("The list of one status", "`ix_jobs_status_created_at_id`"),
    "list_of_owner": ("The list of one person's jobs", "`ix_jobs_user_id_created_at`"),
}

HEAD = """# Queries and their indexes

Each statement of the system that runs often or on a large table, with the index that serves it and its plan on
PostgreSQL 18 with 112,000 jobs: 60,000 ended, 40,000 due, 10,000 in the future at the top priority, 2,000 running. This
page is written by `make plans`; `tests/integration/postgres/test_plans.py` and `test_read_plans.py` pin the shapes (no
sort of the backlog, no scan of the table, no guarded write through an index on `status`), with fresh and with stale
statistics, for plans made once and for plans made each time.

Guards on status are written `(status = …) is true`, which no index on `status` can serve: under a snapshot held open
elsewhere such an index keeps every dead entry. The claim index and the lapse index carry the same predicate.
"""


def main() -> None:
    """Fill a database, ask for every plan, and write the page."""
    with servers.running(servers.versions()["PostgreSQL 18"]) as server:
        url = servers.migrated(server, "plans")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(seed(late="analyze equeue.jobs;"))
            PAGE.write_text(HEAD + "".join(section(name, plan) for name, plan in plans(connection).items()))


def plans(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return each statement's plan."""
    ids = held(connection)
    probed = lanes(["q0", "q1"])
    tick = {
        "names": ["lapse"],
        "periods": ["1 s"],
        "queues": [queue for queue, _ in probed],
        "priorities": [priority for _, priority in probed],
    }
    hot = {name: explain(connection, words, every_fact(name, ids)) for name, words in STATEMENTS.items()}
    cold = {"tick": explain(connection, TICK, tick), "change": explain(connection, CHANGE, change_facts(ids))}
    filters = {
        "list": JobFilter(),
        "list_of_status": JobFilter(statuses=(JobStatus.DEAD,)),
        "list_of_owner": JobFilter(owner=OWNER),
    }
    walking = planning.PLANNING
    lists = {name: explain(connection, listing(where), {}, walking) for name, where in filters.items()}
    return hot | cold | lists


def listing(where: JobFilter) -> str:
    """Return the words of a listing's query, for its first page of 50."""
    asked = page_query(where, 51, None, oldest_first=False)
    return str(asked.compile(dialect=cast(Any, PGDialect_psycopg)(), compile_kwargs={"literal_binds": True}))


def explain(connection: psycopg.Connection[Any], words: str, facts: dict[str, Any], planned: str = PLANNING) -> str:
    """Return the plan of a statement, planned as a worker's session does it unless told otherwise; it is not run."""
    client = re.sub(r"%\((\w+)\)b", r"%(\1)s", words)
    with connection.transaction(force_rollback=True), ClientCursor(connection) as cursor:
        cursor.execute(planned.encode())
        cursor.execute(f"explain (costs off) {client}".encode(), facts or None)
        lines = [row[0] for row in cursor.fetchall()]
    return "\n".join(shortened(line) for line in lines)


def shortened(line: str) -> str:
    """Return a line of a plan with long lists of values cut."""
    return re.sub(r"'\{([^}']{40})[^}']*\}'", r"'{\1…}'", line)


def section(name: str, plan: str) -> str:
    """Return one statement's part of the page."""
    what, index = WHAT[name]
    return f"\n## {name}\n\n{what}. Index: {index}.\n\n```\n{plan}\n```\n"


if __name__ == "__main__":
    main()
