"""A lone INSERT that tells the workers itself, so that no second commit has to follow it.

A NOTIFY makes commits wait for one another, so callers do it only after a while in which nobody was told anything
(`Ringer.give_turn`). And it must harm no enqueue: when the server's queue of notifications is full, the INSERT is
refused with it, and asked again without.
"""

from collections.abc import Generator

import attrs

from ...adapters.postgres.errors import StorageFault
from ...adapters.postgres.insertion import FRESH, Query, Rows
from ...domain.errors import InvalidJob
from .flight import Flight, Landed, Pause
from .questions import FRESH_TOLD


@attrs.define
class _Voice:
    told: bool = False

    def ask(self, question: Query | Pause) -> Generator[Query | Pause, Rows, Rows]:
        """Ask, and have a plain INSERT tell what it stored."""
        if not isinstance(question, Query) or question.statement is not FRESH:
            return (yield question)
        try:
            rows = yield Query(FRESH_TOLD, question.documents)
        except (InvalidJob, StorageFault):
            return (yield question)
        self.told = True
        return [row[:1] for row in rows]


def telling(course: Flight) -> Flight:
    """Return the same course, in which an INSERT of fresh rows tells workers of those that are due."""
    voice = _Voice()
    try:
        question = next(course)
        while True:
            try:
                rows = yield from voice.ask(question)
            except Exception as error:  # noqa: BLE001 - raised again by whatever course does not expect it
                question = course.throw(error)
            else:
                question = course.send(rows)
    except StopIteration as end:
        landed: Landed = end.value
        return attrs.evolve(landed, due=frozenset()) if voice.told else landed
