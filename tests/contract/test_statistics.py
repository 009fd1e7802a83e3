"""Figures are what a ledger of everything that was done says, however far is folded and whatever was deleted."""

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import OOPS, OTHER_OWNER, OWNER, a_birth, minutes, seconds
from tests.contract.conftest import OpenWorld
from tests.contract.world import World

from equeue.application.ports.dead_letters import GroupFilter
from equeue.domain.histogram import bucket_of
from equeue.domain.ids import JobId, UserId
from equeue.domain.outcomes import CancelAcknowledged, Discarded, Failed, Outcome, Released, Snoozed, Succeeded
from equeue.domain.statistics import HOUR, MINUTE, NOTHING, Figures, Point, Span, beginning, total
from equeue.domain.status import JobStatus

Key: TypeAlias = tuple[str, str, UserId | None]
OWNERS: tuple[UserId | None, ...] = (OWNER, OTHER_OWNER, None)
QUEUES, TASKS = ("a", "b.c", "b_c"), ("t.1", "t.2")
ALL = GroupFilter()
COUNTERS = ("enqueued", "succeeded", "dead", "cancelled", "failed", "retried")
ENDINGS: dict[str, Outcome] = {
    "win": Succeeded(),
    "fail": Failed(OOPS),
    "discard": Discarded(OOPS),
    "snooze": Snoozed(timedelta(0)),
    "release": Released(),
    "yield": CancelAcknowledged(),
}


async def figures(world: World, where: GroupFilter = ALL, *, back: timedelta = timedelta(hours=2)) -> Figures:
    """Return what happened lately, all together."""
    span = Span.until(await world.now(), back)
    return total(span.filled(await world.statistics.figures(where, span)))


class Ledger:
    """Does things, and writes down what that should count as."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jobs: list[tuple[JobId, Key]] = []
        self.told: dict[Key, Counter[str]] = defaultdict(Counter)

    async def add(self, queue: str, task: str, owner: UserId | None) -> None:
        """Enqueue a job that may be retried once."""
        birth = a_birth(queue=queue, task=task, owner=owner, max_retries=1)
        await self.world.enqueue(birth)
        self.jobs.append((birth.job_id, (queue, task, owner)))
        self.told[queue, task, owner]["enqueued"] += 1

    async def run(self, place: int, ending: str) -> None:
        """Run a job, if it waits and is due or will be, to an ending."""
        job_id, key = self.jobs[place % len(self.jobs)]
        if await self.status(job_id) is not JobStatus.QUEUED:
            return
        if (await self.world.job(job_id)).run_at > await self.world.now():
            await self.world.let_pass(minutes(1))
        claim = await self.world.reclaimed(job_id)
        if ending == "lapse":
            await self.world.let_pass(minutes(1))
            await self.world.lapse()
        else:
            await self.world.settle(claim, ENDINGS[ending], ran=seconds(3))
        status = await self.status(job_id)
        counted = self.told[key]
        counted["attempts"] += 1
        counted["failed"] += ending in {"fail", "discard", "lapse"}
        counted["retried"] += ending in {"fail", "lapse"} and status is JobStatus.QUEUED
        if status is not None and status.ended:
            counted[status.value] += 1

    async def steer(self, place: int, move: str) -> None:
        """Do what people do, as far as it is possible."""
        job_id, key = self.jobs[place % len(self.jobs)]
        status = await self.status(job_id)
        if move == "delete" and status is not None and status.ended:
            await self.world.manage.delete([job_id])
        elif move == "retry" and status in {JobStatus.DEAD, JobStatus.CANCELLED}:
            await self.world.retry(job_id)
        elif move == "run now" and status is JobStatus.QUEUED:
            await self.world.manage.run_now([job_id])
        elif move == "cancel" and status is JobStatus.QUEUED:
            await self.world.cancel(job_id)
            self.told[key]["cancelled"] += 1

    async def status(self, job_id: JobId) -> JobStatus | None:
        """Return a job's status, if it is there."""
        found = await self.world.reads.get(job_id)
        return None if found is None else found[0].status

    async def agrees(self) -> None:
        """Hold the figures of every key, and of all keys, against what was written down."""
        for key, counted in self.told.items():
            queue, task, owner = key
            seen = GroupFilter(owner, (queue,), (task,))
            beside = [other for other in self.told if owner is None and other[:2] == key[:2] and other != key]
            assert facts(await figures(self.world, seen)) == sum((self.told[each] for each in beside), counted), key
        whole: Counter[str] = sum(self.told.values(), Counter())
        assert facts(await figures(self.world)) == whole
        reached = (counted for (queue, _, _), counted in self.told.items() if queue in {"a", "b.c"})
        assert facts(await figures(self.world, GroupFilter(queue_globs=("a", "b.*")))) == sum(reached, Counter())


