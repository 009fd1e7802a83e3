"""What operators look at: what is the matter now, and what happened lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from ..domain.errors import BadRange, QueueNotFound
from ..domain.statistics import DAY, HOUR, Figures, Period, Point, Span, beginning, total
from .ports.dead_letters import DeadLetterGroup, DeadLetters, GroupFilter
from .ports.statistics import Count, Depth, LiveFigures, Statistics, Stuck
from .ports.unit_of_work import UnitsOfWork

CAP = 10_000
"""No count that is made at a look goes on beyond this."""

LATELY = HOUR
TOP = 5
SAMPLED_GROUPS = 200
MOST_STUCK = 20
MOST_STEPS = 720
"""A series has no more points than this: twelve hours by minutes, thirty days by hours."""


@attrs.frozen
class Overview:
    """Everything at one glance. `points` are the minutes of the last hour, of which the last has not ended."""

    now: datetime
    depths: tuple[Depth, ...]
    points: tuple[Point, ...]
    causes: tuple[DeadLetterGroup, ...]
    stuck: tuple[Stuck, ...]

    @property
    def lately(self) -> Figures:
        """What happened in the last hour."""
        return total(self.points)

    @property
    def minute(self) -> Figures:
        """What happened in the last minute that has ended."""
        return self.points[-2].figures

    @property
    def ready(self) -> Count:
        """How many jobs are due."""
        return sum((depth.ready for depth in self.depths), Count())

    @property
    def scheduled(self) -> Count:
        """How many jobs are due later."""
        return sum((depth.scheduled for depth in self.depths), Count())

    @property
    def running(self) -> Count:
        """How many jobs run."""
        return sum((depth.running for depth in self.depths), Count())

    @property
    def retrying(self) -> Count:
        """How many jobs wait for another try."""
        return sum((depth.retrying for depth in self.depths), Count())

    @property
    def dead(self) -> int:
        """How many jobs lie dead."""
        return sum(depth.dead for depth in self.depths)


@attrs.frozen
class ShowStatistics:
    """Look at figures; a person who sees only own jobs sees only their figures."""

    statistics: Statistics
    live: LiveFigures
    dead_letters: DeadLetters
    units_of_work: UnitsOfWork

    async def overview(self, where: GroupFilter) -> Overview:
        """Return what is the matter, and the last hour."""
        now = await self._now()
        span = Span.until(now, LATELY)
        return Overview(
            now,
            tuple(await self.live.depths(where, CAP)),
            span.filled(await self.statistics.figures(where, span)),
            await self._causes(where),
            tuple(await self.live.stuck(where, MOST_STUCK)),
        )

    async def queue(self, name: str, where: GroupFilter) -> Overview:
        """Return the same of one queue; raise `QueueNotFound` for a name that nobody ever used."""
        seen = await self.overview(attrs.evolve(where, queues=(name,)))
        if not seen.depths and not seen.lately.enqueued and not seen.lately.done:
            async with self.units_of_work() as unit:
                if await unit.queues.find(name) is None and name not in await unit.queues.names(where.owner):
                    raise QueueNotFound(name)
        return seen

    async def series(
        self, where: GroupFilter, period: Period, since: datetime | None, until: datetime | None
    ) -> Sequence[Point]:
        """Return what happened step by step, the last hour's minutes or the last day's hours unless somebody says.

        The step that holds `since` is the first, the last begins before `until`.

        Raises `BadRange` where these are too many steps or none, or begin before what is kept of such steps.
        """
        now = await self._now()
        asked = [instant for instant in (since, until) if instant is not None]
        if any(instant < beginning(now, period.step) - period.kept for instant in asked):
            raise BadRange(f"figures by {period} are kept for {period.kept // HOUR} hours")
        end = now if until is None or until > now else until - timedelta.resolution
        usual = Span.until(end, LATELY if period is Period.MINUTE else DAY, period.step)
        span = usual if since is None else Span(beginning(min(since, now), period.step), usual.end, period.step)
        if not 0 < span.steps <= MOST_STEPS:
            raise BadRange(f"a series has 1 to {MOST_STEPS} steps, this one would have {max(span.steps, 0)}")
        return span.filled(await self.statistics.figures(where, span))

    async def _now(self) -> datetime:
        async with self.units_of_work() as unit:
            return await unit.now()

    async def _causes(self, where: GroupFilter) -> tuple[DeadLetterGroup, ...]:
        """Return the causes of which most lie dead, among those of which some died last."""
        groups: Sequence[DeadLetterGroup] = await self.dead_letters.groups(where, limit=SAMPLED_GROUPS)
        return tuple(sorted(groups, key=lambda group: -group.jobs)[:TOP])
