"""What things are called in Redis, and what is said on the channels."""

from collections.abc import Iterator, Sequence
from itertools import islice

import attrs

from ...domain.events import CancelRequested
from ...domain.ids import UUID, JobId

IDS_A_MESSAGE = 200
ID_CHARACTERS = 36

READY = b"ids"
"""Ids wait in the queue."""
LOOK = b"look"
"""There may be work, but no ids are told: look into the database."""
STOP = b"stop"
"""These jobs are to stop; their ids follow."""
HELLO = b"hello"
"""A process proves to itself that it hears what it says."""


@attrs.frozen
class Names:
    """Names that begin with `prefix`. The queue's own name is the hash tag: all that is its own is on one node."""

    prefix: str = "equeue"

    def ids(self, queue: str) -> str:
        """Return the key of a queue's ids."""
        return f"{self.prefix}:{{{queue}}}:ids"

    def channel(self, queue: str) -> str:
        """Return the channel on which a queue's listeners are told."""
        return f"{self.prefix}:{{{queue}}}:bell"

    def queue(self, channel: str) -> str:
        """Return the queue of a channel."""
        return channel.removeprefix(f"{self.prefix}:{{").removesuffix("}:bell")


def cancel_messages(cancels: Sequence[CancelRequested]) -> Iterator[tuple[str, bytes]]:
    """Say for each queue which jobs are to stop, as many to a message as it holds."""
    for queue in sorted({event.queue for event in cancels}):
        ids = iter([str(event.job_id).encode() for event in cancels if event.queue == queue])
        while words := list(islice(ids, IDS_A_MESSAGE)):
            yield queue, b" ".join([STOP, *words])


def read_ids(words: Sequence[bytes]) -> tuple[JobId, ...]:
    """Return the ids among `words`; whatever else somebody wrote is passed over."""
    return tuple(found for word in words if (found := _read_id(word)) is not None)


def _read_id(word: bytes) -> JobId | None:
    if len(word) != ID_CHARACTERS:
        return None
    try:
        return UUID(word.decode("ascii"))
    except ValueError:
        return None
