"""Real servers, and raw connections to them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20


@attrs.define
class Served:
    """A server process; its output goes to `log`."""

    process: "subprocess.Popen[bytes]"
    log: Path
    port: int = 0
    key: str = ""

    async def exchange(self, *parts: bytes, cut: bool = False) -> bytes:
        """Send `parts` over one connection and return all that comes until it is closed.

        The request has to ask for the close, or to be so bad that the server hangs up. `cut` ends the sending side.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with suppress(ConnectionError):  # it may answer and hang up before it has read all
            for part in parts:
                writer.write(part)
                await writer.drain()
            if cut:
                writer.write_eof()
        try:
            return await asyncio.wait_for(_read(reader), PATIENCE_S)
        finally:
            writer.close()

    def signalled(self, sig: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(sig)

    async def ended(self) -> int:
        """Wait for the end of the process and return its exit code."""
        return await asyncio.to_thread(self.process.wait, PATIENCE_S)

    async def told(self, event: str) -> None:
        """Wait until the process has written of an event."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(entry.get("event") == event for entry in self.entries()):  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.01)

    def entries(self) -> list[dict[str, Any]]:
        """Return what was written so far, a line each; a line that is no JSON (a stray traceback) has no event."""
        return [_entry(line) for line in self.log.read_text("utf-8").splitlines()]


async def _read(reader: asyncio.StreamReader) -> bytes:
    received = b""
    with suppress(ConnectionError):  # a reset after the answer
        while piece := await reader.read(65_536):
            received += piece
    return received


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {"stray": line}
    return entry if isinstance(entry, dict) else {"stray": line}


def start(folder: Path, **environment: str) -> Served:
    """Start a server and wait until it says where it is."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.http.serving"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    served = Served(process, log)
    asyncio.run(served.told("http.serving"))
    first = served.entries()[0]
    served.port, served.key = first["port"], first["key"]
    return served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a server for all tests of this session."""
    server = start(tmp_path_factory.mktemp("http"))
    yield server
    server.process.kill()
    server.process.wait(PATIENCE_S)