def facts(told: Figures) -> Counter[str]:
    """Return figures by name, zeros left out; every attempt here begins, so each waited and ran."""
    assert told.waits.total == told.runs.total
    return +Counter({name: getattr(told, name) for name in COUNTERS} | {"attempts": told.runs.total})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(QUEUES), st.sampled_from(TASKS), st.sampled_from(OWNERS)),
        st.tuples(st.just("run"), st.integers(0, 9), st.sampled_from([*ENDINGS, "lapse"])),
        st.tuples(st.just("steer"), st.integers(0, 9), st.sampled_from(("cancel", "retry", "delete", "run now"))),
        st.tuples(st.just("fold"), st.sampled_from((1, 2, 1_000))),
        st.tuples(st.just("tidy")),
    ),
    max_size=20,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_figures_are_what_was_done(open_world: OpenWorld, steps: list[tuple[object, ...]]) -> None:
    """After every history of enqueues, endings, moves, deletes and folds, by queue, task, owner and reach."""
    async with open_world() as world:
        ledger = Ledger(world)
        for step in steps:
            match step:
                case ("add", str(queue), str(task), owner):
                    await ledger.add(queue, task, owner)  # type: ignore[arg-type]
                case ("run", int(place), str(ending)) if ledger.jobs:
                    await ledger.run(place, ending)
                case ("steer", int(place), str(move)) if ledger.jobs:
                    await ledger.steer(place, move)
                case ("fold", int(limit)):
                    await world.statistics.fold(limit)
                case ("tidy",):
                    await world.statistics.tidy(1_000)
        await ledger.agrees()
        while await world.statistics.fold(2):
            pass
        await ledger.agrees()


async def test_what_happened_is_told_in_its_minute(world: World) -> None:
    """A recount of the rows by `created_at` and `finished_at` finds the same for every minute."""
    jobs = []
    for ending in (Succeeded(), Discarded(OOPS), Succeeded()):
        claim = await world.claimed(a_birth())
        jobs.append(claim.job_id)
        await world.let_pass(minutes(2))
        await world.beat(claim)
        await world.ended(claim, ending)
    rows = [await world.job(job_id) for job_id in jobs]
    for _ in range(2):
        span = Span.until(await world.now(), HOUR)
        told = await world.statistics.figures(ALL, span)
        born = Counter(beginning(row.created_at, MINUTE) for row in rows)
        ended = Counter(beginning(row.finished_at, MINUTE) for row in rows if row.finished_at)
        points = span.filled(told)
        assert Counter({point.at: point.figures.enqueued for point in points if point.figures.enqueued}) == born
        assert Counter({point.at: point.figures.done for point in points if point.figures.done}) == ended
        short = Span.until(await world.now(), minutes(3))
        assert all(short.start <= at < short.end for at in await world.statistics.figures(ALL, short))
        await world.statistics.fold(1_000)


