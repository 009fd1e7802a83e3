"""Connections to Redis: short timeouts on everything, no retries of the driver's own."""

from typing import Any, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .address import Address, Kind

Client: TypeAlias = "Redis | RedisCluster"

CONNECT_S = 1.0
ANSWER_S = 1.0
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
            **_patience(),
            **address.options,
            ssl=address.tls,
            protocol=3,
            max_connections=CONNECTIONS,
            require_full_coverage=False,
            cluster_error_retry_attempts=1,
        )
    pool = BlockingConnectionPool.from_url(
        address.url, **_patience(), protocol=3, max_connections=CONNECTIONS, timeout=ANSWER_S
    )
    return Redis.from_pool(pool)


def _behind_sentinels(address: Address) -> Redis:
    own = {"ssl": address.tls, **_patience(), **address.sentinel_options}
    sentinel = Sentinel(list(address.nodes), sentinel_kwargs=own)  # type: ignore[no-untyped-call]
    options = {**address.options, **_patience(), "protocol": 3, "max_connections": CONNECTIONS, "ssl": address.tls}
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
