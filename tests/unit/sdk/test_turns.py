"""How callers who wait are put together into sets."""

from collections.abc import Sequence

import attrs
import pytest
from tests.unit.sdk.tasks import send

from equeue import EnqueuedJob, EnqueueOutcome, InvalidJob, NewJob, Unavailable, new_job
from equeue.domain.errors import Violation
from equeue.domain.ids import UUID
from equeue.entrypoints.sdk.composing import SET_BYTES, SET_JOBS
from equeue.entrypoints.sdk.flight import Answer
from equeue.entrypoints.sdk.turns import Line, SomeRefused, deliver, every, only, streamed

ANSWER = EnqueuedJob(UUID(int=1), EnqueueOutcome.CREATED)
REFUSAL = InvalidJob((Violation("/payload", "cannot be stored"),))


@attrs.define(eq=False)
class Caller:
    """One caller's turn."""

    jobs: Sequence[NewJob]
    answers: Sequence[Answer] = ()
    error: Exception | None = None

    def answer(self, answers: Sequence[Answer]) -> None:
        """Take what came of the jobs."""
        self.answers = answers

    def fail(self, error: Exception) -> None:
        """Take why nothing is known."""
        self.error = error


def _jobs(count: int) -> list[NewJob]:
    return [new_job(send, user_id=1)] * count


def _heavy(size: int) -> NewJob:
    return attrs.evolve(new_job(send, user_id=1), payload=b"x" * size)


def _line(*callers: Caller) -> Line[Caller]:
    line: Line[Caller] = Line()
    for caller in callers:
        line.join(caller)
    return line


def test_a_set_is_no_larger_than_a_statement_should_be() -> None:
    """Whoever does not fit any more is in the next set; nobody is passed over or torn apart."""
    callers = [Caller(_jobs(count)) for count in (SET_JOBS - 1, 1, 1, SET_JOBS)]
    line = _line(*callers)
    assert [line.take(), line.take(), line.take(), line.take()] == [callers[:2], callers[2:3], callers[3:], []]
    assert line.jobs == 0


def test_a_set_is_no_heavier_than_a_statement_should_be() -> None:
    """Large payloads make small sets."""
    callers = [Caller([_heavy(SET_BYTES // 2)]) for _ in range(3)]
    line = _line(*callers)
    assert [line.take(), line.take()] == [callers[:2], callers[2:]]


def test_who_leaves_is_not_taken() -> None:
    """A caller who gives up waiting is not stored; one who was taken cannot leave any more."""
    callers = [Caller(_jobs(1)) for _ in range(3)]
    line = _line(*callers)
    assert line.leave(callers[1])
    assert not line.leave(callers[1])
    assert line.take() == [callers[0], callers[2]]
    assert not line.leave(callers[0])
    assert line.jobs == 0


def test_each_caller_gets_its_own_answers() -> None:
    """A set's answers are cut up as its jobs were put together."""
    callers = [Caller(_jobs(count)) for count in (1, 3, 2)]
    answers = [EnqueuedJob(UUID(int=number), EnqueueOutcome.CREATED) for number in range(6)]
    deliver(callers, answers)
    assert [caller.answers for caller in callers] == [answers[:1], answers[1:4], answers[4:]]


@pytest.mark.parametrize("error", [Unavailable("gone"), KeyboardInterrupt()])
def test_a_set_that_came_to_nothing_fails_each_caller(error: BaseException) -> None:
    """Each is told by an error of its own that nothing is known; another's Ctrl-C stays that one's."""
    callers = [Caller(_jobs(1)) for _ in range(2)]
    deliver(callers, error)
    assert all(isinstance(caller.error, Unavailable) for caller in callers)
    assert callers[0].error is not callers[1].error


def test_a_bulk_says_which_jobs_were_refused() -> None:
    """The error points at each and keeps the answers to all others."""
    with pytest.raises(SomeRefused) as refused:
        every([ANSWER, REFUSAL, ANSWER])
    assert [violation.pointer for violation in refused.value.violations] == ["/1/payload"]
    assert refused.value.answers == [ANSWER, REFUSAL, ANSWER]
    assert every([ANSWER, ANSWER]) == [ANSWER, ANSWER]


def test_a_single_refusal_is_raised() -> None:
    """The caller of one job gets its error as it is."""
    with pytest.raises(InvalidJob) as refused:
        only([REFUSAL])
    assert refused.value is REFUSAL


def test_a_bulk_of_any_length_is_taken_as_it_comes() -> None:
    """No more than one set is drawn from the caller's iterator at a time."""
    drawn = 0

    def draw() -> NewJob:
        nonlocal drawn
        drawn += 1
        return new_job(send, user_id=drawn)

    sets = streamed(draw() for _ in range(2 * SET_JOBS + 5))
    assert len(next(sets)) == SET_JOBS
    assert drawn == SET_JOBS + 1
    assert [len(part) for part in sets] == [SET_JOBS, 5]


def test_a_bulk_of_large_payloads_is_cut_by_weight() -> None:
    """A set's payloads together stay within the bound, but for a single larger one."""
    sizes = [SET_BYTES, 1, SET_BYTES - 1, 2 * SET_BYTES]
    assert [len(part) for part in streamed(map(_heavy, sizes))] == [1, 2, 1]
