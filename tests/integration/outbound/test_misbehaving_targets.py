"""Whatever a target does, a request ends within its deadline, in bounded memory, with a clear word."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from tests.integration.outbound.misbehaving import BOMB, PARTS
from tests.integration.outbound.stage import Server, serving

from equeue.adapters.http.client import BODY_BYTES, GuardedHttp
from equeue.application.ports.outbound import OutboundFailed, OutboundRequest, OutboundResponse

SOON = timedelta(seconds=0.3)
LATER = timedelta(seconds=20)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that plays every part."""
    async with serving(PARTS) as stage:
        yield stage


async def call(server: Server, path: str, deadline: timedelta = LATER, **facts: object) -> OutboundResponse:
    """Call a part of the server, which the operator has allowed."""
    request = OutboundRequest(method="GET", url=server.url(path), deadline=deadline, **facts)  # type: ignore[arg-type]
    return await GuardedHttp([server.endpoint]).send(request)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("good", 200, b'{"ok":true}'),
        ("created", 201, b"made"),
        ("chunked", 200, b"abcde"),
        ("until-close", 200, b"all of it"),
        ("no-content", 204, b""),
        ("after-early-hints", 200, b"here"),
    ],
)
async def test_an_answer_is_read_whole(server: Server, path: str, status: int, body: bytes) -> None:
    """However it is framed, a good answer is taken as it is."""
    response = await call(server, path)
    assert (response.status, response.body, response.truncated) == (status, body, False)
    assert response.origin == f"http://{server.endpoint}"
    assert timedelta(0) < response.elapsed < LATER


@pytest.mark.parametrize("path", ["hangs", "hangs_in_head", "hangs_in_body", "drips_head", "drips_body", "drips_1xx"])
async def test_the_deadline_bounds_the_whole_exchange(server: Server, path: str) -> None:
    """A target that sends a byte now and then gets no more time than one that sends none."""
    with pytest.raises(OutboundFailed, match=r"no complete answer within 0\.3 s"):
        await call(server, path, SOON)


async def test_the_deadline_bounds_sending_too(server: Server) -> None:
    """A target that does not take the request's body holds nobody up."""
    with pytest.raises(OutboundFailed, match="no complete answer"):
        await call(server, "never_reads", SOON, body=b"x" * 50_000_000)


@pytest.mark.parametrize(
    "path",
    ["closes-at-once", "closes-in-head", "closes-after-head", "closes-in-body", "closes-in-chunk", "resets_at_once",
     "resets_in_body", "not-http", "http-0.9", "binary", "empty-status", "status-99", "status-1000", "status-word",
     "negative-length", "two-lengths", "huge-length", "bad-chunk-size", "huge-chunk-size", "odd-transfer-coding",
     "nul-in-header", "folded-header", "nameless-header", "switching"],
)  # fmt: skip
async def test_a_broken_answer_is_trouble_that_may_pass(server: Server, path: str) -> None:
    """Half an answer, a cut connection or something that is not HTTP is never taken for success."""
    with pytest.raises(OutboundFailed) as failed:
        await call(server, path)
    assert str(failed.value).startswith(f"http://{server.endpoint}: ")


@pytest.mark.parametrize(
    "path",
    ["one-huge-header", "many-headers", "endless-reason", "floods_1xx", "padded_chunks", "endless_trailers"],
)
async def test_wrapping_is_bounded(server: Server, path: str) -> None:
    """Headers, 1xx answers, chunk sizes and trailers cannot go on for ever, with time to spare."""
    with pytest.raises(OutboundFailed) as failed:
        await call(server, path)
    assert "no complete answer" not in str(failed.value)
    assert server.visits[0].taken < 16_000_000


@pytest.mark.parametrize("path", ["endless_body", "endless_chunks"])
async def test_a_body_is_cut_at_its_bound(server: Server, path: str) -> None:
    """Ten gigabytes cost what the bound allows: the rest is never read, nor held."""
    tracemalloc.start()
    try:
        response = await call(server, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.truncated
    assert response.body == b"x" * BODY_BYTES
    assert server.visits[0].taken < 64_000_000
    assert peak < 32_000_000


async def test_a_compressed_answer_is_not_inflated(server: Server) -> None:
    """Identity is asked for, and a bomb that comes nevertheless is kept as the few bytes that it is."""
    response = await call(server, "gzip-bomb")
    assert response.body == BOMB
    assert server.visits[0].header("accept-encoding") == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["redirect", "redirect-out"])
async def test_a_redirect_is_an_answer(server: Server, kind: str, status: int) -> None:
    """Nobody goes where a target points to, be it in a circle or to another host."""
    response = await call(server, f"{kind}-{status}")
    assert response.status == status
    assert "location" in response.headers
    assert len(server.visits) == 1


@pytest.mark.parametrize(("path", "status"), [("unavailable_and_hangs", 503), ("missing_and_endless", 404)])
async def test_a_status_that_has_decided_is_not_lost_in_its_body(server: Server, path: str, status: int) -> None:
    """A refusal is known by its head; a body that never ends neither hides nor delays it."""
    response = await call(server, path, timedelta(hours=1))
    assert response.status == status
    assert response.truncated
    assert len(response.body) <= 2_048


async def test_an_early_refusal_is_heard(server: Server) -> None:
    """A target that answers before it has read the whole body is understood."""
    response = await call(server, "refuses_early", body=b"x" * 5_000_000)
    assert (response.status, response.body) == (413, b"too much")


async def test_a_closed_port_is_trouble_that_may_pass(server: Server) -> None:
    """Nobody listens: that may change."""
    async with serving({}) as gone:
        pass
    with pytest.raises(OutboundFailed, match="ConnectError"):
        await call(gone, "x")
    assert server.visits == []


async def test_a_name_without_an_address_is_trouble_that_may_pass() -> None:
    """Name servers fail and recover."""

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    request = OutboundRequest(method="GET", url="http://nowhere.test/", deadline=LATER)
    with pytest.raises(OutboundFailed, match=r"no address for nowhere\.test"):
        await GuardedHttp(resolve=nowhere).send(request)


async def test_a_name_server_that_hangs_is_within_the_deadline() -> None:
    """Looking a name up is part of the exchange."""

    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    request = OutboundRequest(method="GET", url="http://nowhere.test/", deadline=SOON)
    with pytest.raises(OutboundFailed, match="no complete answer"):
        await GuardedHttp(resolve=silent).send(request)


async def test_many_requests_leave_no_connection_behind(server: Server) -> None:
    """Good, broken, late and cut short: every connection is closed once its request has ended."""
    paths = ["good", "hangs", "endless_body", "resets_in_body", "floods_1xx", "redirect-302", "drips_body"] * 4
    await asyncio.gather(*(call(server, path, SOON) for path in paths), return_exceptions=True)
    assert _open_connections(server.port) == 0


async def test_a_cancelled_request_closes_its_connection(server: Server) -> None:
    """A worker that stops a job leaves no connection of it behind."""
    request = asyncio.ensure_future(call(server, "hangs"))
    await server.asked.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert _open_connections(server.port) == 0


def _open_connections(port: int) -> int:
    """Count our own sockets that are still connected to `port`, by the kernel's table."""
    peer = f":{port:04X}"
    with open("/proc/self/net/tcp") as table:  # noqa: PTH123
        rows = [line.split() for line in table][1:]
    return sum(row[2].endswith(peer) and row[3] == "01" for row in rows)
