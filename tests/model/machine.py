"""A Hypothesis machine that does to every world what people, workers and time do, and asks the oracle after each step.

Workers keep every claim that they were ever given, so most of what they write is late, repeated or contradictory.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, TypeAlias, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)
from tests.model import oracle, sides
from tests.model.sides import OWNERS, TICK, WORKERS, Side

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.failure_policies import FailurePolicies
from equeue.application.maintenance import RecoverLapses
from equeue.application.manage import Answer
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.lease import ClaimOrder, Pulse
from equeue.domain.outcomes import (
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    JobError,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from equeue.domain.retry import Backoff, Exponential, Fixed
from equeue.domain.spec import Birth, JobSpec, OnConflict, Unique, UniqueWhile

T = TypeVar("T")
Call: TypeAlias = Callable[[Side], Awaitable[T]]

EPOCH = datetime.fromtimestamp(0, UTC)
QUEUES, TASKS = ("a", "b"), ("one", "two")
TICK_S = TICK.total_seconds()
SYSTEM: Backoff = Fixed(base=TICK_S)
BACKOFFS: dict[tuple[int, int, int], Backoff] = {
    (2, 1, 2): Fixed(base=2 * TICK_S),
    (1, 2, 5): Exponential(base=TICK_S, factor=2.0, cap=5 * TICK_S, jitter=0.5),
}

workers = st.sampled_from(range(len(WORKERS)))
births = st.fixed_dictionaries(
    {
        "task": st.sampled_from(TASKS),
        "queue": st.sampled_from(QUEUES),
        "priority": st.sampled_from((5, 1, 9)),
        "delay": st.sampled_from((0, 0, 0, 2)),
        "expires_in": st.sampled_from((None, None, None, 4)),
        "max_retries": st.sampled_from((1, 0, 2, 3)),
        "backoff": st.sampled_from((None, *BACKOFFS)),
        "owner": st.sampled_from(range(len(OWNERS))),
        "key": st.sampled_from((None, None, "k")),
        "held_while": st.sampled_from(("active", "queued")),
        "reject": st.booleans(),
    }
)

ERRORS = {word: JobError.of(f"{word}\x00 error", "oops") for word in ("failed", "timed_out", "crashed", "discarded")}
ENDINGS: tuple[tuple[Outcome, oracle.Row], ...] = tuple(
    (outcome, {"error": ERRORS[row["word"]].type, **row} if row["word"] in ERRORS else row)
    for outcome, row in (
        (Succeeded(b'{"n": 1}'), {"word": "succeeded", "result": {"n": 1}}),
        (Failed(ERRORS["failed"]), {"word": "failed"}),
        (Failed(ERRORS["failed"], retry_after=0 * TICK), {"word": "failed", "delay": 0}),
        (Failed(ERRORS["failed"], retryable=False), {"word": "failed", "final": True}),
        (TimedOut(ERRORS["timed_out"]), {"word": "timed_out"}),
        (Crashed(ERRORS["crashed"]), {"word": "crashed"}),
        (Discarded(ERRORS["discarded"]), {"word": "discarded"}),
        (Snoozed(2 * TICK), {"word": "snoozed", "delay": 2}),
        (Released(), {"word": "released"}),
        (CancelAcknowledged(), {"word": "cancelled"}),
    )
)


def _fence(ending: tuple[oracle.Fence, object]) -> oracle.Fence:
    return ending[0]


class JobsMachine(RuleBasedStateMachine):
    """People, three workers, and time, against any number of worlds at once."""

    begin: ClassVar[Callable[[], Sequence[Side]]]
    runner: ClassVar[asyncio.Runner]
    steps: ClassVar[int] = 0

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.sides = type(self).begin()
        self.oracle = oracle.Oracle()
        self.touched = set[oracle.Id]()
        self.made = 0
        self.given = 0

    def everywhere(self, call: Call[T]) -> list[T]:
        """Take one step in every world; return the answers, in order."""
        type(self).steps += 1
        return self.wait(call)

    def wait(self, call: Call[T]) -> list[T]:
        """Return what every world answers."""

        async def one_by_one() -> list[T]:
            return [await call(side) for side in self.sides]

        answers: list[T] = type(self).runner.run(one_by_one())
        return answers

    def expect(self, answers: Sequence[T], expected: T) -> None:
        """See that every world answered what the oracle answers."""
        for side, answer in zip(self.sides, answers, strict=True):
            assert answer == expected, f"{side.name} answered {answer}, not {expected}"

    @rule(target=jobs, wanted=st.lists(births, min_size=1, max_size=3))
    def enqueue(self, wanted: list[oracle.Row]) -> MultipleResults[oracle.Id]:
        """Somebody asks for jobs."""
        rows = [{**row, "id": self.made + place} for place, row in enumerate(wanted, start=1)]
        self.made += len(rows)
        self.expect(self.everywhere(lambda side: _enqueue(side, rows)), self.oracle.enqueue(rows))
        return multiple(*(row["id"] for row in rows if row["id"] in self.oracle.jobs))

    @rule(
        target=claims,
        worker=workers,
        queues=st.permutations(QUEUES).flatmap(lambda queues: st.sampled_from((queues, queues[:1]))),
        limit=st.integers(1, 3),
        begun=st.booleans(),
        tasks=st.sampled_from((None, None, None, frozenset({"one"}))),
    )
    def claim(
        self, *, worker: int, queues: Sequence[str], limit: int, begun: bool, tasks: frozenset[str] | None
    ) -> MultipleResults[oracle.Fence]:
        """A worker asks for work."""
        order = ClaimOrder(WORKERS[worker], tuple(queues), limit, oracle.LEASE * TICK, tasks, begun)
        expected = self.oracle.claim(worker, queues, limit, begun=begun, tasks=tasks, only=None)
        self.expect(self.everywhere(lambda side: _claim(side, order, None)), expected)
        self.given += len(expected)
        return multiple(*expected)

    @precondition(lambda self: self.oracle.jobs)
    @rule(target=claims, worker=workers, begun=st.booleans(), limit=st.integers(1, 3), wanted=st.sets(jobs, max_size=4))
    def claim_only(
        self, *, worker: int, begun: bool, limit: int, wanted: set[oracle.Id]
    ) -> MultipleResults[oracle.Fence]:
        """A worker follows a hint."""
        order = ClaimOrder(WORKERS[worker], QUEUES, limit, oracle.LEASE * TICK, None, begun)
        expected = self.oracle.claim(worker, QUEUES, limit, begun=begun, tasks=None, only=wanted)
        self.expect(self.everywhere(lambda side: _claim(side, order, wanted)), expected)
        self.given += len(expected)
        return multiple(*expected)

    @precondition(lambda self: self.given)
    @rule(fences=st.lists(claims, min_size=1, max_size=4), begun=st.booleans(), progress=st.sampled_from((None, 1, 2)))
    def heartbeat(self, *, fences: list[oracle.Fence], begun: bool, progress: int | None) -> None:
        """Workers say that they live, or that they thought so."""
        expected = self.oracle.heartbeat(fences, begun=begun, progress=progress)
        self.expect(self.everywhere(lambda side: _heartbeat(side, fences, begun=begun, progress=progress)), expected)

    @precondition(lambda self: self.given)
    @rule(endings=st.lists(st.tuples(claims, st.sampled_from(ENDINGS)), min_size=1, max_size=4, unique_by=_fence))
    def settle(self, endings: list[tuple[oracle.Fence, tuple[Outcome, oracle.Row]]]) -> None:
        """Workers say how attempts ended: in time, late, again, or otherwise than before."""
        told = [(fence, outcome) for fence, (outcome, _) in endings]
        expected = self.oracle.settle([(fence, row) for fence, (_, row) in endings])
        numbers = [fence[0] for fence, _ in endings]
        self.touched |= set(numbers)
        answers = [_certain(answer, numbers) for answer in self.everywhere(lambda side: _settle(side, told))]
        self.expect(answers, _certain(expected, numbers))

    @rule(fence=claims, ending=st.sampled_from(ENDINGS))
    def settle_one(self, fence: oracle.Fence, ending: tuple[Outcome, oracle.Row]) -> None:
        """A worker says how one attempt ended."""
        self.settle([(fence, ending)])

    @precondition(lambda self: self.oracle.jobs)
    @rule(wanted=st.sets(jobs, min_size=1, max_size=3), reason=st.sampled_from(("enough", "wrong")))
    def cancel(self, wanted: set[oracle.Id], reason: str) -> None:
        """Somebody wants jobs no more."""
        expected = self.oracle.cancel(wanted, reason)
        self.expect(self.everywhere(lambda side: _cancel(side, wanted, reason)), expected)

    @precondition(lambda self: self.oracle.jobs)
    @rule(wanted=st.sets(jobs, min_size=1, max_size=3))
    def retry(self, wanted: set[oracle.Id]) -> None:
        """Somebody wants jobs again."""
        self.expect(self.everywhere(lambda side: _retry(side, wanted)), self.oracle.retry(wanted))

    @precondition(lambda self: self.oracle.jobs)
    @rule(wanted=st.sets(jobs, min_size=1, max_size=2))
    def run_now(self, wanted: set[oracle.Id]) -> None:
        """Somebody cannot wait."""
        self.expect(self.everywhere(lambda side: _run_now(side, wanted)), self.oracle.run_now(wanted))

    @rule(limit=st.sampled_from((100, 1)))
    def lapse(self, limit: int) -> None:
        """Maintenance looks for leases that ran out."""
        expected = self.oracle.lapse(limit)
        self.touched |= {fence[0] for fence, _ in expected}
        self.expect(self.everywhere(lambda side: _lapse(side, limit)), dict(expected))

    @rule()
    def expire(self) -> None:
        """Maintenance looks for jobs that nobody started in time."""
        self.expect(self.everywhere(_expire), self.oracle.expire())

    @rule(ticks=st.sampled_from((1, 2, 3, 10)))
    def let_pass(self, ticks: int) -> None:
        """Time passes."""
        self.oracle.let_pass(ticks)
        self.everywhere(lambda side: side.world.let_pass(ticks * TICK))

    @invariant()
    def every_job_is_as_it_should_be(self) -> None:
        """All that can be seen of every job is what the oracle says, everywhere."""
        now = self.oracle.ticks
        expected = {number: sides.job_expected(job, now) for number, job in self.oracle.jobs.items()}
        for side, seen in zip(self.sides, self.wait(lambda side: side.look()), strict=True):
            assert seen == expected, f"{side.name}: {_differences(seen, expected)}"

    def teardown(self) -> None:
        """See at the end of each history that readers are told the same."""
        for side, read in zip(self.sides, self.wait(lambda side: side.read()), strict=True):
            assert read == self.wait(lambda side: side.look())[0], side.name

    @invariant()
    def every_attempt_is_remembered(self) -> None:
        """The attempts of the jobs just settled are told as they were."""
        for number in sorted(self.touched & self.oracle.jobs.keys()):
            self.expect(self.wait(partial(_attempts, number=number)), sides.attempts_expected(self.oracle, number))
        self.touched.clear()


async def _enqueue(side: Side, rows: Sequence[oracle.Row]) -> list[tuple[str, oracle.Id]]:
    expiring = any(row["expires_in"] is not None for row in rows)
    now = await side.world.now() if expiring else EPOCH
    answers = await side.world.add(*(_birth(row, now) for row in rows))
    return [sides.enqueued(answer) for answer in answers]


def _birth(row: oracle.Row, now: datetime) -> Birth:
    on_conflict = OnConflict.REJECT if row["reject"] else OnConflict.RETURN_EXISTING
    unique = Unique(row["key"], UniqueWhile(row["held_while"]), on_conflict) if row["key"] else None
    spec = JobSpec(
        row["task"],
        queue=row["queue"],
        priority=row["priority"],
        delay=row["delay"] * TICK,
        expires_at=None if row["expires_in"] is None else now + row["expires_in"] * TICK,
        max_retries=row["max_retries"],
        backoff=row["backoff"] and BACKOFFS[row["backoff"]],
        unique=unique,
    )
    return Birth(sides.job_id(row["id"]), spec, OWNERS[row["owner"]])


async def _claim(side: Side, order: ClaimOrder, only: Collection[oracle.Id] | None) -> list[oracle.Fence]:
    ids = None if only is None else [sides.job_id(number) for number in only]
    claims = {sides.fence_of(claim.fence): claim for claim in await side.world.leases.claim(order, ids)}
    side.claims |= claims
    return list(claims)


async def _heartbeat(
    side: Side, fences: Sequence[oracle.Fence], *, begun: bool, progress: int | None
) -> tuple[set[oracle.Fence], set[oracle.Fence]]:
    told = None if progress is None else str(progress).encode()
    pulses = [Pulse(side.claims[fence].fence, begun, told) for fence in fences]
    answer = await side.world.leases.heartbeat(pulses, oracle.LEASE * TICK)
    return {sides.fence_of(fence) for fence in answer.lost}, {sides.fence_of(fence) for fence in answer.cancel}


async def _settle(side: Side, told: Sequence[tuple[oracle.Fence, Outcome]]) -> list[tuple[str, str | None]]:
    settle = SettleAttempts(side.world.leases, FixedJitter(), FailurePolicies(backoff=SYSTEM))
    answers = await settle([Ending(side.claims[fence], outcome) for fence, outcome in told])
    assert [answer.fence for answer in answers] == [side.claims[fence].fence for fence, _ in told]
    return [(str(answer.answer), answer.status and str(answer.status)) for answer in answers]


def _certain(answers: Sequence[tuple[str, str | None]], numbers: Sequence[oracle.Id]) -> list[tuple[str, str | None]]:
    """Leave out the status where a set names one job twice: it is told as it was then, or as it is at the end."""
    counts = Counter(numbers)
    return [
        (answer, status if counts[number] == 1 else None)
        for (answer, status), number in zip(answers, numbers, strict=True)
    ]


async def _lapse(side: Side, limit: int) -> dict[oracle.Fence, str | None]:
    answers = await RecoverLapses(side.world.leases, FixedJitter(), FailurePolicies(backoff=SYSTEM))(limit)
    assert all(answer.answer == "applied" for answer in answers)
    return {sides.fence_of(answer.fence): answer.status and str(answer.status) for answer in answers}


async def _expire(side: Side) -> set[oracle.Id]:
    return {sides.number_of(job_id) for job_id in await side.world.leases.expire(1_000)}


async def _cancel(side: Side, ids: Collection[oracle.Id], reason: str) -> dict[oracle.Id, str]:
    return _moved(await side.world.manage.cancel([sides.job_id(number) for number in ids], reason=reason))


async def _retry(side: Side, ids: Collection[oracle.Id]) -> dict[oracle.Id, str]:
    return _moved(await side.world.manage.retry([sides.job_id(number) for number in ids]))


async def _run_now(side: Side, ids: Collection[oracle.Id]) -> dict[oracle.Id, str]:
    return _moved(await side.world.manage.run_now([sides.job_id(number) for number in ids]))


def _moved(answers: Mapping[UUID, Answer]) -> dict[oracle.Id, str]:
    return {sides.number_of(job_id): sides.moved(answer) for job_id, answer in answers.items()}


async def _attempts(side: Side, number: oracle.Id) -> list[oracle.Row]:
    return [sides.attempt_seen(attempt) for attempt in await side.world.attempts(sides.job_id(number))]


def _differences(seen: dict[oracle.Id, oracle.Row], expected: dict[oracle.Id, oracle.Row]) -> list[str]:
    return [
        f"job {number} has {name} {seen.get(number, {}).get(name)!r}, not {value!r}"
        for number, row in expected.items()
        for name, value in row.items()
        if seen.get(number, {}).get(name) != value
    ]
