"""The forms in which jobs are listed and counted over the wire."""

from msgspec import UNSET, Struct, UnsetType

from . import wire


class CountOut(Struct):
    """How many there are; with `capped` there are at least so many, and nobody counted on."""

    value: int
    capped: bool


class JobList(Struct):
    """One page of jobs; the cursors lead to the pages on either side, `null` where there is none.

    With `scanned_until` no index served the filter: jobs created so far were looked at, and `next_cursor` goes on from
    there, however few are on this page.
    """

    items: list[wire.JobOut]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    server_time: wire.Instant
    scanned_until: wire.Instant | None = None
    count: CountOut | UnsetType = UNSET
