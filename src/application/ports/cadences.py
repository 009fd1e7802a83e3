"""Who does the next maintenance pass: one of all processes, without a leader."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import attrs

BULK = "bulk"
FOLD = "fold-dead-letters"
FIRE = "fire-schedules"
FOLD_STATISTICS = "fold-statistics"
SEEN = frozenset({BULK, FOLD, FIRE, FOLD_STATISTICS})
"""The passes of which a tick tells whether anything waits for them; the others have to look for themselves."""


@attrs.frozen
class Tick:
    """What a look at the cadences told.

    `due` are the passes that this process took and is to do now. `lapse_in` is how long until the earliest lease
    runs out (zero or less: one has), `None` if nothing runs. `job_in` is how long until the next job of the asked
    queues falls due that is not due yet, `None` if there is none. `idle` says that none of theirs is due: whoever
    was about to look for one need not. `waiting` are those of `SEEN` for which there may be something to do.
    `fire_in` is how long until a schedule is to make its next job (zero or less: it is due), `None` if none will.
    """

    due: frozenset[str]
    lapse_in: timedelta | None = None
    job_in: timedelta | None = None
    idle: bool = False
    waiting: frozenset[str] = SEEN
    fire_in: timedelta | None = None


class Cadences(Protocol):
    """When each pass was last taken, by the database's clock."""

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:
        """Take those passes whose period has gone by since anybody took them, in one statement.

        Of processes that ask at once, one gets a pass. Raises `Unavailable` when the database does not answer.
        """
        ...
