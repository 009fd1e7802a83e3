"""The maintenance loop: which passes are done when, and what it tells those who claim."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import cast

import attrs
import pytest
from tests.unit.worker.world import HandMovedTimers, KeptLog, breathe

from equeue.adapters.memory.platform import FixedJitter, MovableClock
from equeue.application.maintenance import Pass, RecoverLapses
from equeue.application.ports.cadences import FIRE, Tick
from equeue.application.ports.jobs import JobLeases, SettleAnswer, Settled
from equeue.domain.errors import Unavailable
from equeue.domain.ids import UUID
from equeue.domain.lease import Fence
from equeue.domain.status import JobStatus
from equeue.entrypoints.loops.keeping import keep
from equeue.entrypoints.loops.maintaining import LAPSE, Chores, Maintainer
from equeue.entrypoints.loops.outage import Outage

NONE: frozenset[str] = frozenset()


@attrs.define
class Said:
    """Cadences that answer what the test says, and note when they were asked."""

    clock: MovableClock
    answers: list[Tick] = attrs.Factory(list)
    asked_at: list[float] = attrs.Factory(list)

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:
        del periods, queues
        self.asked_at.append(self.clock.monotonic())
        return self.answers.pop(0) if self.answers else Tick(NONE)


@attrs.define
class Work:
    """A pass that answers what the test says."""

    answers: list[bool | Exception]
    runs: int = 0

    async def run(self) -> bool:
        self.runs += 1
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer


@attrs.define
class Heard:
    """Notes what it is told."""

    words: list[str] = attrs.Factory(list)

    def look(self) -> None:
        self.words.append("look")

    def look_in(self, seconds: float) -> None:
        self.words.append(f"in {seconds:g}")

    def nothing_due(self) -> None:
        self.words.append("nothing due")


class Lapsed:
    """Leases of which one ran out whenever somebody looks."""

    async def lapse(self, *_: object) -> list[Settled]:
        return [Settled(Fence(UUID(int=1), 2), SettleAnswer.APPLIED, JobStatus.QUEUED)]


class Stage:
    """A maintenance loop on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.timers = HandMovedTimers(self.clock)
        self.log = KeptLog()
        self.said = Said(self.clock)
        self.heard = Heard()
        self.maintainer: Maintainer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, **passes: Work) -> Maintainer:
        leases = cast("JobLeases", Lapsed())  # all that recovery asks of them
        chores = Chores(
            recover=RecoverLapses(leases, FixedJitter()),
            passes=[Pass(name, timedelta(minutes=1), work.run) for name, work in passes.items()],
            cadences=self.said,
        )
        outage = Outage(self.log, FixedJitter())
        maintainer = Maintainer(chores, self.timers, FixedJitter(), outage, self.log, self.heard, ["default"])
        work = keep("maintenance.broke", "maintenance", maintainer.run, self.timers, self.log)
        self.maintainer, self._task = maintainer, asyncio.create_task(work)
        await breathe()
        return maintainer

    async def close(self) -> None:
        if self.maintainer is not None and self._task is not None:
            self.maintainer.stop()
            await asyncio.wait_for(self._task, 5)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Give a stage whose loop ends with the test."""
    stage = Stage()
    yield stage
    await stage.close()


async def test_a_pass_that_left_more_goes_on_at_once(stage: Stage) -> None:
    """Whatever its period: one set after the other until nothing waits."""
    stage.said.answers = [Tick(frozenset({"a"}))]
    work = Work([True, True, True, False])
    await stage.start(a=work)
    await stage.timers.move(1)
    assert work.runs == 4


async def test_a_pass_is_done_again_after_an_outage(stage: Stage) -> None:
    """Who took it owes it: nobody else will take it before its period is over."""
    stage.said.answers = [Tick(frozenset({"a"}))]
    work = Work([Unavailable("away"), Unavailable("away")])
    await stage.start(a=work)
    await stage.timers.move(2)
    assert work.runs == 3
    assert stage.log.events() == ["database.away", "database.back"]


async def test_a_pass_that_breaks_does_not_keep_the_others(stage: Stage) -> None:
    """Its fault is told; what was taken together with it is done all the same."""
    stage.said.answers = [Tick(frozenset({"a", "b"}))]
    broken, fine = Work([ZeroDivisionError("a fault of ours")]), Work([])
    await stage.start(a=broken, b=fine)
    await stage.timers.move(2)
    assert (broken.runs, fine.runs) == (1, 1)
    assert stage.log.events() == ["maintenance.broke"]


async def test_lapses_wake_who_claims(stage: Stage) -> None:
    """What went back to its queue is worth a look; no lease that ran out, no statement."""
    stage.said.answers = [
        Tick(frozenset({LAPSE}), lapse_in=timedelta(seconds=1)),
        Tick(frozenset({LAPSE}), lapse_in=timedelta(seconds=-1)),
    ]
    await stage.start()
    assert stage.heard.words == []
    await stage.timers.move(1)
    assert stage.heard.words == ["look"]


async def test_a_lapse_just_after_its_pass_is_found_within_a_second(stage: Stage) -> None:
    """Another process took the pass and saw nothing yet, so nobody would look again before long."""
    stage.said.answers = [
        Tick(NONE, lapse_in=timedelta(seconds=0)),
        Tick(frozenset({LAPSE}), lapse_in=timedelta(seconds=-1)),
    ]
    await stage.start()
    await stage.timers.move(1.01)
    assert stage.heard.words == ["look"]


async def test_a_fire_time_is_not_slept_through(stage: Stage) -> None:
    """The loop looks again when it comes, and then does the pass."""
    stage.said.answers = [
        Tick(frozenset({FIRE}), fire_in=timedelta(seconds=1), waiting=NONE),
        Tick(frozenset({FIRE}), fire_in=timedelta(seconds=0), waiting=frozenset({FIRE})),
    ]
    work = Work([])
    await stage.start(**{FIRE: work})
    assert work.runs == 0
    await stage.timers.move(1.01)
    assert work.runs == 1


async def test_no_lease_however_short_is_missed_for_two_seconds(stage: Stage) -> None:
    """A lease that another process gives just after a tick may last for one second."""
    await stage.start()
    await stage.timers.move(60)
    gaps = [later - earlier for earlier, later in zip(stage.said.asked_at, stage.said.asked_at[1:], strict=False)]
    assert 2.5 < min(gaps) <= max(gaps) < 3.0


async def test_who_claims_is_told_what_the_tick_saw(stage: Stage) -> None:
    """That nothing is due, and when something will be."""
    stage.said.answers = [Tick(NONE, job_in=timedelta(seconds=90), idle=True)]
    await stage.start()
    assert stage.heard.words == ["nothing due", "in 90"]


async def test_a_tick_that_is_asked_for_comes_soon(stage: Stage) -> None:
    """But however many ask, not more often than twice a second."""
    maintainer = await stage.start()
    for _ in range(20):
        maintainer.tick_soon()
        await stage.timers.move(0.1)
    assert 3 <= len(stage.said.asked_at) <= 5


async def test_it_stops_between_two_passes(stage: Stage) -> None:
    """What is left is another process's."""
    stage.said.answers = [Tick(frozenset({"a", "b"}))]
    second = Work([])
    maintainer: list[Maintainer] = []

    class Stops(Work):
        async def run(self) -> bool:
            assert stage.maintainer is None or maintainer
            maintainer[0].stop()
            return False

    first = Stops([])
    stage.said.answers.insert(0, Tick(NONE))
    maintainer.append(await stage.start(a=first, b=second))
    await stage.timers.move(10)
    assert second.runs == 0
