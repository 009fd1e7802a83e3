"""How much room a page of jobs should keep free, and how often to vacuum: `python -m bench.room`.

A steady state: jobs come in, are claimed, beat while they run, succeed and are pruned. Counted are bytes of WAL and
heap-only updates, which do not depend on how busy the machine is, and buffers that a claim touches at the end.
"""

import argparse
from collections import Counter
from typing import Any

import attrs
import psycopg
from tests.servers import Server

from bench import servers

BATCH = 200
RUNNING = 1_000
BACKLOG = 20_000
INSERT = """
    insert into equeue.jobs (task, payload, user_id)
    select 'mail.send', jsonb_build_object('to', n, 'text', repeat('x', (random() * 400)::int)), gen_random_uuid()
    from generate_series(1, %(rows)s) n
"""
CLAIM = """
    update equeue.jobs set status = 'running', lease_token = lease_token + 1, attempt = attempt + 1,
      started_at = now(), worker_id = '01900000-0000-7000-8000-0000000000aa',
      lease_expires_at = now() + interval '30 s'
    where id = any(array(
      select id from equeue.jobs where (status = 'queued') is true and queue = 'default'
      order by priority, run_at, id limit %(rows)s))
"""
BEAT = """
    update equeue.jobs set lease_expires_at = clock_timestamp() + interval '30 s' where (status = 'running') is true
"""
SETTLE = """
    update equeue.jobs set status = 'succeeded', result = '{"ok": true}', finished_at = now(), lease_expires_at = null
    where id = any(array(
      select id from equeue.jobs where (status = 'running') is true order by id limit %(rows)s))
"""
PRUNE = """
    delete from equeue.jobs where id = any(array(
      select id from equeue.jobs where status = 'succeeded' order by created_at limit %(rows)s))
"""
HEAP_ONLY = "select pg_stat_get_xact_tuples_hot_updated('equeue.jobs'::regclass)"
SIZES = "select format('%s | %s', pg_relation_size('equeue.jobs') >> 20, pg_indexes_size('equeue.jobs') >> 20)"
HEADING = """
| fillfactor | jobs a vacuum | beats a job | heap-only | WAL a beat | WAL a job | table MiB | indexes MiB | buffers |
|---|---|---|---|---|---|---|---|---|"""


@attrs.frozen
class Run:
    """One way to keep the table, tried for `cycles` batches with `beats` heartbeats each."""

    fillfactor: int
    vacuum_every: int
    beats: int
    cycles: int

    def __call__(self, server: Server, name: str) -> str:
        """Run it in a database of its own and return a line of figures."""
        wal, rows, hot = Counter[str](), Counter[str](), 0
        with psycopg.connect(servers.migrated(server, name), autocommit=True) as connection:
            connection.execute(
                f"alter table equeue.jobs set (fillfactor = {self.fillfactor}, autovacuum_enabled = off)".encode()
            )
            connection.execute(INSERT, {"rows": BACKLOG})
            connection.execute(CLAIM, {"rows": RUNNING})
            for cycle in range(self.cycles):
                steps = {"insert": INSERT, "claim": CLAIM, **{f"beat{n}": BEAT for n in range(self.beats)}}
                for step, statement in {**steps, "settle": SETTLE, "prune": PRUNE}.items():
                    written, touched, heap_only = _measured(connection, statement)
                    kind = step.rstrip("0123456789")
                    wal[kind], rows[kind] = wal[kind] + written, rows[kind] + touched
                    hot += heap_only if kind == "beat" else 0
                if (cycle + 1) % self.vacuum_every == 0:
                    connection.execute("vacuum equeue.jobs")
            sizes = _value(connection, SIZES)
            plan = _value(connection, "explain (analyze, buffers, format json)" + CLAIM, {"rows": BATCH})
        buffers = plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
        return (
            f"| {self.fillfactor} | {self.vacuum_every * BATCH} | {self.beats} | {hot / rows['beat']:.0%} "
            f"| {wal['beat'] / rows['beat']:.0f} | {wal.total() / rows['settle']:.0f} | {sizes} | {buffers} |"
        )


def _measured(connection: psycopg.Connection, statement: str) -> tuple[int, int, int]:
    """Return the bytes of WAL, the rows and the heap-only updates of one statement."""
    before = _value(connection, "select pg_current_wal_insert_lsn()::text")
    with connection.transaction():
        heap_only = int(_value(connection, HEAP_ONLY))
        rows = connection.execute(statement.encode(), {"rows": BATCH}).rowcount
        heap_only = int(_value(connection, HEAP_ONLY)) - heap_only
    written = _value(
        connection, "select (pg_current_wal_insert_lsn() - %(before)s::pg_lsn)::bigint", {"before": before}
    )
    return int(written), rows, heap_only


def _value(connection: psycopg.Connection, query: str, parameters: dict[str, object] | None = None) -> Any:
    row = connection.execute(query.encode(), parameters).fetchone()
    return None if row is None else row[0]


def main() -> None:
    """Print a table for each version of PostgreSQL that is here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=100)
    cycles = parser.parse_args().cycles
    runs = [Run(fill, 5, 1, cycles) for fill in (100, 90, 80, 70, 60, 50)]
    runs += [Run(fill, 20, 3, cycles) for fill in (100, 90, 80, 70, 60, 50)]
    runs += [Run(70, every, 1, cycles) for every in (20, 100, 1_000_000)]
    for version, binaries in servers.versions().items():
        print(version, HEADING, sep="\n")
        with servers.running(binaries) as server:
            for number, run in enumerate(runs):
                print(run(server, f"room_{number}"), flush=True)


if __name__ == "__main__":
    main()
