"""No spelling of an address, no name server and no trick of a URL leads a job to this machine's neighbourhood."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import attrs
import httpcore2
import pytest
from tests.integration.outbound.corpus import CORPUS, HOSTS, NAMES
from tests.integration.outbound.misbehaving import PARTS, answer
from tests.integration.outbound.stage import Elsewhere, Sender, serving

from equeue.adapters.http.client import GuardedHttp
from equeue.adapters.http.guard import Guard, GuardedBackend
from equeue.adapters.http.metering import Meter
from equeue.adapters.http.resolver import SystemResolver
from equeue.application.ports.outbound import OutboundFailed, OutboundRefused, OutboundRequest

PUBLIC = "93.184.216.34"
SYSTEM = SystemResolver()


@attrs.define
class Canary:
    """A server on every address of this machine, IPv4 and IPv6, at one port; it counts who comes."""

    port: int
    calls: int = 0


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    """Return a canary that must stay alone."""
    bird = Canary(0)

    def arrived(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bird.calls += 1
        writer.transport.abort()

    v4 = await asyncio.start_server(arrived, "0.0.0.0", 0)
    bird.port = v4.sockets[0].getsockname()[1]
    listening = [v4]
    if socket.has_dualstack_ipv6():
        listening.append(await asyncio.start_server(arrived, "::", bird.port))
    yield bird
    for server in listening:
        server.close()


async def resolve(host: str, port: int) -> Sequence[str]:
    """Answer as the corpus' name server, else as this machine does, which reads numbers in every base."""
    name = host.lower().rstrip(".")
    if name in NAMES:
        return NAMES[name]
    if not any(char.isdigit() for char in name):
        raise OSError(-2, "Name or service not known")
    return await SYSTEM(host, port)


def asking(url: str) -> OutboundRequest:
    """Return a request for `url`."""
    return OutboundRequest(method="GET", url=url, deadline=timedelta(seconds=10))


@pytest.mark.parametrize("url", CORPUS, ids=ascii)
async def test_no_url_reaches_the_canary(canary: Canary, url: str) -> None:
    """Each URL of the corpus is refused for good; nothing was connected to, not even to look."""
    outbound = GuardedHttp(ports={80, canary.port}, resolve=resolve)
    with pytest.raises(OutboundRefused):
        await outbound.send(asking(url.format(port=canary.port)))
    assert canary.calls == 0


@pytest.mark.parametrize("host", HOSTS, ids=ascii)
async def test_no_host_reaches_the_canary_past_the_url(canary: Canary, host: str) -> None:
    """The guard in the socket layer alone refuses each host, however it slipped through the checks before it."""
    guard = Guard(frozenset(), frozenset({canary.port}), resolve)
    backend = GuardedBackend(guard, Meter(0), httpcore2.AnyIOBackend())
    with pytest.raises((OutboundRefused, httpcore2.ConnectError)):
        await backend.connect_tcp(host.strip("[]"), canary.port)
    assert canary.calls == 0


@pytest.mark.parametrize("url", ["http://{public}#@127.0.0.1:{port}/", "http://{public}?@127.0.0.1:{port}/"])
async def test_only_the_host_counts(canary: Canary, url: str) -> None:
    """What stands in a query or a fragment is not the host, whatever it looks like."""
    network = Elsewhere()
    with pytest.raises(OutboundFailed):
        await GuardedHttp(network=network).send(asking(url.format(public=PUBLIC, port=canary.port)))
    assert (network.asked, canary.calls) == ([PUBLIC], 0)


def test_the_corpus_is_large() -> None:
    """The corpus has at least as many spellings as were asked for, each once."""
    assert len(CORPUS) == len(set(CORPUS)) >= 150


async def test_the_canary_can_sing(canary: Canary) -> None:
    """With its very endpoint allowed the canary is reached, so that its silence says something."""
    for host in ("127.0.0.1", "localhost"):
        outbound = GuardedHttp([f"{host}:{canary.port}"], resolve=resolve)
        with pytest.raises(OutboundFailed):
            await outbound.send(asking(f"http://{host}:{canary.port}/"))
    assert canary.calls == 2


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0", "2130706433", "zero.test"]
)
async def test_what_is_allowed_is_one_endpoint(canary: Canary, host: str) -> None:
    """Allowing 127.0.0.1 at this port allows no other name or spelling of the same machine."""
    outbound = GuardedHttp([f"127.0.0.1:{canary.port}"], ports={canary.port}, resolve=resolve)
    with pytest.raises(OutboundRefused):
        await outbound.send(asking(f"http://{host}:{canary.port}/"))
    assert canary.calls == 0


