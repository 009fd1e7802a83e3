"""How many workers a backlog needs: the arithmetic, in numbers that can be checked by hand."""

import math
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equeue.domain.scaling import Ceiling, Demand, need, slots_wanted

TARGET = timedelta(seconds=30)
SECOND = timedelta(seconds=1)

demands = st.builds(
    Demand,
    queue=st.just("mail"),
    ready=st.integers(0, 10_001),
    running=st.integers(0, 1_000),
    oldest_ready=st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
    arrivals=st.floats(0, 10_000),
    run=st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
    ceiling=st.builds(Ceiling, st.none() | st.integers(1, 500), st.none() | st.floats(0.001, 1_000), st.booleans()),
)


def desired(*asked: Demand, slots: int = 20) -> int:
    """Return the number of workers."""
    return need(asked, slots_a_worker=slots, target=TARGET).desired


def test_nothing_needs_nobody() -> None:
    """No job, no worker: what is kept at least is the autoscaler's to say."""
    assert desired() == 0
    assert desired(Demand("mail", run=SECOND)) == 0


def test_a_steady_stream_needs_its_rate_times_its_time() -> None:
    """100 jobs a second of half a second each keep 50 slots busy: three workers of 20."""
    assert desired(Demand("mail", ready=50, running=50, arrivals=100.0, run=SECOND / 2)) == 3


def test_a_backlog_is_gone_within_the_target() -> None:
    """900 jobs of one second within three quarters of 30 seconds are 40 at a time."""
    waiting = Demand("mail", ready=900, oldest_ready=timedelta(0), run=SECOND)

    assert slots_wanted(waiting, TARGET) == pytest.approx(40)


def test_each_queue_has_its_own_target() -> None:
    """What one may wait for is no word about another: 40 at a time for the one, 80 for the one that says 15 seconds."""
    patient = Demand("mail", ready=900, oldest_ready=timedelta(0), run=SECOND)
    hurried = attrs.evolve(patient, queue="alerts", target=TARGET / 2)

    assert need([patient], slots_a_worker=1, target=TARGET).desired == 40
    assert need([hurried], slots_a_worker=1, target=TARGET).desired == 80
    assert need([patient, hurried], slots_a_worker=1, target=TARGET).desired == 120


def test_what_is_left_of_the_target_counts() -> None:
    """Half of them in half of the time is as many workers as before: they do not leave while work remains."""
    later = Demand("mail", ready=450, oldest_ready=TARGET * 0.75 / 2, run=SECOND)

    assert slots_wanted(later, TARGET) == pytest.approx(40)


def test_one_job_is_enough_for_one_worker_and_no_more_than_one_slot() -> None:
    """However late it is: more workers than jobs would find nothing."""
    overdue = Demand("mail", ready=1, oldest_ready=timedelta(hours=1), run=timedelta(minutes=10))

    assert slots_wanted(overdue, TARGET) == 1
    assert desired(attrs.evolve(overdue, run=timedelta(milliseconds=1))) == 1


@pytest.mark.parametrize(
    ("ceiling", "slots"),
    [
        (Ceiling(), 400),
        (Ceiling(running=5), 5),
        (Ceiling(starts_a_second=2.0), 2),
        (Ceiling(starts_a_second=0.01), 1),
        (Ceiling(paused=True), 0),
    ],
)
def test_no_worker_is_asked_for_what_a_limit_forbids(ceiling: Ceiling, slots: int) -> None:
    """A limit of five jobs at a time needs five slots, whatever waits; a paused queue needs none."""
    asked = Demand("mail", ready=10_001, oldest_ready=TARGET, run=SECOND, ceiling=ceiling)

    assert min(slots_wanted(asked, TARGET), 400) == pytest.approx(slots)


def test_busy_workers_stay_even_where_nothing_may_start() -> None:
    """A paused queue's running jobs go on, and so must who runs them."""
    assert desired(Demand("mail", ready=100, running=41, ceiling=Ceiling(paused=True))) == 3


def test_queues_share_workers() -> None:
    """Slots are added up before they are rounded: two halves of a worker are one."""
    assert desired(Demand("mail", running=10), Demand("reports", running=10)) == 1


@given(demands)
def test_need_is_never_less_than_what_runs_nor_more_than_there_is(demand: Demand) -> None:
    """Whatever the facts: a finite number, enough for what runs, and no slot without a job for it."""
    slots = slots_wanted(demand, TARGET)

    assert math.isfinite(slots)
    assert slots >= demand.running
    steady = demand.arrivals * (demand.run or SECOND).total_seconds()
    assert slots <= demand.ready + max(demand.running, steady) + 1


@given(demands, st.integers(0, 1_000))
def test_more_waiting_never_needs_fewer(demand: Demand, more: int) -> None:
    """The signal is monotonous in the backlog, so that an autoscaler does not swing."""
    longer = attrs.evolve(demand, ready=demand.ready + more)

    assert slots_wanted(longer, TARGET) >= slots_wanted(demand, TARGET)
