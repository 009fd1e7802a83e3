"""The passes that forget what has ended long ago."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import attrs

from ..domain.retention import USUAL, Retention
from ..domain.status import JobStatus
from .failure_policies import FailurePolicies
from .ports.pruning import Keep, Pruned, Pruning
from .ports.reads import Position
from .ports.unit_of_work import UnitsOfWork

PRUNE_EVERY = timedelta(minutes=10)
PRUNE_ROWS = 100
"""So many jobs are looked at in one transaction: few enough that others hardly notice (`python -m bench.pruning`)."""

PRUNE_SETS = 5
"""So many sets are seen to in one turn of the pass, which then lets the other passes have theirs."""

RECORD_ROWS = 500
"""So many records of each kind are forgotten in one transaction."""

_ENDED = tuple(status for status in JobStatus if status.ended)


@attrs.define(eq=False)
class PruneJobs:
    """Walk along all jobs that have ended, oldest first, and forget those that were kept long enough.

    A walk goes on where the last set ended, status by status and at last for results, and begins anew with the next
    cadence. Another process that takes the pass over walks from the beginning: nothing is lost but its way. Between two
    sets it rests for as long as the first took, so that other work has at least half of the database.
    """

    pruning: Pruning
    policies: FailurePolicies
    usual: Retention = USUAL
    limit: int = PRUNE_ROWS
    sets: int = PRUNE_SETS
    _turn: int = attrs.field(default=0, init=False)
    _after: Position | None = attrs.field(default=None, init=False)

    async def __call__(self) -> bool:
        """Look at a few sets of one status; tell whether the walk goes on."""
        await self.policies.renew()
        took = await self._set()
        for _ in range(self.sets - 1):
            if self._after is None:
                break
            await asyncio.sleep(took)
            took = await self._set()
        return self._after is not None or self._turn > 0

    async def _set(self) -> float:
        """Look at one set; return how long that took, in seconds."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self._after = (await self._prune()).reached
        if self._after is None:
            self._turn = (self._turn + 1) % (len(_ENDED) + 1)
        return clock() - began

    async def _prune(self) -> Pruned:
        if self._turn < len(_ENDED):
            status = _ENDED[self._turn]
            keep = Keep(self.usual.of(status), dict(self._said(status)))
            if keep.least is None:
                return Pruned(0, None)
            return await self.pruning.jobs(status, keep, after=self._after, limit=self.limit)
        keep = Keep(self.usual.result, dict(self._of_results()))
        if keep.least is None:
            return Pruned(0, None)
        return await self.pruning.results(keep, after=self._after, limit=self.limit)

    def _said(self, status: JobStatus) -> Iterator[tuple[str, timedelta]]:
        for name, settings in self.policies.current.queues.items():
            span = settings.retention.of(status)
            if span is not None:
                yield name, span

    def _of_results(self) -> Iterator[tuple[str, timedelta]]:
        for name, settings in self.policies.current.queues.items():
            if settings.retention.result is not None:
                yield name, settings.retention.result


@attrs.frozen
class ForgetRecords:
    """Forget entries of the audit log, bulk operations that are over, and fire times, once they are old enough."""

    pruning: Pruning
    units_of_work: UnitsOfWork
    audit: timedelta
    records: timedelta
    limit: int = RECORD_ROWS

    async def __call__(self) -> bool:
        """Forget one set of each; tell whether more waits."""
        gone = [
            await self.pruning.audit(self.audit, self.limit),
            await self.pruning.bulk_operations(self.records, self.limit),
            await self._fires(),
        ]
        return self.limit in gone

    async def _fires(self) -> int:
        async with self.units_of_work() as unit:
            gone = await unit.fires.forget(self.records, self.limit)
            await unit.commit()
        return gone
