"""How long an autoscaler's question takes while a million jobs lie about: `python -m bench.scaling`."""

import time
from collections.abc import Iterator
from statistics import median

import psycopg

from bench import servers

JOBS = 1_000_000
RUNNING = 1_000
ASKED = 200
FILL = """
    insert into equeue.jobs (task, queue, priority)
    select 'mail.send', 'q' || n %% 4, n %% 10 from generate_series(1, %(rows)s) as n
"""
RUN = """
    update equeue.jobs set status = 'running', lease_token = 1, attempt = 1, started_at = now(),
      worker_id = '01900000-0000-7000-8000-0000000000aa', lease_expires_at = now() + interval '1 day'
    where id = any(array(select id from equeue.jobs where (status = 'queued') is true limit %(rows)s))
"""
ASK = "select equeue.jobs_to_scale_for(array['q0', 'q1', 'q2', 'q3', 'none'])"


NOTHING = "select 1"
"""Asked in turns with it: what the way there and back costs, and what else goes on at this machine."""


def main() -> None:
    """Print how long answers take, in milliseconds, on each version found."""
    print(f"{JOBS:,} jobs, {RUNNING:,} of them running, {ASKED} questions in turns with `{NOTHING}`, on fresh plans\n")
    print("| server | question | jobs told | first ms | median ms | p99 ms | worst ms |\n|---|---|---|---|---|---|---|")
    for name, binaries in servers.versions().items():
        with servers.running(binaries) as server:
            for row in _rows(name, servers.migrated(server, "bench_scaling")):
                print(row, flush=True)


def _rows(name: str, url: str) -> Iterator[str]:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(FILL, {"rows": JOBS})
        connection.execute(RUN, {"rows": RUNNING})
        connection.execute("analyze equeue.jobs")
    asked: dict[str, list[float]] = {ASK: [], NOTHING: []}
    told: dict[str, int] = {}
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        for _ in range(ASKED):
            for question, times in asked.items():
                begun = time.perf_counter()
                (told[question],) = connection.execute(question).fetchone() or (0,)
                times.append((time.perf_counter() - begun) * 1_000)
    for question, label, jobs in ((ASK, "the function", f"{told[ASK]:,}"), (NOTHING, f"`{NOTHING}`", "")):
        yield f"| {name} | {label} | {jobs} | {_figures(asked[question])} |"


def _figures(times: list[float]) -> str:
    later = sorted(times[1:])
    return f"{times[0]:.2f} | {median(later):.2f} | {later[int(len(later) * 0.99)]:.2f} | {later[-1]:.2f}"


if __name__ == "__main__":
    main()
