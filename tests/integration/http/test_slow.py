"""Who is slow, waits or streams: over real connections, to a server in a process of its own."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.integration.http.conftest import PATIENCE_S, Served, start
from tests.integration.http.test_wire import CLOSE, get, lives, parsed, post, problem_in

CROWD = 1_000
BODY = b'{"task":"a"}'


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Served]:
    """Give a server that waits for nobody's head or body longer than half a second."""
    server = start(tmp_path, EQUEUE_TEST_HEAD_S="0.5", EQUEUE_TEST_BODY_S="0.5")
    yield server
    server.process.kill()
    server.process.wait(PATIENCE_S)


def key_of(served: Served) -> bytes:
    """Return the header with the server's key."""
    return b"authorization: Bearer " + served.key.encode()


async def a_job(served: Served) -> bytes:
    """Enqueue a job that nobody runs; return its path."""
    answer = await served.exchange(post(served) + b"\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY)
    status, headers, _ = parsed(answer)
    assert status == 201
    return headers[b"location"]


async def test_silent_connection_is_closed(hasty: Served) -> None:
    """Who says nothing is told nothing."""
    assert await hasty.exchange() == b""


async def test_slow_head_is_408(hasty: Served) -> None:
    """Half a head is not waited for."""
    assert problem_in(await hasty.exchange(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "))["code"] == "request-timeout"
    assert await lives(hasty)


async def test_slow_body_is_408(hasty: Served) -> None:
    """Nor is half a body."""
    request = post(hasty) + b"\r\ncontent-length: 100\r\n\r\n{"
    assert problem_in(await hasty.exchange(request))["code"] == "request-timeout"
    assert await lives(hasty)


async def test_kept_connection_gets_a_head_of_its_own_time(hasty: Served) -> None:
    """A connection that served one request may rest before the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    request = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    for _ in range(2):
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            assert b"200 OK" in await reader.readuntil(b"}")
        await asyncio.sleep(0.7)  # longer than a head may take
    writer.close()


async def test_slow_crowd_keeps_nobody_from_an_answer(served: Served) -> None:
    """A thousand connections drip; `/health/live` answers."""
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", served.port) for _ in range(CROWD)))
    for _, writer in opened:
        writer.write(b"GET / HTTP/1.1\r\nx-slow")
    assert await lives(served)
    for _, writer in opened:
        writer.close()


async def test_waiting_request_outlives_the_time_for_heads(hasty: Served) -> None:
    """What is whole may take as long as it wants to wait."""
    path = await a_job(hasty)
    status, headers, _ = parsed(await hasty.exchange(get(path + b"/result", key_of(hasty), b"prefer: wait=1")))
    assert (status, headers[b"preference-applied"]) == (202, b"wait=1")


async def test_streams_end_first_when_the_server_stops(hasty: Served) -> None:
    """With a stream and a wait open it exits at once: it does not wait for its grace of five seconds."""
    path = await a_job(hasty)
    streaming = asyncio.create_task(hasty.exchange(get(path + b"/stream", key_of(hasty))))
    waiting = asyncio.create_task(hasty.exchange(get(path, key_of(hasty), b"prefer: wait=55")))
    await asyncio.sleep(0.5)
    hasty.signalled(signal.SIGTERM)
    assert await hasty.ended() == 0
    stream = await streaming
    assert b"event: status\nid: queued-0-0\n" in stream
    assert stream.endswith(b"0\r\n\r\n"), "the stream was cut, not ended"
    assert parsed(await waiting)[0] == 200
    stopping, stopped = (
        next(n for n, entry in enumerate(hasty.entries()) if entry.get("event") == event)
        for event in ("http.stopping", "http.stopped")
    )
    assert stopping < stopped


async def test_two_hundred_hang_up_and_leave_nothing(served: Served) -> None:
    """Their requests end; the server serves on."""
    path = await a_job(served)
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", served.port) for _ in range(200)))
    for _, writer in opened:
        writer.write(b"GET " + path + b"/stream HTTP/1.1\r\n" + CLOSE + key_of(served) + b"\r\n\r\n")
    for reader, writer in opened:
        async with asyncio.timeout(PATIENCE_S):
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        writer.close()
    for _, writer in opened:
        with suppress(ConnectionError):
            await writer.wait_closed()
    assert await lives(served)
