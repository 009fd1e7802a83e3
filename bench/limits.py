"""What a limit that is not reached costs: `python -m bench.limits`.

One worker drains the same jobs from a queue without limits and from queues with some, in turns on one server. The rates
of the limited ones are judged by that of the unlimited one.
"""

import argparse
import statistics
import sys

import attrs

from bench.worker.contenders import Contender, equeue
from bench.worker.phases import Drained, drain
from bench.worker.stage import opened

GOAL = 0.7
LIMITS = {
    "max_running": "(max_running) values (10000)",
    "max_running of 1,000": "(max_running) values (1000)",
    "max_running_per_key": "(max_running_per_key) values (10000)",
    "rate": "(rate_limit, rate_period_s) values (1000000, 1)",
    "all": "(max_running, max_running_per_key, rate_limit, rate_period_s) values (10000, 10000, 1000000, 1)",
}


def limited(free: Contender, name: str) -> Contender:
    """Return the same worker on a queue with a limit that it does not reach."""
    columns, _, values = LIMITS[name].partition(" values ")
    limit = f"insert into equeue.queues (name, {columns[1:]} values ('bench', {values[1:]}"
    return attrs.evolve(free, name=f"{free.name}, {name}", fill=f"with steered as ({limit}) {free.fill}")


def shown(contender: Contender, runs: list[Drained], free: list[float]) -> float:
    """Print what came of one contender, and return its share of the unlimited rate, the median over the rounds."""
    run = sorted(runs, key=lambda each: each.rate)[len(runs) // 2]
    share = statistics.median(each.rate / rate for each, rate in zip(runs, free, strict=True))
    rates = " ".join(f"{each.rate:.0f}" for each in runs)
    print(f"{contender.name:36} {run.rate:8.0f} {share:6.2f} {run.cpu_us:11.0f} {run.statements:10.3f}  {rates}")
    return share


def main() -> int:
    """Measure, and tell by the exit status whether limits that are not reached cost little."""
    parser = argparse.ArgumentParser(prog="python -m bench.limits", description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=100, help="concurrency of the worker")
    parser.add_argument("--limits", nargs="+", choices=LIMITS, default=list(LIMITS))
    options = parser.parse_args()
    free = equeue(options.slots)
    contenders = [free, *(limited(free, name) for name in options.limits)]
    runs: dict[str, list[Drained]] = {contender.name: [] for contender in contenders}
    with opened() as stage:
        for number in range(options.rounds):
            for contender in contenders:
                print(f"round {number + 1} of {options.rounds}: {contender.name}", file=sys.stderr, flush=True)
                runs[contender.name].append(drain(stage, contender, options.jobs))
    rates = [run.rate for run in runs[free.name]]
    print(f"{'':36} {'jobs/s':>8} {'share':>6} {'CPU µs/job':>11} {'stmts/job':>10}  runs")
    shares = [shown(contender, runs[contender.name], rates) for contender in contenders]
    print(f"least share {min(shares):.2f} (goal ≥ {GOAL}) {'met' if min(shares) >= GOAL else 'NOT MET'}")
    return 0 if min(shares) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