async def test_waits_and_runs_fall_into_their_buckets(world: World) -> None:
    """A wait counts from when the job was due to when its handler began, a run from there to the end."""
    await world.enqueue(birth := a_birth())
    await world.let_pass(minutes(3))
    claim = await world.reclaimed(birth.job_id)
    await world.ended(claim, Succeeded(), ran=seconds(50))
    await world.statistics.fold(1_000)
    await world.claimed(a_birth(queue="other"))
    told = await figures(world)
    assert list(told.runs.counts) == [bucket_of(seconds(50))]
    assert list(told.waits.counts) == [bucket_of(minutes(3) - seconds(50))]


async def test_what_never_began_neither_waits_nor_runs(world: World) -> None:
    """A prefetched job that is given back was counted by nobody."""
    claim = await world.claimed(a_birth(), begun=False)
    await world.settle(claim, Released())
    assert facts(await figures(world)) == Counter(enqueued=1)


async def test_late_write_is_not_counted(world: World) -> None:
    """What a lost lease wanted to write did not happen, nor does what is told twice happen twice."""
    claim = await world.claimed(a_birth())
    for ending in (Succeeded(), Succeeded(), Discarded(OOPS)):
        await world.settle(claim, ending)
    lost = await world.claimed(a_birth(max_retries=0))
    await world.let_pass(minutes(1))
    await world.lapse()
    await world.settle(lost, Succeeded())
    assert facts(await figures(world)) == Counter(enqueued=2, succeeded=1, dead=1, failed=1, attempts=2)


async def test_moves_that_end_nothing_are_not_counted(world: World) -> None:
    """To run a job now, to ask a running one to stop, to retry one."""
    await world.enqueue(birth := a_birth(run_at=await world.now() + minutes(9)))
    await world.manage.run_now([birth.job_id])
    claim = await world.reclaimed(birth.job_id)
    await world.cancel(birth.job_id)
    assert facts(await figures(world)) == Counter(enqueued=1)
    await world.settle(claim, CancelAcknowledged())
    await world.retry(birth.job_id)
    assert facts(await figures(world)) == Counter(enqueued=1, cancelled=1, attempts=1)


async def test_expired_jobs_are_cancelled_ones(world: World) -> None:
    """They ended without an attempt."""
    await world.enqueue(a_birth(expires_at=await world.now() + minutes(1)))
    await world.let_pass(minutes(2))
    await world.leases.expire(10)
    assert facts(await figures(world)) == Counter(enqueued=1, cancelled=1)


