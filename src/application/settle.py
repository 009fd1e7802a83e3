"""Settle: what handlers did becomes what is written, decided again where a cancel or the storage said no."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from ..domain.lease import Claim
from ..domain.outcomes import Discarded, JobError, Outcome, Succeeded
from ..domain.settlement import Settlement
from ..domain.spec import Birth
from .failure_policies import SYSTEM, FailurePolicies
from .measuring import Measure
from .ports.jobs import JobLeases, SettleAnswer, Settled
from .ports.platform import Jitter

UNSTORABLE = JobError("ResultInvalid", "the result cannot be kept: as stored it is too large, or no JSON that can be")


@attrs.frozen
class Ending:
    """One attempt that ended.

    `ran` is how long ago its handler began, `None` if it never did. `children` are the jobs that it asked for.
    """

    claim: Claim
    outcome: Outcome
    ran: timedelta | None = None
    children: tuple[Birth, ...] = ()


@attrs.frozen
class SettleAttempts:
    """Decide each ending and write the decisions as one set under their fences."""

    leases: JobLeases
    jitter: Jitter
    policies: FailurePolicies = SYSTEM
    measure: Measure | None = None

    async def __call__(self, endings: Sequence[Ending]) -> Sequence[Settled]:
        """Return what came of each ending, in order. Repeating a call is harmless."""
        if not all(isinstance(ending.outcome, Succeeded) for ending in endings):
            await self.policies.renew()
        return await self._write(endings)

    def elsewhere(self, leases: JobLeases) -> "SettleAttempts":
        """Return the same over other leases, for another loop, by the policies as they were read last."""
        return attrs.evolve(self, leases=leases, policies=self.policies.pinned())

    async def _write(self, endings: Sequence[Ending]) -> Sequence[Settled]:
        settlements = [self.decide(ending) for ending in endings]
        answers = list(await self.leases.settle(settlements))
        again = {n: other for n, told in enumerate(answers) if (other := _in_the_light_of(told.answer, endings[n]))}
        if again:
            anew = [self.decide(ending) for ending in again.values()]
            for n, settlement, told in zip(again, anew, await self.leases.settle(anew), strict=True):
                settlements[n], answers[n] = settlement, told
        if self.measure is not None:
            for ending, settlement, told in zip(endings, settlements, answers, strict=True):
                self.measure.settled(ending.claim, settlement, told)
        written = zip(settlements, answers, strict=True)
        await self.policies.tell(settlement for settlement, told in written if told.answer is SettleAnswer.APPLIED)
        return answers

    def decide(self, ending: Ending) -> Settlement:
        """Return what is to be written about one ending."""
        return self.policies.decide(
            ending.claim,
            ending.outcome,
            jitter=self.jitter.draw(),
            ran=ending.ran,
            children=ending.children,
        )


def _in_the_light_of(answer: SettleAnswer, ending: Ending) -> Ending | None:
    """Return the ending as it has to be decided again; `None` where the answer is final."""
    if answer is SettleAnswer.CANCEL_REQUESTED:
        return attrs.evolve(ending, claim=ending.claim.with_cancel_requested())
    if answer is SettleAnswer.UNSTORABLE:
        return attrs.evolve(ending, outcome=Discarded(UNSTORABLE))
    return None
