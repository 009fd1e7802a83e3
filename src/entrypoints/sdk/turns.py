"""Callers who wait, and how they are put together into sets."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, Generic, Protocol, TypeVar

from ...application.new_jobs import EnqueuedJob, NewJob
from ...domain.errors import InvalidJob, Unavailable
from .composing import SET_BYTES, SET_JOBS
from .flight import Answer

FLIGHTS: Final = 2
"""How many INSERTs are under way at a time; what comes meanwhile is the next set."""


class SomeRefused(InvalidJob):
    """Some jobs of a bulk cannot be stored; all others are. `answers` has an `InvalidJob` in the place of each."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        refused = [(place, answer) for place, answer in enumerate(answers) if isinstance(answer, InvalidJob)]
        super().__init__(tuple(wrong.under(f"/{place}") for place, answer in refused for wrong in answer.violations))
        self.answers = answers


class Turn(Protocol):
    """One caller's jobs."""

    jobs: Sequence[NewJob]

    def answer(self, answers: Sequence[Answer]) -> None:
        """Take what came of the jobs."""
        ...

    def fail(self, error: Exception) -> None:
        """Take why nothing is known of the jobs."""
        ...


T = TypeVar("T", bound=Turn)


class Line(Generic[T]):
    """Turns that wait, first come, first taken."""

    def __init__(self) -> None:
        self._turns: deque[T] = deque()
        self.jobs = 0

    def join(self, turn: T) -> None:
        """Put a turn at the end."""
        self._turns.append(turn)
        self.jobs += len(turn.jobs)

    def leave(self, turn: T) -> bool:
        """Take a turn out again; false if it was taken before."""
        try:
            self._turns.remove(turn)
        except ValueError:
            return False
        self.jobs -= len(turn.jobs)
        return True

    def take(self) -> list[T]:
        """Return the turns of the next set: at least one, if any waits, and no more than one statement should carry."""
        taken: list[T] = []
        count, size = 0, 0
        while self._turns:
            jobs = self._turns[0].jobs
            count, size = count + len(jobs), size + sum(len(job.payload) for job in jobs)
            if taken and (count > SET_JOBS or size > SET_BYTES):
                break
            taken.append(self._turns.popleft())
            self.jobs -= len(jobs)
        return taken


def jobs_of(turns: Iterable[Turn]) -> list[NewJob]:
    """Return all jobs of a set."""
    return list(chain.from_iterable(turn.jobs for turn in turns))


def deliver(turns: Sequence[Turn], outcome: Sequence[Answer] | BaseException) -> None:
    """Give each turn its own part of what came of a set."""
    if isinstance(outcome, BaseException):
        for turn in turns:
            turn.fail(_retold(outcome))
        return
    answers = iter(outcome)
    for turn in turns:
        turn.answer(list(islice(answers, len(turn.jobs))))


def _retold(error: BaseException) -> Exception:
    """Return an error of each caller's own; whatever interrupted the one who asked tells the others nothing."""
    if isinstance(error, Exception) and not isinstance(error, Unavailable):
        return error
    return Unavailable("the database did not answer: the job may or may not be stored")


def only(answers: Sequence[Answer]) -> EnqueuedJob:
    """Return the answer to the one job of a turn, or raise its refusal."""
    (answer,) = answers
    if isinstance(answer, InvalidJob):
        raise answer
    return answer


def every(answers: Sequence[Answer]) -> list[EnqueuedJob]:
    """Return the answers to a bulk, or raise `SomeRefused`."""
    stored = [answer for answer in answers if not isinstance(answer, InvalidJob)]
    if len(stored) < len(answers):
        raise SomeRefused(answers)
    return stored


def streamed(jobs: Iterable[NewJob]) -> Iterator[list[NewJob]]:
    """Split jobs into sets as they come, so that a bulk of any length needs the memory of a few sets."""
    part: list[NewJob] = []
    size = 0
    for job in jobs:
        if part and (len(part) == SET_JOBS or size + len(job.payload) > SET_BYTES):
            yield part
            part, size = [], 0
        part.append(job)
        size += len(job.payload)
    if part:
        yield part
