"""Single jobs over HTTP, beside a plain route that stores one row a request: `python -m bench.http`.

All servers take turns on one database, in slices, so that a machine that drifts drifts for all; each figure is a median
over slices. Authentication and validation are on all sides. The clients share the machine with the servers; what they
take is missing everywhere.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import uvloop

from bench import servers

BODY = json.dumps({"task": "bench.noop", "queue": "bench", "payload": {"number": 1, "pad": "x" * 72}}).encode()
GOALS = {1: 0.9, 32: 2.0, 256: 2.5}
KINDS = ("plain", "routed", "equeue")
WARM_S = 0.3


@attrs.define
class Contender:
    """One server under measurement."""

    kind: str
    port: int
    key: str
    rates: dict[int, list[float]] = attrs.field(factory=dict)
    waits: dict[int, list[float]] = attrs.field(factory=dict)

    def rate(self, connections: int) -> float:
        """Jobs a second, the median of all slices."""
        return statistics.median(self.rates[connections])

    def wait(self, connections: int) -> float:
        """The 99th percentile of the time to an answer, in milliseconds, the median of all slices."""
        return statistics.median(self.waits[connections])


class Caller(asyncio.Protocol):
    """One connection that sends the next request as soon as it has the answer to the last."""

    def __init__(self, request: bytes, waits: list[float], until: float) -> None:
        self._request, self._waits, self._until = request, waits, until
        self._received = b""
        self._transport: Any = None
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, with a word if it was too early."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of one."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 201"):
            self.done.set_exception(ValueError(self._received.decode()))
            self._transport.close()
            return
        self._received = b""
        now = time.perf_counter()
        self._waits.append(now - self._sent_at)
        if now < self._until:
            self._send()
        else:
            self.done.set_result(None)
            self._transport.close()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def a_slice(contender: Contender, connections: int, seconds: float) -> tuple[float, list[float]]:
    """Return the jobs a second of one slice, and the times to each answer."""
    request = (
        b"POST /api/v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s" % (contender.key.encode(), len(BODY), BODY)
    )
    waits: list[float] = []
    begin = time.perf_counter()
    loop, until = asyncio.get_running_loop(), begin + seconds
    opened = [
        await loop.create_connection(lambda: Caller(request, waits, until), "127.0.0.1", contender.port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.done for _, caller in opened))
    return len(waits) / (time.perf_counter() - begin), waits


@contextmanager
def serving(kind: str, url: str, role: str = "member") -> Iterator[Contender]:
    """Give a server in a process of its own, with the key of a person in some role."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.http_servers", kind, url, role],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Contender(kind, told["port"], told["key"])
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def take_turns(contenders: list[Contender], rounds: int, seconds: float) -> None:
    """Let the servers take turns; each is warmed up first."""
    for connections in GOALS:
        for contender in contenders:
            await a_slice(contender, connections, WARM_S)
        for _ in range(rounds):
            for contender in contenders:
                rate, waits = await a_slice(contender, connections, seconds)
                contender.rates.setdefault(connections, []).append(rate)
                late = statistics.quantiles(waits, n=100)[98] * 1_000
                contender.waits.setdefault(connections, []).append(late)


def report(contenders: list[Contender]) -> bool:
    """Print the table; return whether every goal is met."""
    print(f"{'connections':>11} {'server':8} {'jobs/s':>8} {'ratio':>6} {'goal':>5} {'p99 ms':>8}")
    fine = True
    for connections, goal in GOALS.items():
        bare = next(one for one in contenders if one.kind == "plain")
        for one in contenders:
            ratio = one.rate(connections) / bare.rate(connections)
            judged = one.kind == "equeue"
            fine = fine and (not judged or (ratio >= goal and one.wait(connections) <= bare.wait(connections)))
            told = f"{goal if judged else '':>5} {one.wait(connections):8.2f}"
            print(f"{connections:11} {one.kind:8} {one.rate(connections):8.0f} {ratio:6.2f} {told}")
    return fine


def main() -> int:
    """Measure on the newest version; the exit status says whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one slice")
    options = parser.parse_args()
    version, binaries = next(iter(servers.versions().items()))
    with servers.running(binaries) as server, ExitStack() as stack:
        url = servers.migrated(server, "bench_http")
        contenders = [stack.enter_context(serving(kind, url)) for kind in KINDS]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(take_turns(contenders, options.rounds, options.seconds))
        print(f"{version}, {options.rounds} rounds of {options.seconds:g} s")
        return 0 if report(contenders) else 3


if __name__ == "__main__":
    sys.exit(main())
