"""PostgreSQL servers for measuring: durable, with memory, one of each version found."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers

from equeue.adapters.postgres.migrate import migrate_up

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


def versions() -> dict[str, Path]:
    """Return the binaries of each version that is here, newest first."""
    found = {"PostgreSQL 18": servers.embedded_binaries()}
    if (servers.DEBIAN_15 / "initdb").exists():
        found["PostgreSQL 15"] = servers.DEBIAN_15
    return found


@contextmanager
def running(binaries: Path) -> Iterator[servers.Server]:
    """Give a server of its own in a folder of its own; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="equeue-bench-"))
    folder.chmod(0o755)
    try:
        with servers.locked(folder / "pg") as place:
            yield servers.start(binaries, place, SETTINGS)
    finally:
        servers.close_run(folder)


def migrated(server: servers.Server, name: str) -> str:
    """Return the address of a new database with eQueue's schema."""
    server.run("create database {}", name)
    url = server.database(name)
    migrate_up(url)
    return url
