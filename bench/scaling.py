"""How long an autoscaler's question takes while a million jobs lie about: `python -m bench.scaling`."""

import time
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


def main() -> None:
    """Print the median and the worst answer, in milliseconds, on each version found."""
    print(f"{JOBS:,} jobs, {RUNNING:,} of them running, {ASKED} questions, each on a fresh plan\n")
    print("| server | jobs told | first ms | median ms | worst ms |\n|---|---|---|---|---|")
    for name, binaries in servers.versions().items():
        with servers.running(binaries) as server:
            print(_row(name, servers.migrated(server, "bench_scaling")), flush=True)


def _row(name: str, url: str) -> str:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(FILL, {"rows": JOBS})
        connection.execute(RUN, {"rows": RUNNING})
        connection.execute("analyze equeue.jobs")
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        times, told = [], 0
        for _ in range(ASKED):
            begun = time.perf_counter()
            (told,) = connection.execute(ASK).fetchone() or (0,)
            times.append((time.perf_counter() - begun) * 1_000)
    return f"| {name} | {told:,} | {times[0]:.2f} | {median(times):.2f} | {max(times[1:]):.2f} |"


if __name__ == "__main__":
    main()
