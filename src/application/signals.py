"""Turns what happened into hints, after it is committed."""

from collections.abc import Iterable

from ..domain.events import CancelRequested, JobEvent, JobQueued
from .ports.queue import JobQueue


async def announce(queue: JobQueue, events: Iterable[JobEvent]) -> None:
    """Wake those whom `events` concern. Call it only once the events are committed; it never raises for a hint."""
    happened = tuple(events)
    ready = tuple(event for event in happened if isinstance(event, JobQueued))
    cancels = tuple(event for event in happened if isinstance(event, CancelRequested))
    if ready:
        await queue.publish(ready)
    if cancels:
        await queue.ring(cancels)
