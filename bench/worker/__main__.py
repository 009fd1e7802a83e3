"""Run the phases asked for and print them with their ratios; the exit status says whether the goals are met."""

import argparse
import signal
import statistics
import sys
from collections.abc import Sequence

from .contenders import Contender, bare, equeue, oban, pgqueuer, procrastinate
from .environment import peers_python
from .phases import Drained, beside_a_long_job, drain, idle_together, memory, quiet
from .stage import Stage, opened

PHASES = ("drain", "two", "quiet", "long", "memory")
PAIRS = 3
"""So many pairs a round of the phase `long`, for one lasts but seconds."""
BEST_PEER, BARE_LOOP, LONG_JOB, GROWTH = 1.3, 0.4, 0.95, 1.10


def contenders(slots: Sequence[int], *, peers: bool) -> list[Contender]:
    """Return who takes part, eQueue first."""
    ours = [equeue(concurrency) for concurrency in slots]
    if not peers:
        return [*ours, bare()]
    python = peers_python()
    others = [pgqueuer(python, 100), pgqueuer(python, 1_000), oban(python, 100), procrastinate(python, 30)]
    return [*ours, *others, bare()]


def median(runs: Sequence[Drained]) -> Drained:
    """Return the run of the median rate."""
    return sorted(runs, key=lambda run: run.rate)[len(runs) // 2]


def drains(stage: Stage, taking_part: Sequence[Contender], jobs: int, rounds: int, workers: int) -> bool:
    """Let all drain in turns; print a table and judge eQueue by the best peer and the bare loop."""
    runs: dict[str, list[Drained]] = {contender.name: [] for contender in taking_part}
    for number in range(rounds):
        for contender in taking_part:
            print(f"round {number + 1} of {rounds}: {contender.name}", file=sys.stderr)
            runs[contender.name].append(drain(stage, contender, int(jobs * contender.share), workers))
    rates = {contender: median(runs[contender.name]).rate for contender in taking_part}
    ours = max(rate for contender, rate in rates.items() if contender.ours)
    print(f"\ndrain of {jobs} jobs, {workers} worker(s), median of {rounds}")
    print(f"{'':32} {'jobs/s':>8} {'of ours':>8} {'CPU µs/job':>11} {'stmts/job':>10} {'MB':>6}  runs")
    for contender, rate in rates.items():
        run = median(runs[contender.name])
        each = " ".join(f"{one.rate:.0f}" for one in runs[contender.name])
        print(
            f"{contender.name:32} {rate:8.0f} {rate / ours:8.2f} {run.cpu_us:11.0f} {run.statements:10.3f}"
            f" {run.megabytes:6.0f}  {each}"
        )
    return _judged(rates, ours, workers)


def _judged(rates: dict[Contender, float], ours: float, workers: int) -> bool:
    peers = [rate for contender, rate in rates.items() if not contender.ours and not contender.bare]
    limit = [rate for contender, rate in rates.items() if contender.bare]
    fine = True
    if peers:
        fine = _ratio("to the best peer", ours / max(peers), BEST_PEER)
    if limit and workers == 1:
        fine = _ratio("to the bare loop", ours / limit[0], BARE_LOOP) and fine
    return fine


def _ratio(name: str, ratio: float, goal: float, *, at_most: bool = False) -> bool:
    met = ratio <= goal if at_most else ratio >= goal
    print(f"  {name}: {ratio:.2f} (goal {'≤' if at_most else '≥'} {goal:.2f}) {'met' if met else 'NOT MET'}")
    return met


def quiets(stage: Stage, taking_part: Sequence[Contender], seconds: float) -> None:
    """Print pickup, idle cost and memory of each."""
    print(f"\npickup on an idle worker (200 calls, 50 ms apart), then {seconds:.0f} s of idleness")
    print(f"{'':32} {'from the call':>15} {'from its return':>16} {'idle':>22}")
    print(f"{'':32} {'p50 ms':>7} {'p99':>7} {'p50 ms':>8} {'p99':>7} {'stmts/s':>8} {'CPU ms/s':>9} {'MB':>6}")
    for contender in taking_part:
        if contender.bare:
            continue
        run = quiet(stage, contender, 200, seconds)
        print(
            f"{contender.name:32} {run.p50:7.2f} {run.p99:7.2f} {run.returned_p50:8.2f} {run.returned_p99:7.2f}"
            f" {run.statements:8.2f} {run.cpu_ms:9.2f} {run.megabytes:6.0f}",
            flush=True,
        )
    both = idle_together(stage, taking_part[0], 2, seconds)
    print(f"two workers of {taking_part[0].name}: {both[0]:.2f} statements/s, {both[1]:.2f} ms CPU/s together")


def long_jobs(stage: Stage, ours: Contender, rounds: int) -> bool:
    """Print what one job of 30 s among 10,000 short ones costs: pairs, in turns one first and the other."""
    ratios = []
    print("\n10,000 short jobs, with one of 30 s and without, jobs/s:")
    for number in range(-1, rounds):  # the first pair warms the machine up and counts for nothing
        order = (True, False) if number % 2 else (False, True)
        rates = {long: beside_a_long_job(stage, ours, 10_000, long=long) for long in order}
        print(f"  {rates[True]:6.0f} {rates[False]:6.0f}{'' if number >= 0 else '  (not counted)'}", flush=True)
        ratios += [rates[True] / rates[False]] * (number >= 0)
    return _ratio("with / without, median of pairs", statistics.median(ratios), LONG_JOB)


def growth(stage: Stage, ours: Contender, jobs: int) -> bool:
    """Print how memory grows from so many jobs to ten times as many."""
    first, last = memory(stage, ours, (jobs, 9 * jobs))
    print(f"\nmemory after {jobs:,} jobs {first:.1f} MB, after {10 * jobs:,} {last:.1f} MB")
    return _ratio("growth", last / first, GROWTH, at_most=True)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.worker", description=__doc__)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slots", type=int, nargs="+", default=[20, 100], help="concurrencies of eQueue's worker")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that server and workers are ended on the way out
    taking_part = contenders(options.slots, peers=not options.no_peers)
    fine = True
    with opened() as stage:
        for phase in options.phases:
            match phase:
                case "drain":
                    fine = drains(stage, taking_part, options.jobs, options.rounds, 1) and fine
                case "two":
                    working = [contender for contender in taking_part if not contender.bare]
                    fine = drains(stage, working, options.jobs, options.rounds, 2) and fine
                case "quiet":
                    quiets(stage, taking_part, options.idle)
                case "long":
                    fine = long_jobs(stage, taking_part[0], PAIRS * options.rounds) and fine
                case "memory":
                    fine = growth(stage, taking_part[0], options.jobs) and fine
    return 0 if fine else 3


if __name__ == "__main__":
    sys.exit(main())
