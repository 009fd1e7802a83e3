"""`equeue dev`: a database, the API and a worker on this machine, until Ctrl-C."""

import asyncio
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import attrs

from ..sdk.api import Api
from ..settings import Settings, read_settings
from .console import Console
from .follower import follow
from .places import Places
from .preparation import database, prepare, programs, refuse_taken_port
from .redis import hints_server
from .supervisor import Supervisor

READY_S = 60.0
LOOK_S = 0.05
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@attrs.frozen
class Plan:
    """What to run: the worker's apps, a command to run once all serves, and whether to end after that."""

    apps: tuple[str, ...] = ()
    then: str | None = None
    until_done: bool = False


async def run(plan: Plan, console: Console, overrides: Mapping[str, str]) -> int:
    """Run everything until a signal; return 0 if it was stopped in order, else why not as an exit code."""
    began = time.monotonic()
    settings = read_settings(**overrides)
    refuse_taken_port(settings)
    places = Places(Path(settings.state_dir))
    places.prepare()
    stop, hurry = _heeding_signals(console)
    with places.held():
        async with database(settings, places, console) as url, hints_server(settings, places, console) as redis_url:
            if stop.is_set():
                return 0
            environment = await prepare(settings, places, url, console, redis_url)
            supervisor = Supervisor(programs(plan.apps, environment), console, places, hurry)
            session = Session(plan, settings, places, console, environment, supervisor, stop)
            return await session.run(began)


@attrs.frozen
class Session:
    """A prepared development tree: the programs run while this does."""

    plan: Plan
    settings: Settings
    places: Places
    console: Console
    environment: dict[str, str]
    supervisor: Supervisor
    stop: asyncio.Event

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.environment["EQUEUE_URL"]

    async def run(self, began: float) -> int:
        """Start all, say where it is, run the follower, wait for the end, stop all."""
        running = asyncio.create_task(self.supervisor.run())
        try:
            return await self._serve(began)
        finally:
            self.console.say("stopping: the worker first, then the API, then the database")
            await self.supervisor.stop()
            await running

    async def _serve(self, began: float) -> int:
        if not await self._ready():
            return 0 if self.stop.is_set() else 1
        self._greet(time.monotonic() - began)
        code = await self._follow(self.plan.then) if self.plan.then else 0
        if self.plan.until_done:
            return 0 if code == 0 else 1
        if not self.stop.is_set():
            self.console.say(f"serving on {self.url}; Ctrl-C stops everything")
        await self.stop.wait()
        return 0

    async def _follow(self, command: str) -> int:
        return await follow(command, self.environment, self.console, self.stop, self.places.logs)

    async def _ready(self) -> bool:
        end = time.monotonic() + READY_S
        with Api(self.url, patience_s=2.0) as api:
            while not self.stop.is_set() and time.monotonic() < end:
                if await asyncio.to_thread(api.is_ready):
                    return True
                await asyncio.sleep(LOOK_S)
        if not self.stop.is_set():
            self.console.say(f"the API is not ready after {READY_S:.0f} s; {self.places.logs} has what it said")
        return False

    def _greet(self, seconds: float) -> None:
        database = "EQUEUE_DATABASE_URL" if self.settings.database_url else f"PostgreSQL in {self.places.database}"
        for line in (
            f"ready after {seconds:.1f} s",
            f"  look      {self.url}/ui/",
            f"  sign in   {self.places.link.read_text().strip()} (once)",
            f"  API       {self.url} (its pages: {self.url}/docs)",
            f"  key       {self.places.key} (Authorization: Bearer $(cat {self.places.key}))",
            f"  database  {database}",
            f"  hints     {self.settings.queue_backend}",
            f"  logs      {self.places.logs}",
        ):
            self.console.say(line)


def _heeding_signals(console: Console) -> tuple[asyncio.Event, asyncio.Event]:
    """Return what the first signal sets (stop) and what the second sets (hurry)."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def heed() -> None:
        if stop.is_set():
            console.say("once more: not waiting any longer")
            hurry.set()
        stop.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, heed)
    return stop, hurry
