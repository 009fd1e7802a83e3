"""Pages of a list that is walked both ways: what was read, put back into the list's order, and the ways on and back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

import attrs
import msgspec

from ...application.ports.reads import Position
from ...domain.ids import UUID
from .cursors import Cursor, CursorSeal

T = TypeVar("T")
_LAST = 2**128 - 1


@attrs.frozen
class Window(Generic[T]):
    """One page.

    `found` was read behind `cursor`, in its direction; `has_more` tells whether more follows there. `place` tells where
    an item stands in the list, which begins with the oldest if `oldest_first`. `until` is how far it was looked, where
    that ended the page; times are seen from `as_of` throughout a walk.
    """

    found: Sequence[T]
    has_more: bool
    place: Callable[[T], Position]
    seal: CursorSeal
    cursor: Cursor | None
    oldest_first: bool = False
    until: Position | None = None
    as_of: datetime | None = None

    @property
    def items(self) -> Sequence[T]:
        """The page in the list's order."""
        return self.found[::-1] if backward(self.cursor) else self.found

    @property
    def next_cursor(self) -> str | None:
        """The way on, if there is one."""
        return self._way(-1, back=False) if backward(self.cursor) or self.has_more else None

    @property
    def prev_cursor(self) -> str | None:
        """The way back, if there is one."""
        more = self.has_more if backward(self.cursor) else self.cursor is not None
        return self._way(0, back=True) if more else None

    def _way(self, end: int, *, back: bool) -> str | None:
        place = self._end(end, back=back)
        known = None if self.cursor is None else self.cursor.as_of
        return None if place is None else self.seal.seal(Cursor(place, back, known or self.as_of))

    def _end(self, end: int, *, back: bool) -> Position | None:
        """Return the place at one end of the page: that of its item there, or how far it was looked in that direction.

        Of a page without items either end is where looking ended, for between its ends nothing is meant; or, at the end
        of the list, where the page began, and what is there is not passed over.
        """
        item = self.place(self.items[end]) if self.items else None
        place = (self.until or item) if back is backward(self.cursor) else (item or self.until)
        if place is None and self.cursor is not None:
            return _before(self.cursor.position, ascending=self.oldest_first is not back)
        return place


def backward(cursor: Cursor | None) -> bool:
    """Tell whether a page is read against the list's order."""
    return cursor is not None and cursor.backward


def links(path: str, query: msgspec.Struct, next_cursor: str | None, prev_cursor: str | None) -> dict[str, str]:
    """Return the header that names the pages beside this one, under the same query."""
    told = msgspec.structs.asdict(msgspec.structs.replace(query, cursor=None))
    same = {name: _said(value) for name, value in told.items() if value not in ((), None, "", False)}
    found = [
        f'<{path}?{urlencode({**same, "cursor": cursor}, doseq=True)}>; rel="{rel}"'
        for rel, cursor in (("next", next_cursor), ("prev", prev_cursor))
        if cursor
    ]
    return {"Link": ", ".join(found)} if found else {}


def _before(place: Position, *, ascending: bool) -> Position:
    """Return the place from which whoever reads on in this order comes to `place` first."""
    number = place.job_id.int + (-1 if ascending else 1)
    return Position(place.created_at, UUID(int=max(0, min(number, _LAST))))


def _said(value: object) -> object:
    return "true" if value is True else value
