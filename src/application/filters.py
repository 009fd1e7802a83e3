"""Completion of a filter while it is written: what may stand at the cursor, and which names there are."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..domain.access import Principal
from ..domain.filter_fields import FIELDS, Field, Kind
from ..domain.filter_values import PLAIN
from ..domain.status import JobStatus
from .ports.unit_of_work import UnitsOfWork

MOST: Final = 50
"""So many suggestions are made at most."""

_BREAKS: Final = frozenset('(),"')
_SPANS: Final = (">-15m", ">-1h", ">-1d", ">-7d", "<-1d")
_NUMBERS: Final = ("0", ">0", ">=1", "<=3")


@attrs.frozen
class Slot:
    """What the cursor stands in: the text from `start` to `end` is what a suggestion takes the place of.

    Without `field` it is the name of one, or if `lost` the value of one that is not known.
    """

    start: int
    end: int
    typed: str
    field: Field | None = None
    lost: bool = False


@attrs.frozen
class Suggestion:
    """A text that may stand in the slot, and what it means."""

    text: str
    about: str


@attrs.frozen
class SuggestFilters:
    """Suggest what may stand at a place of a filter, among the names that the caller may see."""

    units_of_work: UnitsOfWork

    async def __call__(self, text: str, place: int, principal: Principal) -> tuple[Slot, Sequence[Suggestion]]:
        """Return the slot at `place`, and the suggestions that begin with what is typed there, then those with it."""
        slot = slot_at(text, place)
        if slot.lost:
            return slot, ()
        if slot.field is None:
            offered = [Suggestion(_opening(field), field.about) for field in FIELDS.values()]
        else:
            offered = await self._values(slot.field, principal)
        return slot, tuple(_fitting(offered, slot.typed))[:MOST]

    async def _values(self, field: Field, principal: Principal) -> list[Suggestion]:
        match field.name:
            case "queue":
                async with self.units_of_work() as unit:
                    names = await unit.queues.names(principal.sees_only)
                return [Suggestion(name, "queue") for name in names if principal.reaches(name)]
            case "task":
                async with self.units_of_work() as unit:
                    tasks = await unit.catalogue.all()
                return [Suggestion(task.id, task.doc.partition("\n")[0]) for task in tasks]
            case _:
                return [Suggestion(word, field.about) for word in _WORDS.get(field.kind, ())]


_WORDS: Final = {Kind.STATUS: tuple(JobStatus), Kind.TIME: _SPANS, Kind.WHOLE: _NUMBERS}


def slot_at(text: str, place: int) -> Slot:
    """Return what the cursor stands in; a filter that cannot be read yet has slots too."""
    place = max(0, min(place, len(text)))
    start = place
    while start > 0 and not _ends_a_word(text[start - 1]):
        start -= 1
    end = place
    while end < len(text) and not _ends_a_word(text[end]):
        end += 1
    name, colon, typed = text[start:place].partition(":")
    if colon:
        field = FIELDS.get(name.lstrip("-"))
        return Slot(start + len(name) + 1, end, typed, field, lost=field is None)
    field = _listed(text, start)
    if field is not None:
        return Slot(start, end, name, field)
    minus = len(name) - len(name.lstrip("-"))
    return Slot(start + minus, end, name[minus:])


def _listed(text: str, start: int) -> Field | None:
    """Return the field in whose list of values, separated by commas, the word at `start` stands."""
    while start > 0 and text[start - 1] == ",":
        start -= 1
        while start > 0 and not _ends_a_word(text[start - 1]):
            start -= 1
        name, colon, _ = text[start:].partition(":")
        if colon and PLAIN.issuperset(name):
            return FIELDS.get(name.lstrip("-"))
    return None


def _ends_a_word(char: str) -> bool:
    return char.isspace() or char in _BREAKS


def _opening(field: Field) -> str:
    return f"{field.name}." if field.kind is Kind.JSON else f"{field.name}:"


def _fitting(offered: Iterable[Suggestion], typed: str) -> list[Suggestion]:
    """Return what begins with the text typed, then what has it within."""
    wanted = typed.lower()
    found = [(each.text.lower().find(wanted), each) for each in offered]
    first = [each for where, each in found if where == 0]
    return first + [each for where, each in found if where > 0]
