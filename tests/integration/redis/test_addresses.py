"""Redis in all its shapes: a Unix socket, a password or an ACL user, TLS, Sentinel, a cluster."""

import asyncio
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from tests.ports import free_port
from tests.redis_servers import RedisServer

from equeue.adapters.redis.address import BadRedisUrl, Kind, read_address
from equeue.adapters.redis.queue import RedisJobQueue
from equeue.adapters.telemetry.logs import get_log
from equeue.application.ports.queue import Received
from equeue.testing.queue_contract import JOB, queued

SHORT = timedelta(seconds=0.2)
CLUSTER = ("--cluster-enabled", "yes", "--cluster-config-file")
PASSWORD = "hunter2/with:odd@signs"
QUOTED = "hunter2%2Fwith%3Aodd%40signs"


async def carries(url: str) -> bool:
    """Tell whether an id gets through, for two queues of different names."""
    teller, listener = RedisJobQueue(url, get_log()), RedisJobQueue(url, get_log())
    try:
        for queue in ("one", "two"):
            async with asyncio.timeout(20):
                received = Received()
                while not received.job_ids:
                    await teller.publish([queued(queue)])
                    received = await listener.receive([queue], SHORT)
            assert received.job_ids == (JOB,)
        return (await teller.health()).ok
    finally:
        await teller.close()
        await listener.close()


async def test_a_unix_socket(tmp_path: Path) -> None:
    """No port is open."""
    server = RedisServer(tmp_path, ("--unixsocket", str(tmp_path / "s"))).start()
    try:
        assert await carries(f"unix://{tmp_path / 's'}")
    finally:
        server.kill()


async def test_a_user_who_may_do_only_what_is_needed(tmp_path: Path) -> None:
    """The rights that the how-to names are enough, and without the password nothing goes."""
    rights = "~equeue:* &equeue:* +eval +evalsha +type +unlink +zadd +zcard +zrange +zrem +zcount +zremrangebyscore"
    rights += (
        " +zremrangebyrank +expire +publish +subscribe +unsubscribe +time +ping +hello +client|setinfo +client|setname"
    )
    rules = f"user queue on >{PASSWORD} {rights}\nuser default off\n"
    (tmp_path / "acl").write_text(rules)
    server = RedisServer(tmp_path, ("--aclfile", str(tmp_path / "acl"))).start()
    try:
        assert await carries(f"redis://queue:{QUOTED}@127.0.0.1:{server.port}/0")
        stranger = RedisJobQueue(f"redis://queue:wrong@127.0.0.1:{server.port}/0", get_log())
        assert not (await stranger.health()).ok
        await stranger.close()
    finally:
        server.kill()


async def test_a_cluster(tmp_path: Path) -> None:
    """Each queue's names have one hash tag, so that every script runs on the node that has the queue."""
    servers = [RedisServer(tmp_path, (*CLUSTER, f"n{n}", "--cluster-port", str(free_port()))) for n in range(3)]
    ports = [server.start().port for server in servers]
    try:
        slots = ((0, 5460), (5461, 10922), (10923, 16383))
        for server, (first, last) in zip(servers, slots, strict=True):
            with server.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0], servers[0].options[-1])
        async with asyncio.timeout(20):
            for server in servers:
                with server.client() as client:
                    while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
        nodes = ",".join(f"127.0.0.1:{port}" for port in ports)
        assert await carries(f"redis+cluster://{nodes}")
    finally:
        for server in servers:
            server.kill()


async def test_sentinels(tmp_path: Path) -> None:
    """They are asked where the master is."""
    master = RedisServer(tmp_path).start()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor main 127.0.0.1 {master.port} 1\n")
    sentinel = RedisServer(tmp_path, before=(str(config), "--sentinel")).start()
    try:
        assert await carries(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}/main/0")
    finally:
        sentinel.kill()
        master.kill()


async def test_tls(tmp_path: Path) -> None:
    """The server's certificate is checked."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    await asyncio.to_thread(certify, key, certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    plain = RedisServer(tmp_path).start()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", plain.port)
        await asyncio.gather(_pump(reader, outer), _pump(inner, writer))

    proxy = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    port = proxy.sockets[0].getsockname()[1]
    try:
        assert await carries(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}")
        stranger = RedisJobQueue(f"rediss://localhost:{port}/0", get_log())
        assert not (await stranger.health()).ok
        await stranger.close()
    finally:
        proxy.close()
        plain.kill()


def certify(key: Path, certificate: Path) -> None:
    """Make a certificate of its own for localhost."""
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        ["openssl", *words.split(), "-keyout", str(key), "-out", str(certificate)],
        capture_output=True,
        timeout=60,
        check=True,
    )


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "redis://h:port",
        "redis+sentinel://:26379/main",
        "redis+cluster://h:1,,h:2",
        "redis+sentinel://h:1",
        "",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    """The message shows what an address looks like, and no password."""
    with pytest.raises(BadRedisUrl) as refused:
        read_address(url.replace("://", "://user:hunter2@") if "://" in url else url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://queue:{QUOTED}@h:1/2",
        f"redis+sentinel://queue:{QUOTED}@h:1,h/main/2?sentinel_password={QUOTED}",
        f"redis+cluster://queue:{QUOTED}@h:1",
    ],
)
def test_no_password_shows(url: str) -> None:
    """Neither in the address nor in what the driver is given: a traceback may show both."""
    address = read_address(url)
    assert "hunter2" not in repr(address)
    assert "hunter2" not in repr((address.options, address.sentinel_options))
    assert address.options["credential_provider"].get_credentials() == ("queue", PASSWORD)
    assert address.kind in Kind
