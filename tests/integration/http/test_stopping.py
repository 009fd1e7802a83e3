"""How a server stops: told by a signal, it says so first, finishes what it has, and exits 0."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.http.conftest import PATIENCE_S, Served, start
from tests.integration.http.test_wire import get, parsed, problem_in


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Give the file whose making lets `/health/ready` answer."""
    return tmp_path / "go"


@pytest.fixture
def gated(tmp_path: Path, gate: Path) -> Iterator[Served]:
    """Give a server whose `/health/ready` waits."""
    server = start(tmp_path, EQUEUE_TEST_GO=str(gate), EQUEUE_TEST_GRACE="1")
    yield server
    server.process.kill()
    server.process.wait(PATIENCE_S)


@pytest.fixture
def patient(tmp_path: Path, gate: Path) -> Iterator[Served]:
    """Give the same with much grace."""
    server = start(tmp_path, EQUEUE_TEST_GO=str(gate), EQUEUE_TEST_GRACE="3600")
    yield server
    server.process.kill()
    server.process.wait(PATIENCE_S)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
async def test_idle_server_exits_0(gated: Served, sig: signal.Signals) -> None:
    """A connection that is merely kept open does not hold it."""
    _, writer = await asyncio.open_connection("127.0.0.1", gated.port)
    gated.signalled(sig)
    assert await gated.ended() == 0
    assert gated.entries()[-1]["event"] == "http.stopped"
    writer.close()


async def test_request_under_way_is_finished(patient: Served, gate: Path) -> None:
    """What was asked before the signal is answered after it; new connections are refused."""
    asking = asyncio.create_task(patient.exchange(get(b"/health/ready")))
    await patient.told("asked")
    patient.signalled(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await patient.exchange(get(b"/health/live"))
            except ConnectionRefusedError:
                break
    gate.touch()  # noqa: ASYNC240 - quick
    status, headers, _ = parsed(await asking)
    assert (status, headers[b"connection"]) == (200, b"close")
    assert await patient.ended() == 0


async def test_request_that_never_ends_is_told_of_the_end(gated: Served) -> None:
    """After the grace the caller gets a problem document, not a cut connection."""
    asking = asyncio.create_task(gated.exchange(get(b"/health/ready")))
    await gated.told("asked")
    gated.signalled(signal.SIGTERM)
    assert problem_in(await asking)["code"] == "stopped"
    assert await gated.ended() == 0


async def test_second_signal_hurries(patient: Served) -> None:
    """It does not wait for the grace of an hour."""
    asking = asyncio.create_task(patient.exchange(get(b"/health/ready")))
    await patient.told("asked")
    patient.signalled(signal.SIGTERM)
    await patient.told("http.stopping")
    patient.signalled(signal.SIGTERM)
    assert problem_in(await asking)["code"] == "stopped"
    assert await patient.ended() == 0