async def test_what_is_allowed_is_one_port(canary: Canary) -> None:
    """Allowing one port of a host allows no other."""
    outbound = GuardedHttp(["127.0.0.1:1"], ports={canary.port}, resolve=resolve)
    with pytest.raises(OutboundRefused, match="EQUEUE_HTTP_ALLOW"):
        await outbound.send(asking(f"http://127.0.0.1:{canary.port}/"))
    assert canary.calls == 0


@attrs.define
class Rebinding:
    """A name server that gives another answer each time it is asked."""

    answers: list[list[str]]
    asked: int = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def test_a_name_is_asked_for_once_and_its_address_is_pinned(canary: Canary) -> None:
    """The address that was judged is the one connected to; the name is not asked for again in between."""
    rebinding = Rebinding([[PUBLIC], ["127.0.0.1"]])
    network = Elsewhere()
    outbound = GuardedHttp(ports={canary.port}, resolve=rebinding, network=network)
    with pytest.raises(OutboundFailed):
        await outbound.send(asking(f"http://rebinding.test:{canary.port}/"))
    assert (rebinding.asked, network.asked, canary.calls) == (1, [PUBLIC], 0)


async def test_a_rebound_name_is_refused_at_the_next_attempt(canary: Canary) -> None:
    """Each attempt judges the address of its own time."""
    rebinding = Rebinding([[PUBLIC], ["127.0.0.1"]])
    network = Elsewhere()
    outbound = GuardedHttp(ports={canary.port}, resolve=rebinding, network=network)
    with pytest.raises(OutboundFailed):
        await outbound.send(asking(f"http://rebinding.test:{canary.port}/"))
    with pytest.raises(OutboundRefused):
        await outbound.send(asking(f"http://rebinding.test:{canary.port}/"))
    assert (rebinding.asked, network.asked, canary.calls) == (2, [PUBLIC], 0)


async def test_one_bad_address_refuses_all(canary: Canary) -> None:
    """A name that has a public and a private address is not called at either."""
    network = Elsewhere()
    outbound = GuardedHttp(ports={canary.port}, resolve=Rebinding([[PUBLIC, "10.0.0.1"]]), network=network)
    with pytest.raises(OutboundRefused):
        await outbound.send(asking(f"http://mixed.test:{canary.port}/"))
    assert network.asked == []


async def test_further_addresses_are_tried_but_not_all() -> None:
    """An address that does not answer costs a few tries, not one for each that a name server invents."""
    network = Elsewhere()
    many = [f"93.184.216.{n}" for n in range(1, 100)]
    with pytest.raises(OutboundFailed):
        await GuardedHttp(resolve=Rebinding([many]), network=network).send(asking("http://many.test/"))
    assert network.asked == many[:4]


async def test_the_peer_of_the_socket_has_the_last_word() -> None:
    """A connection that ends up at another address than the one judged is closed before a byte is sent."""
    async with serving(PARTS) as server:
        network = Elsewhere(bent_to=("127.0.0.1", server.port))
        outbound = GuardedHttp(resolve=Rebinding([[PUBLIC]]), network=network)
        with pytest.raises(OutboundRefused, match="another address"):
            await outbound.send(asking("http://bent.test/good"))
        assert [visit.head for visit in server.visits if visit.head] == []


async def test_proxies_of_the_environment_are_not_used(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect for us, past the guard."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    async with serving(PARTS) as server:
        response = await GuardedHttp([server.endpoint]).send(asking(server.url("good")))
    assert response.status == 200
    assert canary.calls == 0


async def test_a_redirect_does_not_reach_the_canary(canary: Canary) -> None:
    """A target that may be called cannot send us on to one that may not."""

    async def points(sender: Sender) -> None:
        await sender.send(answer("302 Found", b"Location: http://127.0.0.1:%d/\r\n" % canary.port))

    async with serving({"points": points}) as server:
        response = await GuardedHttp([server.endpoint]).send(asking(server.url("points")))
    assert response.status == 302
    assert canary.calls == 0
