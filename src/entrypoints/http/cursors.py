"""Cursors: places in a list, signed and bound to what is listed, so that they can neither be made up nor mixed up."""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from ...application.ports.reads import JobFilter, Position
from ...domain.filter_text import write
from ...domain.ids import UUID, UserId
from . import wire
from .problems import Problem

_PLACE = struct.Struct(">?qq16s")
_NEVER = -(2**63)
_MAC_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PURPOSE = b"equeue cursor 2"


@attrs.frozen
class Cursor:
    """A place in a list; `backward` reads towards the list's beginning.

    Times in the filter that are seen from now are seen from `as_of` throughout a walk.
    """

    position: Position
    backward: bool = False
    as_of: datetime | None = None


@attrs.frozen
class CursorSeal:
    """Seals and opens the cursors of one list: one filter, one sort, one caller's view."""

    keys: Sequence[bytes] = attrs.field(repr=False)
    binding: bytes

    @classmethod
    def of(cls, keys: Sequence[bytes], where: JobFilter, sort: str) -> "CursorSeal":
        """Return the seal for the jobs `where`, sorted by `sort`."""
        return cls.bound(keys, sort, where.owner, where.queue_globs, [write(where.tree)])

    @classmethod
    def bound(cls, keys: Sequence[bytes], order: str, owner: UserId | None, *narrowed: Collection[str]) -> "CursorSeal":
        """Return the seal for the list in this `order`, confined to `owner` and `narrowed` by any of these words."""
        said = [order, str(owner), *(sorted(part) for part in narrowed)]
        return cls(keys, hashlib.sha256(wire.encode(said)).digest())

    def seal(self, cursor: Cursor) -> str:
        """Return the cursor as the caller sees it."""
        as_of = _NEVER if cursor.as_of is None else _micros(cursor.as_of)
        place = _PLACE.pack(cursor.backward, _micros(cursor.position.created_at), as_of, cursor.position.job_id.bytes)
        return _text(place + self._mac(self.keys[0], place))

    def open(self, text: str) -> Cursor:
        """Return the cursor that `text` is; raise `Problem` for one of another list, or of nobody's making."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _mismatch() from None
        place, mac = sealed[: _PLACE.size], sealed[_PLACE.size :]
        # Base64 has several spellings of the same bytes; only ours is a cursor.
        if text != _text(sealed) or len(place) != _PLACE.size:
            raise _mismatch()
        if not any(hmac.compare_digest(self._mac(key, place), mac) for key in self.keys):
            raise _mismatch()
        backward, micros, as_of, id_bytes = _PLACE.unpack(place)
        position = Position(_instant(micros), UUID(bytes=id_bytes))
        return Cursor(position, backward, None if as_of == _NEVER else _instant(as_of))

    def _mac(self, key: bytes, place: bytes) -> bytes:
        return hmac.digest(key, _PURPOSE + self.binding + place, "sha256")[:_MAC_BYTES]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def _mismatch() -> Problem:
    return Problem("cursor-mismatch", "This cursor was not made for this filter, sort and caller.")
