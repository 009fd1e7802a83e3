"""What is counted of each attempt that ends: how long its job waited, how long it ran, and what became of it."""

from datetime import timedelta
from functools import lru_cache

import attrs

from ..domain.lease import Claim
from ..domain.settlement import Settlement
from .ports.jobs import SettleAnswer, Settled
from .ports.metering import LAPSED, LOST, RAN, SETTLED, WAITED, Labels, Meter


@lru_cache(maxsize=1_024)
def _labels(*words: str) -> Labels:
    return tuple(map(str, words))


@attrs.frozen
class Measure:
    """Counts endings with `meter`; leases last for `lease` from the claim on."""

    meter: Meter
    lease: timedelta

    def settled(self, claim: Claim, settlement: Settlement, told: Settled) -> None:
        """Count one ending as it was written, or refused."""
        if told.answer is SettleAnswer.LEASE_LOST:
            self.meter.add(LOST, _labels(claim.queue))
        if told.answer is not SettleAnswer.APPLIED or told.status is None:
            return
        queue = _labels(claim.queue)
        self.meter.add(SETTLED, _labels(claim.queue, settlement.outcome, told.status))
        waited = claim.lease_expires_at - self.lease - claim.run_at
        self.meter.observe(WAITED, queue, max(waited.total_seconds(), 0.0))
        if settlement.ran is not None:
            self.meter.observe(RAN, queue, settlement.ran.total_seconds())

    def lapsed(self, told: Settled) -> None:
        """Count one lease that was taken over."""
        if told.status is not None:
            self.meter.add(LAPSED, _labels(told.status))
