"""What a caller may wish for one job beyond its task and payload: `options(task, delay=60)`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypedDict, Unpack, overload

import attrs

from ..domain.retry import Backoff
from ..domain.spec import DEFAULT_MAX_RETRIES, DEFAULT_PRIORITY, DEFAULT_TIMEOUT, JobSpec, Unique
from .context import Context
from .ports.catalogue import TaskDeclaration
from .tasks import Handler, Task
from .verdicts import Duration, duration

P = ParamSpec("P")


class Wishes(TypedDict, total=False):
    """Every option; what is left out is the task's declared setting, else the system's.

    `queue`: where the job waits. `priority`: 0 (first) to 9. `delay`: seconds or a timedelta until it is due;
    `run_at`: the instant, aware; one of the two. `max_retries`, `backoff`, `timeout`: as in `@tasks.task`.
    `expires_at`: from then on the job is not started any more. `tags`: at most 20 words to find it by.
    `unique`: a key that at most one job holds until it ends, or a `Unique` that says more. `concurrency_key`: jobs
    of one key share a queue's limit per key.
    """

    queue: str
    priority: int
    delay: Duration
    run_at: datetime
    max_retries: int
    backoff: Backoff
    timeout: Duration
    expires_at: datetime
    tags: Sequence[str]
    unique: str | Unique
    concurrency_key: str


_KNOWN = Wishes.__annotations__.keys()


@attrs.frozen(eq=False)
class Options(Generic[P]):
    """A task with wishes for its jobs; use it wherever the task itself could stand, as often as you like."""

    task: Handler | Task | str
    wishes: Wishes


TaskLike: TypeAlias = Callable[Concatenate[Context, P], object] | Callable[P, object] | Options[P]
"""A decorated handler, or one with options; `P` is its payload, which type checkers hold callers to."""


@overload
def options(task: Callable[Concatenate[Context, P], object], /, **wishes: Unpack[Wishes]) -> Options[P]: ...
@overload
def options(task: Callable[P, object], /, **wishes: Unpack[Wishes]) -> Options[P]: ...
@overload
def options(task: Task | str, /, **wishes: Unpack[Wishes]) -> Options[...]: ...
def options(task: Any, /, **wishes: Unpack[Wishes]) -> Options[Any]:
    """Return `task` with wishes for the jobs enqueued through it; see `Wishes` for each.

    ```python
    await enqueue(session, options(send_welcome, delay=600, unique=f"welcome:{user.id}"), user_id=user.id)
    ```
    """
    if not wishes.keys() <= _KNOWN:
        raise TypeError(f"no such option: {', '.join(sorted(wishes.keys() - _KNOWN))}")
    return Options(task, wishes)


def spec_of(declared: TaskDeclaration, wishes: Wishes) -> JobSpec:
    """Return the request that a task's declaration and a caller's wishes make, unchecked and without a payload."""
    unique = wishes.get("unique")
    return JobSpec(
        declared.id,
        queue=wishes.get("queue", declared.queue),
        priority=wishes.get("priority", DEFAULT_PRIORITY),
        run_at=wishes.get("run_at"),
        delay=duration(wishes["delay"]) if "delay" in wishes else None,
        max_retries=wishes.get("max_retries", _or(declared.max_retries, DEFAULT_MAX_RETRIES)),
        backoff=wishes.get("backoff", declared.backoff),
        timeout=duration(wishes["timeout"]) if "timeout" in wishes else declared.timeout or DEFAULT_TIMEOUT,
        expires_at=wishes.get("expires_at"),
        tags=tuple(wishes.get("tags", ())),
        unique=Unique(unique) if isinstance(unique, str) else unique,
        concurrency_key=wishes.get("concurrency_key"),
    )


def _or(wish: int | None, default: int) -> int:
    return default if wish is None else wish
