"""Which tasks live workers know: each worker says so now and then, and explanations count on having heard of it."""

from collections.abc import Collection
from typing import Protocol


class Presence(Protocol):
    """What was heard of workers, by the tasks that they know."""

    async def tell(self, tasks: Collection[str]) -> None:
        """Have it known that a live worker knows these tasks; of those that nobody declared nothing is kept.

        It costs one statement, and writes nothing where another worker has just said the same. Raises `Unavailable`
        when the database does not answer.
        """
        ...
