"""Middleware that is here already: register what you want of it with `tasks.middleware(…)`."""

from collections.abc import Callable
from typing import Any, TypeAlias

from .context import Context
from .ports.platform import Clock
from .ports.tracing import Tracing
from .tasks import Call, Middleware, Task

Record: TypeAlias = Callable[[str, float, bool], object]
"""Takes the task's id, the run's seconds, and whether it returned."""


def logged() -> Middleware:
    """Write a line when a run begins and one when it ends, each with the job, its task and its attempt."""

    async def around(task: Task, context: Context, call: Call) -> Any:  # noqa: ARG001 - the log names the task
        context.log.info("task.began", queue=context.job.queue)
        try:
            result = await call()
        except BaseException as raised:
            context.log.warning("task.raised", error=type(raised).__name__)
            raise
        context.log.info("task.returned")
        return result

    return around


def timed(clock: Clock, record: Record) -> Middleware:
    """Tell `record` how long each run took; a histogram's `observe` behind a small function, say."""

    async def around(task: Task, context: Context, call: Call) -> Any:  # noqa: ARG001 - one shape for all middleware
        begun, returned = clock.monotonic(), False
        try:
            result = await call()
            returned = True
            return result
        finally:
            record(task.id, clock.monotonic() - begun, returned)

    return around


def spanned(tracing: Tracing) -> Middleware:
    """Run each handler within a span of the trace in which its job was enqueued."""

    async def around(task: Task, context: Context, call: Call) -> Any:  # noqa: ARG001 - the claim names the task
        with tracing.run(context.job):
            return await call()

    return around


def traced(start: Callable[[str, str | None], Any]) -> Middleware:
    """Run each handler within a span: `start(task id, traceparent)` returns a context manager that is entered for it.

    `traceparent` is the one with which the job was enqueued (W3C Trace Context), so the span can be its child.
    """

    async def around(task: Task, context: Context, call: Call) -> Any:
        with start(task.id, context.job.traceparent):
            return await call()

    return around
