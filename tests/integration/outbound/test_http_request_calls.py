"""`http.request` over real sockets: what a target sees, what becomes of the job, what nobody sees."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.builders import a_claim, seconds
from tests.integration.outbound.misbehaving import PARTS
from tests.integration.outbound.stage import Server, serving

from equeue.adapters.codec import MsgspecCodec
from equeue.adapters.http.client import GuardedHttp
from equeue.adapters.system import SystemClock
from equeue.application.builtin import HttpRequest
from equeue.application.context import Context
from equeue.application.failures import failure
from equeue.application.http_answers import HttpResult
from equeue.application.ports.outbound import OutboundFailed, OutboundRequest
from equeue.application.verdicts import Discard, Retry
from equeue.domain.lease import Claim

PEM = Path(__file__).with_name("target.test.pem")
SECRET = "53cr3t-canary-value"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that plays every part."""
    async with serving(PARTS) as stage:
        yield stage


async def run(server: Server, path: str, claim: Claim | None = None, **payload: Any) -> HttpResult:
    """Run the task against a part of the server."""
    context = Context(claim or a_claim(), MsgspecCodec().encode, structlog.get_logger())
    task = HttpRequest(GuardedHttp([server.endpoint]), SystemClock())
    return await task.perform(context, server.url(path), **payload)


async def test_the_target_sees_key_fence_and_payload(server: Server) -> None:
    """What goes over the wire is one well-formed request with our marks on it."""
    claim = a_claim()
    result = await run(server, "echo?a=1", claim, method="POST", body={"n": 1}, headers={"X-Mine": "yes"})
    visit = server.visits[0]
    assert visit.head.startswith(b"POST /echo?a=1 HTTP/1.1\r\nHost: " + server.endpoint.encode())
    assert visit.header("idempotency-key") == str(claim.job_id)
    assert visit.header("equeue-fence") == f"{claim.job_id}:{claim.fence.token}"
    assert visit.header("x-mine") == "yes"
    assert visit.header("content-type") == "application/json"
    assert visit.body == b'{"n":1}'
    assert (result.status, result.body_format) == (200, "text")


@pytest.mark.parametrize(
    ("path", "after"), [("wait", timedelta(seconds=7)), ("absurd-wait", timedelta(hours=1)), ("resets_at_once", None)]
)
async def test_passing_trouble_is_tried_again(server: Server, path: str, after: timedelta | None) -> None:
    """A wait asked for is kept within the cap; a cut connection follows the job's own backoff."""
    with pytest.raises(Retry) as again:
        await run(server, path)
    assert again.value.after == after


@pytest.mark.parametrize("path", ["redirect-302", "not-modified", "refused"])
async def test_lasting_trouble_is_given_up(server: Server, path: str) -> None:
    """A redirect is an outcome like any refusal, and one visit is all there is."""
    with pytest.raises(Discard):
        await run(server, path)
    assert len(server.visits) == 1


async def test_the_request_ends_within_the_jobs_own_timeout(server: Server) -> None:
    """A dripping target is given up before the worker would have to cut the job off."""
    with pytest.raises(Retry, match=r"no complete answer within 0\.45 s"):
        await run(server, "drips_body", a_claim(timeout=seconds(0.5)), timeout_s=60)


@pytest.mark.parametrize(
    "path", ["echo", "refused", "hangs", "resets_at_once", "binary", "redirect-302", "echoes_as_garbage"]
)
async def test_no_secret_is_logged_or_kept_in_an_error(
    server: Server, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With every log open, headers, path and query stay out of logs and errors."""
    caplog.set_level(logging.DEBUG)
    try:
        await run(server, f"{path}?key={SECRET}", headers={"Authorization": f"Bearer {SECRET}"}, timeout_s=0.3)
    except (Retry, Discard) as told:
        kept = failure(told)
        assert SECRET not in kept.message + kept.traceback
    assert SECRET not in caplog.text
    assert SECRET.encode() in server.visits[0].head


@pytest.fixture
async def tls_server() -> AsyncIterator[Server]:
    """The same server under TLS, as target.test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    async with serving(PARTS, context) as stage:
        yield stage


async def home(_host: str, _port: int) -> Sequence[str]:
    """Say that every name is this machine."""
    return ["127.0.0.1"]


def over_tls(server: Server, host: str, path: str = "good") -> tuple[GuardedHttp, OutboundRequest]:
    """Return a way to the server that trusts its certificate, and a request to it under the name `host`."""
    outbound = GuardedHttp([f"{host}:{server.port}"], resolve=home, tls=ssl.create_default_context(cafile=str(PEM)))
    url = f"https://{host}:{server.port}/{path}"
    return outbound, OutboundRequest(method="GET", url=url, deadline=timedelta(seconds=10))


async def test_the_name_is_kept_for_tls_though_the_address_is_pinned(tls_server: Server) -> None:
    """Certificate, SNI and Host go by the name of the URL, while the socket goes to the judged address."""
    outbound, request = over_tls(tls_server, "target.test")
    response = await outbound.send(request)
    assert (response.status, response.body) == (200, b'{"ok":true}')
    assert tls_server.visits[0].header("host") == f"target.test:{tls_server.port}"


@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_trouble(tls_server: Server, host: str) -> None:
    """Who cannot prove the name is not talked to."""
    outbound, request = over_tls(tls_server, host)
    with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await outbound.send(request)
    assert [visit.head for visit in tls_server.visits if visit.head] == []


async def test_a_certificate_that_nobody_trusts_is_trouble(tls_server: Server) -> None:
    """The system's authorities decide; no payload can turn the check off."""
    request = OutboundRequest(
        method="GET", url=f"https://target.test:{tls_server.port}/good", deadline=timedelta(seconds=10)
    )
    with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
        await GuardedHttp([f"target.test:{tls_server.port}"], resolve=home).send(request)


async def test_tls_to_a_server_without_it_is_trouble() -> None:
    """A handshake that fails is a connection that failed."""

    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        outbound, request = over_tls(Server(server.sockets[0].getsockname()[1]), "target.test")
        with pytest.raises(OutboundFailed, match="ConnectError"):
            await outbound.send(request)


@pytest.mark.parametrize("path", ["hangs", "drips_body", "resets_in_body", "floods_1xx", "closes-in-body"])
async def test_misbehaviour_is_no_better_under_tls(tls_server: Server, path: str) -> None:
    """Deadline and bounds hold behind a handshake too."""
    outbound, request = over_tls(tls_server, "target.test", path)
    with pytest.raises(OutboundFailed):
        await outbound.send(OutboundRequest(method="GET", url=request.url, deadline=timedelta(seconds=0.5)))


async def test_a_bound_holds_under_tls(tls_server: Server) -> None:
    """An endless body is cut where the plain one is."""
    outbound, request = over_tls(tls_server, "target.test", "endless_body")
    response = await outbound.send(request)
    assert response.truncated
    assert len(response.body) == 262_144
