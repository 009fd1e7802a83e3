"""A producer for an event loop: callers that come at the same time share one INSERT, and each gets its own answer."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, overload

from ...adapters.postgres.insertion import Query, Rows
from ...application.new_jobs import EnqueuedJob, NewJob
from ...application.options import TaskLike
from ...application.tasks import Task
from .composing import compose
from .diverting import diversion
from .flight import Answer, Declarations, Pause, flight
from .link import Address, AsyncLink
from .questions import drive_async
from .telling import telling
from .turns import FLIGHTS, Line, deliver, every, jobs_of, only, streamed

P = ParamSpec("P")

ROOM: Final = 10_000
"""When so many jobs wait, further callers wait before their job is even made ready."""


class _Turn:
    """One caller's jobs, and the future in which the caller waits for their answers."""

    __slots__ = ("answers", "jobs")

    def __init__(self, jobs: Sequence[NewJob]) -> None:
        self.jobs = jobs
        self.answers: asyncio.Future[Sequence[Answer]] = asyncio.get_running_loop().create_future()

    def answer(self, answers: Sequence[Answer]) -> None:
        if not self.answers.done():
            self.answers.set_result(answers)

    def fail(self, error: Exception) -> None:
        if not self.answers.done():
            self.answers.set_exception(error)


class AsyncProducer:
    """Enqueues from any number of tasks of one event loop, straight into PostgreSQL, in transactions of its own.

    ```python
    async with AsyncProducer("postgresql://…") as producer:
        await producer.enqueue(send_welcome, user_id=42)
    ```

    A call returns once its job is durable. There is no timer: a lone call goes straight through, and callers who come
    while two INSERTs are under way share the next. When a connection breaks the set is sent again, for up to
    `patience_s`, and stored once. A caller who is cancelled does not learn whether the job was stored.

    Args:
        database_url: the PostgreSQL database that has eQueue's schema.
        pooler: a transaction-mode pooler (pgbouncer) stands before it, so nothing may be prepared.
        patience_s: how long to try while the database does not answer, before `Unavailable`.
    """

    def __init__(self, database_url: str, *, pooler: bool = False, patience_s: float = 10.0) -> None:
        address = Address(database_url, pooler)
        self._ringer = address.ringer
        self._patience_s = patience_s
        self._declared = Declarations()
        self._line: Line[_Turn] = Line()
        self._room = asyncio.Condition()
        self._idle = [AsyncLink(address) for _ in range(FLIGHTS)]
        self._flights: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @overload
    async def enqueue(self, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> EnqueuedJob: ...
    @overload
    async def enqueue(self, task: Task | str, payload: Mapping[str, Any] = ..., /) -> EnqueuedJob: ...
    async def enqueue(self, task: Any, /, *args: Any, **payload: Any) -> EnqueuedJob:
        """Enqueue one job and return once it is durable.

        Raises `PayloadInvalid` or `InvalidJob` for a job that cannot be; `Unavailable` when the database did not
        answer for so long that the job may or may not be there.
        """
        if self._line.jobs >= ROOM:
            await self._make_room()
        return only(await self._store([compose(task, args, payload)]))

    async def enqueue_many(self, jobs: Iterable[NewJob], /) -> list[EnqueuedJob]:
        """Enqueue jobs made by `new_job`, in sets of up to 1,000 as they come; return what came of each, in order.

        Each set is durable by itself. Raises `SomeRefused` if some jobs could not be stored: the others are.
        """
        answers: list[Answer] = []
        flying: list[asyncio.Task[Sequence[Answer]]] = []
        try:
            for part in streamed(jobs):
                if len(flying) == FLIGHTS:
                    answers += await flying.pop(0)
                flying.append(asyncio.create_task(self._store(part)))
            while flying:
                answers += await flying.pop(0)
        finally:
            await asyncio.gather(*flying, return_exceptions=True)
        return every(answers)

    async def close(self) -> None:
        """Wait for what is under way, and give the connections back. No more can be enqueued then."""
        self._closed = True
        if self._flights:
            await asyncio.wait(self._flights)
        for link in self._idle:
            await link.close()

    async def _make_room(self) -> None:
        async with self._room:
            await self._room.wait_for(lambda: self._line.jobs < ROOM)

    async def _store(self, jobs: Sequence[NewJob]) -> Sequence[Answer]:
        if (elsewhere := diversion()) is not None:
            return elsewhere.store(jobs)
        if self._closed:
            raise RuntimeError("this producer is closed")
        turn = _Turn(jobs)
        self._line.join(turn)
        if self._idle:
            task = asyncio.create_task(self._fly_all(self._idle.pop()), name="equeue-flight")
            self._flights.add(task)
            task.add_done_callback(self._flights.discard)
        try:
            return await turn.answers
        except asyncio.CancelledError:
            self._line.leave(turn)
            raise

    async def _fly_all(self, link: AsyncLink) -> None:
        """Fly one set after another for as long as callers wait."""
        try:
            while turns := self._line.take():
                async with self._room:
                    self._room.notify(max(0, ROOM - self._line.jobs))
                await self._fly(link, turns)
        finally:
            self._idle.append(link)

    async def _fly(self, link: AsyncLink, turns: Sequence[_Turn]) -> None:
        jobs = jobs_of(turns)
        course = flight(jobs, self._declared, self._patience_s)
        if len(jobs) == 1 and self._ringer.give_turn():
            course = telling(course)
        try:
            landed = await drive_async(course, partial(_ask, link))
        except Exception as error:  # noqa: BLE001 - whose it is, the callers raise it
            deliver(turns, error)
        except BaseException as error:
            deliver(turns, error)
            raise
        else:
            deliver(turns, landed.answers)
            if landed.due:
                self._ringer.ring(landed.due)


async def _ask(link: AsyncLink, question: Query | Pause) -> Rows:
    if isinstance(question, Query):
        return await link.ask(question)
    await asyncio.sleep(question.seconds)
    return ()
