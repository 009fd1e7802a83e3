"""Connections to Redis: short timeouts on everything, no retries of the driver's own."""

from typing import Any, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .address import Address, Kind

Client: TypeAlias = "Redis | RedisCluster"

CONNECT_S = 2.0
ANSWER_S = 2.0
"""How long a command may wait for its answer; then the server counts as away."""

CONNECTIONS = 8
"""At most so many connections a process, the one that listens among them."""

TROUBLE = (RedisError, OSError, TimeoutError)
"""What a server that is away, slow, full or strange looks like from here."""


def open_client(address: Address) -> Client:
    """Return a client that speaks RESP3; it connects on first use."""
    if address.kind is Kind.SENTINEL:
        return _behind_sentinels(address)
    if address.kind is Kind.CLUSTER:
        nodes = [ClusterNode(host, port) for host, port in address.nodes]
        return RedisCluster(
            startup_nodes=nodes,
            **{**_patience(), **address.options},
            ssl=address.tls,
            protocol=3,
            max_connections=CONNECTIONS,
            require_full_coverage=False,
        )
    options = {**_patience(), **address.options}
    if "path" in options:
        del options["socket_keepalive"]  # a Unix socket has none
    return Redis.from_pool(BlockingConnectionPool(**options, protocol=3, max_connections=CONNECTIONS, timeout=ANSWER_S))


async def close_client(client: Client) -> None:
    """Give back every connection, those to Sentinels too."""
    await client.aclose()
    sentinels = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    if sentinels is not None:
        await sentinels.aclose()


def _behind_sentinels(address: Address) -> Redis:
    own = {"ssl": address.tls, **_patience(), **address.sentinel_options}
    sentinel = Sentinel(list(address.nodes), sentinel_kwargs=own)  # type: ignore[no-untyped-call]
    options = {**_patience(), **address.options, "protocol": 3, "max_connections": CONNECTIONS, "ssl": address.tls}
    master: Redis = sentinel.master_for(address.service, **options)
    return master


def _patience() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_S,
        "socket_timeout": ANSWER_S,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "client_name": "equeue",
    }
