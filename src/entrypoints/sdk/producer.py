"""A producer for threads: callers that come at the same time share one INSERT, and each gets its own answer."""

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Any, ParamSpec, Self, overload
from weakref import WeakSet

from ...adapters.postgres.insertion import Query, Rows
from ...application.new_jobs import EnqueuedJob, NewJob
from ...application.options import TaskLike
from ...application.tasks import Task
from .composing import compose
from .diverting import diversion
from .flight import Answer, Declarations, Pause, flight
from .link import Address, Link
from .questions import drive
from .telling import telling
from .turns import FLIGHTS, Line, deliver, every, jobs_of, only, streamed

P = ParamSpec("P")


class _Turn:
    """One caller's jobs. The gate opens once they are answered, or once it falls to this caller to fly a set."""

    __slots__ = ("answers", "error", "gate", "jobs", "load")

    def __init__(self, jobs: Sequence[NewJob]) -> None:
        self.jobs = jobs
        self.answers: Sequence[Answer] = ()
        self.error: Exception | None = None
        self.load: tuple[Link, list[_Turn]] | None = None
        self.gate = threading.Lock()
        self.gate.acquire()

    def answer(self, answers: Sequence[Answer]) -> None:
        self.answers = answers

    def fail(self, error: Exception) -> None:
        self.error = error


class Producer:
    """Enqueues from any number of threads, straight into PostgreSQL, each job in a transaction that is not yours.

    ```python
    producer = Producer("postgresql://…")
    producer.enqueue(send_welcome, user_id=42)
    ```

    A call returns once its job is durable. There is no timer and no thread: a lone call goes straight through, and
    callers who come while two INSERTs are under way share the next. When a connection breaks the set is sent again,
    for up to `patience_s`, and stored once. A producer survives a fork.

    Args:
        database_url: the PostgreSQL database that has eQueue's schema.
        pooler: a transaction-mode pooler (pgbouncer) stands before it, so nothing may be prepared.
        patience_s: how long to try while the database does not answer, before `Unavailable`.
    """

    def __init__(self, database_url: str, *, pooler: bool = False, patience_s: float = 10.0) -> None:
        self._address = Address(database_url, pooler)
        self._ringer = self._address.ringer
        self._patience_s = patience_s
        self._declared = Declarations()
        self._closed = False
        self._start_over()
        _producers.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @overload
    def enqueue(self, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> EnqueuedJob: ...
    @overload
    def enqueue(self, task: Task | str, payload: Mapping[str, Any] = ..., /) -> EnqueuedJob: ...
    def enqueue(self, task: Any, /, *args: Any, **payload: Any) -> EnqueuedJob:
        """Enqueue one job and return once it is durable.

        Raises `PayloadInvalid` or `InvalidJob` for a job that cannot be; `Unavailable` when the database did not
        answer for so long that the job may or may not be there.
        """
        return only(self._store([compose(task, args, payload)]))

    def enqueue_many(self, jobs: Iterable[NewJob], /) -> list[EnqueuedJob]:
        """Enqueue jobs made by `new_job`, in sets of up to 1,000 as they come; return what came of each, in order.

        Each set is durable by itself. Raises `SomeRefused` if some jobs could not be stored: the others are.
        """
        sets = streamed(jobs)
        first, second = next(sets, None), next(sets, None)
        if first is None:
            return []
        if second is None:
            return every(self._store(first))
        flying: list[Future[Sequence[Answer]]] = []
        answers: list[Answer] = []
        with ThreadPoolExecutor(FLIGHTS, thread_name_prefix="equeue-bulk") as threads:
            for part in chain((first, second), sets):
                if len(flying) == FLIGHTS:
                    answers += flying.pop(0).result()
                flying.append(threads.submit(self._store, part))
            for future in flying:
                answers += future.result()
        return every(answers)

    def close(self) -> None:
        """Wait for what is under way, and give the connections back. No more can be enqueued then."""
        with self._lock:
            self._closed = True
            self._landed.wait_for(lambda: len(self._idle) == FLIGHTS)
        for link in self._idle:
            link.close()

    def _store(self, jobs: Sequence[NewJob]) -> Sequence[Answer]:
        if (elsewhere := diversion()) is not None:
            return elsewhere.store(jobs)
        with self._lock:
            if self._closed:
                raise RuntimeError("this producer is closed")
            link = self._idle.pop() if self._idle else None
            if link is None:
                self._line.join(turn := _Turn(jobs))
        return self._wait(turn) if link is None else self._fly(link, jobs)

    def _fly(self, link: Link, jobs: Sequence[NewJob]) -> Sequence[Answer]:
        """Store a set, and hand the link on before anything else, so that the database need not wait for callers."""
        try:
            course = flight(jobs, self._declared, self._patience_s)
            alone = len(jobs) == 1 and self._ringer.give_turn()
            landed = drive(telling(course) if alone else course, partial(_ask, link))
        finally:
            with self._lock:
                self._assign(link)
        if landed.due:
            self._ringer.ring(landed.due)
        return landed.answers

    def _assign(self, link: Link) -> None:
        """Let the first who waits fly the next set over `link`; under the lock."""
        turns = self._line.take()
        if turns:
            turns[0].load = link, turns
            turns[0].gate.release()
        else:
            self._idle.append(link)
            self._landed.notify_all()

    def _wait(self, turn: _Turn) -> Sequence[Answer]:
        """Wait for an answer or a set to fly; a caller who is interrupted leaves no other waiting."""
        try:
            turn.gate.acquire()
        except BaseException:
            with self._lock:
                self._line.leave(turn)
            if turn.load is not None:
                self._lead(*turn.load)
            raise
        if turn.load is not None:
            self._lead(*turn.load)
        if turn.error is not None:
            raise turn.error
        return turn.answers

    def _lead(self, link: Link, turns: Sequence[_Turn]) -> None:
        """Fly a set of many callers and tell each what came of it."""
        try:
            deliver(turns, self._fly(link, jobs_of(turns)))
        except BaseException as error:
            deliver(turns, error)
            raise
        finally:
            for other in turns[1:]:
                other.gate.release()

    def _start_over(self) -> None:
        """Begin, also in a forked child, where none of the parent's callers, locks and connections is of use."""
        self._lock = threading.Lock()
        self._landed = threading.Condition(self._lock)
        self._line: Line[_Turn] = Line()
        self._links = [Link(self._address) for _ in range(FLIGHTS)]
        self._idle = list(self._links)


def _ask(link: Link, question: Query | Pause) -> Rows:
    if isinstance(question, Query):
        return link.ask(question)
    time.sleep(question.seconds)
    return ()


_producers: "WeakSet[Producer]" = WeakSet()
_left_behind: list[Link] = []
"""A parent's connections, which its children must neither use nor close."""


def _after_fork() -> None:
    for producer in _producers:
        _left_behind.extend(producer._links)  # noqa: SLF001 - one module
        producer._start_over()  # noqa: SLF001 - one module


os.register_at_fork(after_in_child=_after_fork)