async def test_what_was_rolled_back_did_not_happen(world: World) -> None:
    """A unit of work that is not committed is not counted."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([a_birth()])
    assert await figures(world) == NOTHING


async def test_folds_at_once_count_once(world: World) -> None:
    """Passes of many processes share the changes, and those who settle meanwhile wait for none of them."""
    claims = [await world.claimed(a_birth(queue=f"q{place % 3}")) for place in range(30)]

    async def end() -> None:
        for claim in claims:
            await world.settle(claim, Succeeded())

    await asyncio.gather(end(), *(world.statistics.fold(4) for _ in range(12)))
    assert facts(await figures(world)) == Counter(enqueued=30, succeeded=30, attempts=30)


async def test_minutes_become_hours_and_hours_are_forgotten(world: World) -> None:
    """A day later a sum by hours is as it was; after ninety days there is nothing left to keep."""
    for _ in range(3):
        await world.ended(await world.claimed(a_birth()), Succeeded(), ran=seconds(2))
        await world.let_pass(minutes(5))
    before = await figures(world)
    await world.statistics.fold(1_000)
    await world.let_pass(timedelta(hours=30))
    await world.ended(await world.claimed(a_birth()), Succeeded(), ran=seconds(2))
    while await world.statistics.tidy(2):
        pass
    points = await by_hours(world, timedelta(hours=40))
    assert total(points[-2:]) + total(points[:-2]) == before + await figures(world)
    assert len([point for point in points if point.figures != NOTHING]) <= 3
    span = Span.until(await world.now(), timedelta(hours=40))
    old = [at for at in await world.statistics.figures(ALL, span) if at < span.end - timedelta(hours=26)]
    assert {at.minute for at in old} == {0}
    await world.let_pass(timedelta(days=91))
    assert total(await by_hours(world, timedelta(days=100))).done == 4
    await world.statistics.fold(1_000)
    while await world.statistics.tidy(1_000):
        pass
    assert total(await by_hours(world, timedelta(days=100))) == NOTHING


async def by_hours(world: World, back: timedelta) -> tuple[Point, ...]:
    """Return what happened, hour by hour."""
    span = Span.until(await world.now(), back, HOUR)
    return span.filled(await world.statistics.figures(ALL, span))


async def test_depths_are_what_waits_runs_and_lies_dead(world: World) -> None:
    """By queue; a retried job is scheduled or ready too, and the age is that of what has been due longest."""
    now = await world.now()
    await world.enqueue(*(a_birth(queue="a", priority=place) for place in range(3)), a_birth(queue="b", owner=OWNER))
    await world.enqueue(a_birth(queue="a", run_at=now + timedelta(hours=1)))
    await world.let_pass(minutes(10))
    await world.settle((await world.claim("a", limit=1))[0], Failed(OOPS, retry_after=timedelta(hours=1)))
    await world.settle((await world.claim("a", limit=1))[0], Discarded(OOPS))
    await world.claimed(a_birth(queue="c", owner=OWNER))
    a, b, c = await world.live_figures.depths(ALL, 100)
    assert [a.ready.value, a.scheduled.value, a.running.value, a.retrying.value, a.dead] == [1, 2, 0, 1, 1]
    assert a.oldest_ready is not None
    assert minutes(10) <= a.oldest_ready < minutes(11)
    assert (b.queue, b.ready.value, c.queue, c.running.value, c.oldest_ready) == ("b", 1, "c", 1, None)
    for where, queues in (
        (GroupFilter(queues=("a", "none")), ["a"]),
        (GroupFilter(queue_globs=("?",)), ["a", "b", "c"]),
        (GroupFilter(queue_globs=("b*",)), ["b"]),
        (GroupFilter(OWNER), ["b", "c"]),
        (GroupFilter(OTHER_OWNER), []),
    ):
        assert [depth.queue for depth in await world.live_figures.depths(where, 100)] == queues, where


@pytest.mark.parametrize("owner", [None, OWNER])
async def test_counts_end_at_their_cap_and_say_so(world: World, owner: UserId | None) -> None:
    """A count that ended early is no less than the cap; one that did not is exact."""
    await world.enqueue(*(a_birth(owner=OWNER) for _ in range(101)))
    (capped,) = await world.live_figures.depths(GroupFilter(owner), 100)
    assert capped.ready.capped
    assert capped.ready.value >= 100
    (exact,) = await world.live_figures.depths(GroupFilter(owner), 101)
    assert (exact.ready.value, exact.ready.capped) == (101, False)


async def test_what_outlives_its_lease_or_its_time_is_stuck(world: World) -> None:
    """The most overdue first; a healthy job is not among them."""
    await world.enqueue(a_birth(timeout=seconds(30), owner=OWNER), a_birth(queue="b"), a_birth(queue="c"))
    (slow,) = await world.claim(lease=timedelta(hours=1))
    await world.claim("b", lease=timedelta(hours=1))
    await world.let_pass(seconds(45))
    (gone,) = await world.claim("c", lease=seconds(1))
    await world.let_pass(seconds(61))
    found = await world.live_figures.stuck(ALL, 10)
    assert [told.job_id for told in found] == [slow.job_id, gone.job_id]
    assert seconds(60) <= found[1].overdue < seconds(65)
    assert [told.job_id for told in await world.live_figures.stuck(GroupFilter(OWNER), 10)] == [slow.job_id]
    assert len(await world.live_figures.stuck(ALL, 1)) == 1


def test_steps_of_a_span() -> None:
    """Whole steps, the last of which holds the end."""
    end = datetime.fromisoformat("2026-11-22T12:30:30Z")
    span = Span.until(end, HOUR)
    points = span.filled({})
    assert (len(points), points[0].at.minute, points[-1].at) == (60, 31, end.replace(second=0))
