"""What a handler is given besides its payload."""

from collections.abc import Callable, Generator
from typing import Any

from ..domain.ids import Json
from ..domain.lease import Claim
from .ports.telemetry import Log

Encode = Callable[[object, int], Json]
PROGRESS_BYTES = 4_096


class Context:
    """One attempt of one job, as its handler sees it. It may be used from the handler's thread or task alone."""

    __slots__ = ("_encode", "_log", "_log_root", "_progress", "_stopping", "job")

    def __init__(self, job: Claim, encode: Encode, log: Log) -> None:
        self.job = job
        """The job's facts: id, task, queue, attempt, tags and more."""
        self._encode = encode
        self._log_root = log
        self._log: Log | None = None
        self._progress: Json | None = None
        self._stopping = False

    @property
    def attempt(self) -> int:
        """Which run of the job this is, from 1."""
        return self.job.attempt

    @property
    def fence(self) -> str:
        """`<job id>:<lease token>`. The token only ever grows, so whoever keeps it can refuse late writes."""
        return str(self.job.fence)

    @property
    def cancelled(self) -> bool:
        """Whether the attempt is to stop: out of time, cancelled, shut down, or its lease lost.

        An `async def` handler is also cancelled; a plain function has to look here from time to time.
        """
        return self._stopping

    @property
    def log(self) -> Log:
        """A structured log that names the job, its task and its attempt on each line."""
        if self._log is None:
            job = self.job
            self._log = self._log_root.bind(job_id=str(job.job_id), task=job.task, attempt=job.attempt)
        return self._log

    def progress(self, done: float, total: float | None = None, text: str = "") -> "Told":
        """Say how far the attempt is; the newest word is written with the next heartbeat, under the fence.

        Call it as often as you like. It may be awaited, and from a plain function simply called.
        """
        told = {"done": done, "total": total, "text": text[:1_000]}
        self.put(self._encode(told, PROGRESS_BYTES))
        return TOLD

    def put(self, progress: Json) -> None:
        """Keep `progress` for the next heartbeat; for the worker."""
        self._progress = progress

    def stop(self) -> None:
        """Have `cancelled` say so; for the worker."""
        self._stopping = True

    def take_progress(self) -> Json | None:
        """Return progress that is not written yet, once; for the heartbeat."""
        progress, self._progress = self._progress, None
        return progress

    def put_back(self, progress: Json) -> None:
        """Keep `progress` that could not be written, unless there is newer; for the heartbeat."""
        if self._progress is None:
            self._progress = progress


class Told:
    """Something done already, so that awaiting it takes no time and leaving it out harms nothing."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        """Return at once."""
        yield from ()


TOLD = Told()
