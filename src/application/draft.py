"""A request for a job as it came in, to be completed by what the task and the queue say."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias, TypeVar

import attrs

from ..domain.ids import JobId
from ..domain.queue import QueueSettings
from ..domain.spec import DEFAULT_MAX_RETRIES, JobSpec
from .ports.catalogue import TaskDeclaration

T = TypeVar("T")

OfQueue: TypeAlias = Callable[[str], QueueSettings]
"""Tells what is set for a queue."""


@attrs.frozen
class Draft:
    """A request as it came in: what is `None` here is the task's declared setting, the queue's, else the system's."""

    spec: JobSpec
    queue: str | None = None
    max_retries: int | None = None
    timeout: timedelta | None = None
    parent_id: JobId | None = None

    def completed(self, declared: TaskDeclaration, timeout: timedelta, of_queue: OfQueue) -> JobSpec:
        """Return the full request: the caller's word, the declaration's, the queue's, the system's, in this order.

        A backoff that neither caller nor task names stays open: the queue's counts as it is when the job fails.
        """
        queue = _first(self.queue, declared.queue)
        settings = of_queue(queue)
        return attrs.evolve(
            self.spec,
            queue=queue,
            max_retries=_first(self.max_retries, declared.max_retries, settings.max_retries, DEFAULT_MAX_RETRIES),
            timeout=_first(self.timeout, declared.timeout, settings.timeout, timeout),
            backoff=self.spec.backoff or declared.backoff,
        )


def _first(*wishes: T | None) -> T:
    return next(wish for wish in wishes if wish is not None)
