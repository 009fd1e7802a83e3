"""What was heard of workers, in PostgreSQL: when each task was last declared, or its worker heard of."""

from collections.abc import Collection

import attrs

from .engine import Lane
from .errors import translated

# Many workers know the same tasks: whoever comes first writes, once in a while, and no one waits for another. Primary
# key.
TELL = """
update equeue.tasks as t
set declared_at = now()
where t.id = any(array(
    select q.id
    from equeue.tasks as q
    where q.id = any(%(tasks)b::text[])
      and q.declared_at < now() - interval '15 s'
    order by q.id
    for no key update skip locked
))
"""


@attrs.frozen
class PostgresPresence:
    """A `Presence` on a lane: one statement."""

    _lane: Lane

    async def tell(self, tasks: Collection[str]) -> None:
        """Have it known that a live worker knows these tasks."""
        with translated():
            async with self._lane.connection() as connection:
                await connection.execute(TELL, {"tasks": sorted(tasks)}, binary=True)
