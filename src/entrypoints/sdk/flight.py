"""One set of jobs on its way into the database: sent again when its answer is lost, split when a job in it is refused.

A set can be sent twice and is stored once, for its jobs have their ids from the start.
"""

import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

import attrs

from ...adapters.postgres.insertion import Course, NewRow, Query, Rows, declared, inserting
from ...application.new_jobs import EnqueuedJob, NewJob
from ...application.ports.catalogue import TaskDeclaration
from ...domain.errors import InvalidJob, Unavailable
from .composing import declarations, due_queues, enqueued, row_of

T = TypeVar("T")

DECLARATIONS_KEPT_S: Final = 60.0
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0


@attrs.frozen
class Pause:
    """Let some seconds pass before asking on."""

    seconds: float


Answer: TypeAlias = EnqueuedJob | InvalidJob


@attrs.frozen
class Landed:
    """What came of each job, and the queues in which a new one is due."""

    answers: list[Answer]
    due: frozenset[str]


Flight: TypeAlias = Generator[Query | Pause, Rows, Landed]
Splitting: TypeAlias = Generator[Query | Pause, Rows, list[Answer]]


@attrs.define(eq=False)
class Declarations:
    """What workers declared of tasks that callers know by name alone; looked up again once a minute."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[TaskDeclaration | None, float]] = attrs.field(factory=dict, init=False)

    def unknown(self, jobs: Sequence[NewJob]) -> set[str]:
        """Return the tasks of `jobs` that have to be looked up."""
        named = {job.spec.task for job in jobs if job.wishes is not None}
        if not named:
            return named
        since = self.clock() - DECLARATIONS_KEPT_S
        return {name for name in named if name not in self._known or self._known[name][1] < since}

    def learn(self, names: set[str], found: dict[str, TaskDeclaration]) -> None:
        """Note what was found for `names`."""
        now = self.clock()
        self._known.update((name, (found.get(name), now)) for name in names)

    def completed(self, job: NewJob) -> NewJob:
        """Return the job with its task's settings."""
        return job if job.wishes is None else job.completed(self._known[job.spec.task][0])


def flight(jobs: Sequence[NewJob], known: Declarations, patience_s: float) -> Flight:
    """Store jobs and return what came of each, in order.

    Raises `Unavailable` when the database did not answer for `patience_s`: then each may or may not be stored.
    """
    deadline = time.monotonic() + patience_s
    if names := known.unknown(jobs):
        known.learn(names, declarations((yield from _persisting(_asking(declared(names)), deadline))))
    jobs = [known.completed(job) for job in jobs]
    answers = yield from _splitting([row_of(job) for job in jobs], deadline)
    return Landed(answers, due_queues(jobs, answers))


def _splitting(rows: Sequence[NewRow], deadline: float) -> Splitting:
    """Store what can be stored: a refused set is halved until the refused jobs stand alone."""
    try:
        holders = yield from _persisting(_storing(rows), deadline)
    except InvalidJob as refused:
        if len(rows) == 1:
            return [refused]
    else:
        return [*enqueued(rows, holders)]
    middle = len(rows) // 2
    return [*(yield from _splitting(rows[:middle], deadline)), *(yield from _splitting(rows[middle:], deadline))]


def _persisting(courses: Iterator[Generator[Query, Rows, T]], deadline: float) -> Generator[Query | Pause, Rows, T]:
    """Go through one course after another for as long as the database does not answer."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return (yield from next(courses))
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
        yield Pause(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _storing(rows: Sequence[NewRow]) -> Iterator[Course]:
    yield inserting(rows)
    while True:
        yield inserting(rows, sent_before=True)


def _asking(query: Query) -> Iterator[Generator[Query, Rows, Rows]]:
    def ask() -> Generator[Query, Rows, Rows]:
        return (yield query)

    while True:
        yield ask()
