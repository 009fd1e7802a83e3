"""What comes before the servers: a free port, a database with its schema, a key."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from ...domain.access import Role
from ..container import Container, build, close
from ..settings import Settings, inherited, read_settings
from .console import Console
from .embedded import kept
from .places import Places, write_private
from .postgres import EmbeddedPostgres
from .program import Program

EMAIL = "developer@localhost"
DRAIN_GRACE_S = 5
MIGRATION_PATIENCE = timedelta(minutes=1)
WORKER_STOP_S = 5.5
API_STOP_S = 2.5


class NotStarted(Exception):
    """The development servers cannot run here; the message says what to do."""


def refuse_taken_port(settings: Settings) -> None:
    """Raise `NotStarted` if something listens where the API is to listen, before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as trouble:
            raise NotStarted(
                f"port {settings.port} of {settings.host} is in use ({trouble.strerror}): stop what listens there, "
                f"or choose another port, such as EQUEUE_PORT={settings.port + 1}"
            ) from None


@asynccontextmanager
async def database(settings: Settings, places: Places, console: Console) -> AsyncIterator[str]:
    """Give the URL of a database that answers: the one that is set, or an embedded one that is kept running."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    console.say(f"starting PostgreSQL in {places.database}")
    async with kept(EmbeddedPostgres(places), "PostgreSQL", console) as url:
        yield url


async def prepare(
    settings: Settings, places: Places, url: str, console: Console, redis_url: str | None = None
) -> dict[str, str]:
    """Migrate, see to the key, and return the environment of the programs."""
    signing = ",".join(settings.secret_keys) or places.signing_key()
    api_url = _local_url(settings)
    allowed = ",".join(sorted({*settings.http_allow, api_url.removeprefix("http://")}))
    environment = inherited(
        EQUEUE_DATABASE_URL=url,
        EQUEUE_REDIS_URL=redis_url or "",
        EQUEUE_HOST=settings.host,
        EQUEUE_PORT=str(settings.port),
        EQUEUE_SECRET_KEYS=signing,
        EQUEUE_SECURE_COOKIES=str(not is_loopback(settings.host)).lower(),
        EQUEUE_URL=api_url,
        EQUEUE_HTTP_ALLOW=allowed,
        EQUEUE_STATE_DIR=str(places.root.resolve()),
        EQUEUE_DRAIN_GRACE_S=str(DRAIN_GRACE_S),
        EQUEUE_LOG_FORMAT="console" if settings.log_format == "auto" else settings.log_format,
        PYTHONUNBUFFERED="1",
    )
    container = build(read_settings(environment))
    try:
        if not await container.is_newest():
            applied = await asyncio.to_thread(container.migrations().up, MIGRATION_PATIENCE)
            console.say(f"schema migrated: {', '.join(applied)}")
        environment["EQUEUE_API_KEY"] = await _key(container, places)
        write_private(places.link, f"{api_url}/ui/#once={await _one_time(container)}")
    finally:
        await close(container)
    return environment


def programs(apps: tuple[str, ...], environment: dict[str, str]) -> list[Program]:
    """Return what runs, in the order in which it is stopped."""
    equeue = (sys.executable, "-m", "equeue.entrypoints.cli")
    found = [Program("api", (*equeue, "api"), environment, API_STOP_S)]
    if apps:
        found.insert(0, Program("worker", (*equeue, "worker", *apps), environment, WORKER_STOP_S))
    return found


async def _key(container: Container, places: Places) -> str:
    """Return the development key: the one in its file, made valid in this database, or a new one."""
    kept = places.key.read_text().strip() if places.key.exists() else ""
    if kept and await container.adopt_key()(kept, "development", EMAIL, Role.ADMIN):
        return kept
    made = await container.create_key()("development", EMAIL, Role.ADMIN)
    write_private(places.key, made)
    return made


async def _one_time(container: Container) -> str:
    """Return the first refresh token of a session of the developer, who has no password."""
    developer = await container.people().get(EMAIL)
    return (await container.open_session()(developer.user)).refresh


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _local_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - where to call
    return f"http://{host}:{settings.port}"
