"""Which leases a heartbeat extends, and until when they are believed to hold."""

from collections.abc import Sequence
from datetime import timedelta

from tests.builders import a_claim

from equeue.adapters.memory.platform import MovableClock
from equeue.application.heartbeat import Hold, KeepAlive
from equeue.domain.lease import Fence, Heartbeat, Pulse

LEASE = timedelta(seconds=30)
PERIOD = timedelta(seconds=10)


class Slow:
    """A database that takes its time, and does not know some of the leases any more."""

    def __init__(self, clock: MovableClock, lost: frozenset[Fence] = frozenset(), takes: float = 0.0) -> None:
        self.asked: list[list[Pulse]] = []
        self._clock = clock
        self._lost = lost
        self._takes = timedelta(seconds=takes)

    async def heartbeat(self, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
        assert lease == LEASE
        self.asked.append(list(pulses))
        self._clock.move(self._takes)
        return Heartbeat(lost=self._lost)


def keeper(clock: MovableClock, leases: Slow) -> KeepAlive:
    """Return what keeps leases alive on `leases`."""
    return KeepAlive(leases, clock, LEASE, PERIOD)  # type: ignore[arg-type]


async def test_a_lease_counts_from_when_the_question_was_sent() -> None:
    """The database extended it at some time in between, so only the earliest is safe to believe."""
    clock = MovableClock()
    hold = Hold(a_claim(), until=5.0)
    await keeper(clock, Slow(clock, takes=8))([hold])
    assert (clock.monotonic(), hold.until) == (8.0, 30.0)


async def test_a_fresh_lease_is_left_alone() -> None:
    """It is extended once the period has gone by, which a short job never sees."""
    clock = MovableClock()
    leases = Slow(clock)
    hold = Hold(a_claim(), until=30.0)
    for _ in range(10):
        await keeper(clock, leases)([hold])
        clock.move(timedelta(seconds=1))
    assert leases.asked == []
    await keeper(clock, leases)([hold])
    assert len(leases.asked) == 1


async def test_what_is_being_settled_is_left_out() -> None:
    """Its row is locked by the statement that ends it."""
    clock = MovableClock()
    leases = Slow(clock)
    settling, muted, held = (Hold(a_claim(), until=0.0) for _ in range(3))
    settling.settling = muted.mute = True
    await keeper(clock, leases)([settling, muted, held])
    assert [pulse.fence for pulse in leases.asked[0]] == [held.claim.fence]


async def test_a_lost_lease_is_told_and_not_extended() -> None:
    """The others are."""
    clock = MovableClock()
    lost, held = Hold(a_claim(), until=1.0), Hold(a_claim(), until=1.0)
    beat = await keeper(clock, Slow(clock, frozenset({lost.claim.fence})))([lost, held])
    assert (beat.lost, lost.until, held.until) == ((lost,), 1.0, 30.0)
