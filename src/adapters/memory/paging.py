"""Lists in memory that are walked by id."""

from collections.abc import Iterable

from ...domain.ids import UUID


def behind(ids: Iterable[UUID], after: UUID | None, *, oldest_first: bool) -> list[UUID]:
    """Return the ids behind `after`, in the order in which they are walked."""
    found = sorted(ids, reverse=not oldest_first)
    return [each for each in found if after is None or (each > after if oldest_first else each < after)]
