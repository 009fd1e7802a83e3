"""Following one request through everything that it sets off."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ...domain.lease import Claim


class Tracing(Protocol):
    """Makes spans of one process. Traces cross processes as `traceparent` (W3C Trace Context). None of it raises."""

    def enqueue(self, task: str, parent: str | None) -> str | None:
        """Note that jobs of `task` are enqueued, on behalf of `parent`; return what their runs belong to."""
        ...

    def run(self, claim: Claim) -> AbstractContextManager[object]:
        """Return a span for one run of a job, as part of the trace in which it was enqueued."""
        ...

    def current(self) -> str | None:
        """Return what is running now, for what it sets off."""
        ...


class Untraced:
    """Traces nothing, and passes on what others began."""

    def enqueue(self, task: str, parent: str | None) -> str | None:  # noqa: ARG002 - the port's
        """Return the parent."""
        return parent

    def run(self, claim: Claim) -> AbstractContextManager[object]:  # noqa: ARG002 - the port's
        """Return nothing to enter."""
        return nullcontext()

    def current(self) -> str | None:
        """Nothing is known."""
        return None


UNTRACED = Untraced()
