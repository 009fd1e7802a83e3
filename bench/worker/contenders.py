"""Who takes part: how each is installed, filled, run, and asked how many jobs succeeded."""

import sys
from pathlib import Path
from typing import LiteralString

import attrs

NUMBERED: LiteralString = "jsonb_build_object('number', n, 'pad', repeat('x', 80))"


@attrs.frozen(kw_only=True)
class Contender:
    """One queue at one setting. In commands, `{url}` stands for the database's address.

    `fill` inserts `%(jobs)s` jobs in plain SQL, numbered from 0; `succeeded` counts what ended well. `share` of the
    jobs is drained by one who is too slow for all of them.
    """

    name: str
    install: tuple[str, ...]
    work: tuple[str, ...]
    offer: tuple[str, ...] | None
    fill: LiteralString
    succeeded: LiteralString
    table: str
    share: float = 1.0
    ours: bool = False
    bare: bool = False

    def command(self, verb: tuple[str, ...], url: str, *more: object) -> list[str]:
        """Return the command line for `verb` on a database."""
        return [part.replace("{url}", url) for part in verb] + [str(part) for part in more]


def equeue(concurrency: int) -> Contender:
    """Return eQueue's worker with so many slots."""
    binaries = Path(sys.executable).parent
    work = (str(binaries / "equeue"), "worker", "bench.worker.tasks:tasks", "--database-url", "{url}")
    return Contender(
        name=f"equeue -c {concurrency}",
        install=(str(binaries / "equeue"), "migrate", "up", "--database-url", "{url}"),
        work=(*work, "--concurrency", str(concurrency), "--drain-timeout", "1"),
        offer=(sys.executable, "-m", "bench.worker.offering", "offer", "{url}"),
        fill=f"""insert into equeue.jobs (task, queue, payload)
            select 'bench.noop', 'bench', {NUMBERED} from generate_series(0, %(jobs)s - 1) n""",
        succeeded="select count(*) from equeue.jobs where task = 'bench.noop' and status = 'succeeded'",
        table="equeue.jobs",
        ours=True,
    )


def pgqueuer(python: Path, batch: int) -> Contender:
    """Return pgqueuer with batches of so many."""
    return Contender(
        name=f"pgqueuer, batch {batch}",
        **_program(python, "pgqueuer", batch),
        fill=f"""insert into pgqueuer (priority, entrypoint, payload, status)
            select 0, 'noop', convert_to({NUMBERED}::text, 'utf8'), 'queued' from generate_series(0, %(jobs)s - 1) n""",
        succeeded="select count(*) from pgqueuer_log where status = 'successful'",
        table="pgqueuer",
    )


def oban(python: Path, limit: int) -> Contender:
    """Return oban with so many jobs at a time."""
    return Contender(
        name=f"oban, limit {limit}",
        **_program(python, "oban", limit),
        fill=f"""insert into oban_jobs (queue, worker, args)
            select 'default', '__main__.Noop', {NUMBERED} from generate_series(0, %(jobs)s - 1) n""",
        succeeded="select count(*) from oban_jobs where state = 'completed'",
        table="oban_jobs",
    )


def procrastinate(python: Path, concurrency: int) -> Contender:
    """Return procrastinate with so many jobs at a time."""
    return Contender(
        name=f"procrastinate, concurrency {concurrency}",
        **_program(python, "procrastinate", concurrency),
        fill=f"""insert into procrastinate_jobs (queue_name, task_name, args)
            select 'bench', 'noop', {NUMBERED} from generate_series(0, %(jobs)s - 1) n""",
        succeeded="select count(*) from procrastinate_jobs where status = 'succeeded'",
        table="procrastinate_jobs",
        share=0.1,
    )


def bare() -> Contender:
    """Return the loop without a worker."""
    program = (sys.executable, "-m", "bench.worker.bare")
    return Contender(
        name="bare loop, batch 1000",
        install=(*program, "install", "{url}"),
        work=(*program, "work", "{url}"),
        offer=None,
        fill=f"""insert into jobs (task, payload, user_id)
            select 'noop', {NUMBERED}, n %% 1000 from generate_series(0, %(jobs)s - 1) n""",
        succeeded="select count(*) from jobs where status = 2",
        table="jobs",
        bare=True,
    )


def _program(python: Path, peer: str, setting: int) -> dict[str, tuple[str, ...]]:
    program = (str(python), "-m", f"bench.peers.with_{peer}")
    return {
        "install": (*program, "install", "{url}"),
        "work": (*program, "work", "{url}", str(setting)),
        "offer": (*program, "offer", "{url}"),
    }
