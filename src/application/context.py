"""What a handler is given besides its payload."""

from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias

from ..domain.ids import JobId, Json
from ..domain.lease import Claim
from ..domain.spec import Birth
from .ports.catalogue import TaskDeclaration
from .ports.telemetry import Log
from .ports.transactions import OpenTransaction, Transactions

Encode: TypeAlias = Callable[[object, int], Json]
PROGRESS_BYTES = 4_096
CHILDREN = 1_000
"""No attempt may ask for more jobs than this."""


class AskedFor(Protocol):
    """A job that a handler asked for; it has its identity already."""

    @property
    def id(self) -> JobId:
        """The id that the job will have."""
        ...

    @property
    def undeclared(self) -> str | None:
        """The task whose declaration is needed to know the job's settings, if it is."""
        ...

    def birth(self, parent: Claim, declaration: TaskDeclaration | None) -> Birth:
        """Return the job's birth as a child of `parent`."""
        ...


Ask: TypeAlias = Callable[[Any, Sequence[Any], Mapping[str, Any]], AskedFor]
"""Takes a task, positional arguments and payload fields; raises `InvalidJob` if they do not make a job."""


class Context:
    """One attempt of one job, as its handler sees it. It may be used from the handler's thread or task alone."""

    __slots__ = (
        "_ask",
        "_encode",
        "_log",
        "_log_root",
        "_progress",
        "_stopping",
        "_transactions",
        "children",
        "job",
        "open_transaction",
    )

    def __init__(
        self, job: Claim, encode: Encode, log: Log, ask: Ask | None = None, transactions: Transactions | None = None
    ) -> None:
        self.job = job
        """The job's facts: id, task, queue, attempt, tags and more."""
        self.children: list[AskedFor] | None = None
        """The jobs asked for so far; for the worker."""
        self.open_transaction: OpenTransaction | None = None
        """What the handler wrote and did not take back; for the worker."""
        self._ask = ask
        self._transactions = transactions
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
        """A structured log that names the job, its task, its attempt and its trace on each line."""
        if self._log is None:
            job = self.job
            trace = {} if job.traceparent is None else {"trace_id": job.traceparent[3:35]}
            self._log = self._log_root.bind(job_id=str(job.job_id), task=job.task, attempt=job.attempt, **trace)
        return self._log

    def progress(self, done: float, total: float | None = None, text: str = "") -> "Told":
        """Say how far the attempt is; the newest word is written with the next heartbeat, under the fence.

        Call it as often as you like. It may be awaited, and from a plain function simply called.
        """
        told = {"done": done, "total": total, "text": text[:1_000]}
        self.put(self._encode(told, PROGRESS_BYTES))
        return TOLD

    def enqueue(self, task: Any, /, *args: Any, **payload: Any) -> "Asked":
        """Ask for another job, a child of this one, which exists if and only if this attempt succeeds.

        Everything is checked now: raises `PayloadInvalid` or `InvalidJob`. The job is stored in the transaction that
        stores this attempt's success. Give `options(task, delay=60)` for settings of its own. It may be awaited,
        which answers with the child's id, and from a plain function simply called.
        """
        if self.children is not None and len(self.children) >= CHILDREN:
            raise ValueError(f"an attempt may ask for {CHILDREN} jobs; let a child ask for the rest")
        if self._ask is None:
            raise RuntimeError("this context has no worker that could store a job")
        child = self._ask(task, args, payload)
        self.take_child(child)
        return Asked(child.id)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Give a connection on which the handler's own writes commit together with the job's success.

        ```python
        async with ctx.transaction() as connection:
            await connection.execute(insert(receipts).values(job_id=ctx.job.job_id, total=total))
        ```

        It is a SQLAlchemy `AsyncConnection` to the database where the job is. What is written there is kept if and
        only if this attempt succeeds: nothing is committed before the handler returns, and nothing after another
        worker took the job over. So such writes happen exactly once. Leaving the block by an exception undoes them;
        otherwise end soon after it, for rows stay locked. Once an attempt; `async def` handlers only.
        """
        if self._transactions is None:
            raise RuntimeError("transactions are for handlers that run on the worker's own loop")
        if self.open_transaction is not None:
            raise RuntimeError("an attempt has one transaction: do all in one block")
        opened = self.open_transaction = await self._transactions.begin(self.job.timeout)
        try:
            yield opened.connection
        except BaseException:
            self.open_transaction = None
            await opened.roll_back()
            raise

    def take_child(self, child: AskedFor) -> None:
        """Keep a job that was asked for; for the worker."""
        if self.children is None:
            self.children = []
        self.children.append(child)

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


class Asked:
    """The answer to `ctx.enqueue`, there already."""

    __slots__ = ("id",)

    def __init__(self, id: JobId) -> None:
        self.id = id
        """The id that the child will have."""

    def __await__(self) -> Generator[Any, None, JobId]:
        """Return the child's id at once."""
        yield from ()
        return self.id
