"""An attempt's end, as it is handed over to be written."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

from ...application.child_jobs import BearChildren
from ...application.heartbeat import Hold
from ...application.settle import Ending
from ...domain.outcomes import Outcome, Succeeded
from ...domain.spec import Birth

Ended: TypeAlias = tuple[Hold, Outcome]


def ending(hold: Hold, outcome: Outcome, now: float, children: tuple[Birth, ...] = ()) -> Ending:
    """Return how `hold` ended, its run time counted until `now`."""
    ran = None if hold.began is None else timedelta(seconds=max(now - hold.began, 0.0))
    return Ending(hold.claim, outcome, ran, children)


async def births_of(bear: BearChildren, ended: Sequence[Ended]) -> dict[Hold, tuple[Birth, ...]]:
    """Return the births of the jobs that handlers asked for and that are born now; few ask."""
    parents = [
        (hold, hold.context.children)
        for hold, outcome in ended
        if hold.context is not None and hold.context.children and isinstance(outcome, Succeeded)
    ]
    if not parents:
        return {}
    births = await bear.births([(hold.claim, children) for hold, children in parents])
    return {hold: born for (hold, _), born in zip(parents, births, strict=True)}
