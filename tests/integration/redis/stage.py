"""Jobs that flow over Redis: a process that enqueues as the API does, real workers, and a server to be ill-treated."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import attrs
import psycopg
from tests import servers
from tests.integration.worker.processes import Scene, scene

from equeue.application.enqueue import Draft, Enqueue
from equeue.application.ports.jobs import Created
from equeue.application.ports.queue import JobQueue
from equeue.domain.spec import JobSpec
from equeue.entrypoints.container import build, close
from equeue.entrypoints.settings import read_settings

JOBS = int(os.environ.get("EQUEUE_REDIS_JOBS", "1000"))
"""How many jobs flow in a test; the full proof has 50,000."""

A_SET = 100
SETTINGS = {"EQUEUE_POLL_S": "1", "EQUEUE_LEASE_S": "10", "EQUEUE_HEARTBEAT_S": "2"}


def over_redis(redis_url: str) -> dict[str, str]:
    """Return the settings of a process whose hints go through Redis."""
    own = {"EQUEUE_QUEUE_BACKEND": "redis", "EQUEUE_REDIS_URL": redis_url, "EQUEUE_REDIS_PREFIX": "equeue"}
    return SETTINGS | own


@attrs.define
class Feed:
    """Enqueues as the API does, and notes how long the longest set took."""

    enqueue: Enqueue
    queue: JobQueue
    ids: list[UUID] = attrs.field(factory=list)
    longest: float = 0.0

    async def flow(self, count: int, *, task: str = "short.run", a_set: int = A_SET, pause: float = 0.0) -> None:
        """Enqueue `count` jobs, each with its number as the payload."""
        for start in range(0, count, a_set):
            numbers = range(len(self.ids), len(self.ids) + min(a_set, count - start))
            began = time.monotonic()
            answers = await self.enqueue([Draft(JobSpec(task, b'{"n": %d}' % n)) for n in numbers])
            self.longest = max(self.longest, time.monotonic() - began)
            self.ids.extend(answer.job.id for answer in answers if isinstance(answer, Created))
            await asyncio.sleep(pause)


@asynccontextmanager
async def feed(url: str, settings: dict[str, str]) -> AsyncIterator[Feed]:
    """Give a feed into the database at `url`."""
    container = build(read_settings({"EQUEUE_DATABASE_URL": url} | settings))
    try:
        yield Feed(container.enqueue(), container.queue())
    finally:
        await close(container)


@contextmanager
def flowing(url: str, redis_url: str, **settings: str) -> Iterator[Scene]:
    """Give a scene whose workers listen to Redis."""
    with scene(url, **(over_redis(redis_url) | settings)) as made:
        yield made


async def all_ended(here: Scene, ids: Sequence[UUID], seconds: float = 60) -> None:
    """Wait until every job has ended, without holding up the loop."""
    await asyncio.to_thread(here.until, lambda: ended(here) >= len(ids), seconds)


def ended(here: Scene) -> int:
    """Return how many jobs have ended."""
    row = here.database.execute("select count(*) as n from equeue.jobs where finished_at is not null").fetchone()
    assert row is not None
    return int(row["n"])


def assert_as_without_redis(here: Scene, ids: Sequence[UUID]) -> None:
    """Each job ran once, gave its result, and left no trace of a second attempt: no write was late or lost."""
    rows = here.database.execute("select id, status::text, attempt, lease_token, result from equeue.jobs").fetchall()
    assert len(rows) == len(ids)
    told = {row["id"]: (row["status"], row["attempt"], row["lease_token"], row["result"]) for row in rows}
    assert told == {job_id: ("succeeded", 1, 1, n + 1) for n, job_id in enumerate(ids)}
    assert here.database.execute("select count(*) as n from equeue.attempts").fetchone() == {"n": 0}


class StatementLog:
    """What the server was asked in one database from now on."""

    def __init__(self, server_log: Path, url: str) -> None:
        self._path = server_log
        name = url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"alter database \"{name}\" set log_min_messages = 'log'")
            connection.execute(f"alter database \"{name}\" set log_statement = 'all'")
        self.restart()

    def restart(self) -> None:
        """Forget what was asked so far."""
        self._from = self._path.stat().st_size

    def count(self, words: str) -> int:
        """Return how many statements have `words` in them."""
        with self._path.open("rb") as log:
            log.seek(self._from)
            return log.read().decode(errors="replace").replace("\n\t", "\n").count(words)


def server_log() -> Path:
    """Return the log of the test run's PostgreSQL."""
    return servers.run_folder() / "pg" / "log"
