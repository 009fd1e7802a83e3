"""Pages of a list that is walked both ways: what was read, put back into the list's order, and the ways on and back."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from urllib.parse import urlencode

import attrs
import msgspec

from ...application.ports.reads import Position
from .cursors import Cursor, CursorSeal

T = TypeVar("T")


@attrs.frozen
class Window(Generic[T]):
    """One page.

    `found` was read behind `cursor`, in its direction; `has_more` tells whether more follows there. `place` tells where
    an item stands in the list.
    """

    found: Sequence[T]
    has_more: bool
    place: Callable[[T], Position]
    seal: CursorSeal
    cursor: Cursor | None

    @property
    def items(self) -> Sequence[T]:
        """The page in the list's order."""
        return self.found[::-1] if backward(self.cursor) else self.found

    @property
    def next_cursor(self) -> str | None:
        """The way on, if there is one."""
        more = backward(self.cursor) or self.has_more
        return self.seal.seal(Cursor(self.place(self.items[-1]))) if self.items and more else None

    @property
    def prev_cursor(self) -> str | None:
        """The way back, if there is one."""
        more = self.has_more if backward(self.cursor) else self.cursor is not None
        return self.seal.seal(Cursor(self.place(self.items[0]), backward=True)) if self.items and more else None


def backward(cursor: Cursor | None) -> bool:
    """Tell whether a page is read against the list's order."""
    return cursor is not None and cursor.backward


def links(path: str, query: msgspec.Struct, next_cursor: str | None, prev_cursor: str | None) -> dict[str, str]:
    """Return the header that names the pages beside this one, under the same query."""
    told = msgspec.structs.asdict(msgspec.structs.replace(query, cursor=None))
    same = {name: value for name, value in told.items() if value not in ((), None)}
    found = [
        f'<{path}?{urlencode({**same, "cursor": cursor}, doseq=True)}>; rel="{rel}"'
        for rel, cursor in (("next", next_cursor), ("prev", prev_cursor))
        if cursor
    ]
    return {"Link": ", ".join(found)} if found else {}
