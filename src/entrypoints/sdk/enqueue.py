"""`enqueue`: jobs in the caller's own transaction, with no server between."""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, ParamSpec, TypeAlias, TypeVar, overload

from ...application.new_jobs import EnqueuedJob, NewJob
from ...application.options import TaskLike
from ...application.tasks import Task
from .composing import compose, storing
from .diverting import diversion, is_async
from .places import AsyncInto, AsyncPlace, Into, Place, place_of
from .questions import drive, drive_async

P = ParamSpec("P")
T = TypeVar("T")
Later: TypeAlias = Coroutine[Any, Any, T]


@overload
def enqueue(into: AsyncInto, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> Later[EnqueuedJob]: ...
@overload
def enqueue(into: AsyncInto, task: Task | str, payload: Mapping[str, Any] = ..., /) -> Later[EnqueuedJob]: ...
@overload
def enqueue(into: Into, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> EnqueuedJob: ...
@overload
def enqueue(into: Into, task: Task | str, payload: Mapping[str, Any] = ..., /) -> EnqueuedJob: ...
def enqueue(into: Any, task: Any, /, *args: Any, **payload: Any) -> Any:
    """Enqueue one job in the transaction of `into`: it exists if and only if that transaction commits.

    ```python
    async with sessions.begin() as session:
        session.add(user)
        await enqueue(session, send_welcome, user_id=user.id)
    ```

    `into` is a SQLAlchemy `AsyncSession` or `AsyncConnection`, or a psycopg `AsyncConnection` (await the call then);
    or their synchronous twins (then the answer comes at once). `task` is a decorated handler, one with `options(…)`,
    or a task's name with its payload as a mapping. After SQLAlchemy's commit the workers are told at once; after
    psycopg's they find the job within their poll, or at once if you `ring`.

    Raises `PayloadInvalid` if the arguments do not fit the task's signature, and whatever `into` raises.
    """
    job = compose(task, args, payload)
    if (elsewhere := diversion()) is not None:
        (answer,) = elsewhere.store_in(into, [job])
        return _at_once(answer) if is_async(into) else answer
    place = place_of(into)
    return _one_async(place, job) if isinstance(place, AsyncPlace) else _store(place, [job])[0]


@overload
def enqueue_many(into: AsyncInto, jobs: Iterable[NewJob], /) -> Later[list[EnqueuedJob]]: ...
@overload
def enqueue_many(into: Into, jobs: Iterable[NewJob], /) -> list[EnqueuedJob]: ...
def enqueue_many(into: Any, jobs: Iterable[NewJob], /) -> Any:
    """Enqueue jobs made by `new_job` in the transaction of `into`, 1,000 to a statement; return what came of each."""
    if (elsewhere := diversion()) is not None:
        answers = elsewhere.store_in(into, list(jobs))
        return _at_once(answers) if is_async(into) else answers
    place = place_of(into)
    return _store_async(place, list(jobs)) if isinstance(place, AsyncPlace) else _store(place, list(jobs))


@overload
def ring(into: AsyncInto, /, *queues: str) -> Later[None]: ...
@overload
def ring(into: Into, /, *queues: str) -> None: ...
def ring(into: Any, /, *queues: str) -> Any:
    """Tell workers of jobs that were enqueued and committed through a psycopg connection; call it after the commit.

    Only a hint: without it a worker finds them within its poll, 5 s unless set otherwise.
    """
    if diversion() is not None:
        return _at_once(None) if is_async(into) else None
    return place_of(into).ring(queues)


def _store(place: Place, jobs: list[NewJob]) -> list[EnqueuedJob]:
    stored = drive(storing(jobs), place.ask)
    if stored.due:
        place.stored(stored.due)
    return stored.answers


async def _store_async(place: AsyncPlace, jobs: list[NewJob]) -> list[EnqueuedJob]:
    stored = await drive_async(storing(jobs), place.ask)
    if stored.due:
        await place.stored(stored.due)
    return stored.answers


async def _at_once(answer: T) -> T:
    return answer


async def _one_async(place: AsyncPlace, job: NewJob) -> EnqueuedJob:
    return (await _store_async(place, [job]))[0]
