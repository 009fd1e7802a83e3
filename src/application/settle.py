"""Settle: what handlers did becomes what is written, decided again where a cancel request came in between."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from ..domain.lease import Claim
from ..domain.outcomes import Outcome
from ..domain.retry import DEFAULT_BACKOFF, Backoff
from ..domain.settlement import Settlement, settle
from .ports.jobs import JobLeases, SettleAnswer, Settled
from .ports.platform import Jitter


@attrs.frozen
class Ending:
    """One attempt that ended: `ran` is how long ago its handler began, `None` if it never did."""

    claim: Claim
    outcome: Outcome
    ran: timedelta | None = None


@attrs.frozen
class SettleAttempts:
    """Decide each ending and write the decisions as one set under their fences."""

    leases: JobLeases
    jitter: Jitter
    backoff: Backoff = DEFAULT_BACKOFF

    async def __call__(self, endings: Sequence[Ending]) -> Sequence[Settled]:
        """Return what came of each ending, in order. Repeating a call is harmless."""
        answers = list(await self.leases.settle([self._decide(ending) for ending in endings]))
        overruled = [n for n, told in enumerate(answers) if told.answer is SettleAnswer.CANCEL_REQUESTED]
        if overruled:
            again = [self._decide(_cancelled(endings[n])) for n in overruled]
            for n, told in zip(overruled, await self.leases.settle(again), strict=True):
                answers[n] = told
        return answers

    def _decide(self, ending: Ending) -> Settlement:
        return settle(ending.claim, ending.outcome, self.backoff, jitter=self.jitter.draw(), ran=ending.ran)


def _cancelled(ending: Ending) -> Ending:
    return attrs.evolve(ending, claim=ending.claim.with_cancel_requested())
