"""Offers eQueue's worker single jobs at a steady pace: `python -m bench.worker.offering offer URL COUNT GAP_S`."""

import json
import sys
import time

from bench.worker.tasks import noop
from equeue import Producer

PAD = "x" * 80


def main() -> None:
    """Print before and after of each call, in nanoseconds of the monotonic clock."""
    _, url, count, gap = sys.argv[1:]
    calls = []
    with Producer(url) as producer:
        begin = time.monotonic()
        for number in range(int(count)):
            time.sleep(max(begin + number * float(gap) - time.monotonic(), 0.0))
            before = time.monotonic_ns()
            producer.enqueue(noop, number=number, pad=PAD)
            calls.append((before, time.monotonic_ns()))
    json.dump(calls, sys.stdout)


if __name__ == "__main__":
    main()
