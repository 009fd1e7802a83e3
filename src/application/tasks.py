"""Where authors register their tasks; there is no global registry, a `Tasks` is a value like any other."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias, TypeVar, Unpack

import attrs

from ..domain.ids import NAME
from ..domain.on_dead import OnDead, on_dead_problems
from ..domain.retry import MAX_RETRIES, Backoff, backoff_problems
from ..domain.spec import DEFAULT_QUEUE, LONGEST_TIMEOUT, SHORTEST_TIMEOUT
from .context import Context
from .error_policy import ANY_ERROR, ErrorPolicy, Exceptions
from .ports.catalogue import TaskDeclaration
from .ports.schedules import ScheduleDeclaration
from .schedule_wishes import ScheduleRefused, ScheduleWishes, declared_schedule
from .verdicts import Duration, duration

Handler: TypeAlias = Callable[..., Any]
Call: TypeAlias = Callable[[], Awaitable[Any]]
Middleware: TypeAlias = Callable[["Task", Context, Call], Awaitable[Any]]
"""Wraps runs: awaits the call it is given and returns what that returned, doing its own work around it."""
Isolation: TypeAlias = Literal["process"]
F = TypeVar("F", bound=Handler)
M = TypeVar("M", bound=Middleware)

MARK = "__equeue_task__"
"""The attribute by which a handler knows its task."""


class TaskRefused(ValueError):
    """A task cannot be registered as its author wrote it; the message says what to change."""


@attrs.frozen(kw_only=True)
class Task:
    """A named behaviour: the handler, and the settings that jobs of this task have unless a caller says otherwise."""

    id: str
    handler: Handler
    queue: str = DEFAULT_QUEUE
    max_retries: int | None = None
    backoff: Backoff | None = None
    timeout: timedelta | None = None
    isolation: Isolation | None = None
    aliases: tuple[str, ...] = ()
    errors: ErrorPolicy = ANY_ERROR
    on_dead: OnDead | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which jobs of this task may have been enqueued."""
        return (self.id, *self.aliases)

    @property
    def place(self) -> str:
        """Where another process finds the handler: `package.module:name`."""
        return f"{self.handler.__module__}:{self.handler.__qualname__}"

    def declaration(self, schema: bytes) -> Iterator[TaskDeclaration]:
        """Yield what the API should know of this task, under each of its names."""
        doc = inspect.getdoc(self.handler) or ""
        for name in self.names:
            yield TaskDeclaration(
                name, self.queue, self.max_retries, self.backoff, self.timeout, schema, doc, self.on_dead
            )


class Tasks:
    """A set of tasks. Make one per module, decorate handlers with `task`, and name it to the worker.

    ```python
    tasks = Tasks()

    @tasks.task("email.send", queue="email", max_retries=5, timeout=30)
    async def send(ctx: Context, user_id: int) -> str: ...
    ```
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Task] = {}
        self._layers: list[Middleware] = []
        self._schedules: dict[str, ScheduleDeclaration] = {}

    def __iter__(self) -> Iterator[Task]:
        """Iterate over the tasks in the order in which they were registered."""
        return iter(dict.fromkeys(self._by_name.values()))

    def __len__(self) -> int:
        return len(set(self._by_name.values()))

    def __getitem__(self, name: str) -> Task:
        """Return the task of that id or alias; `KeyError` if there is none."""
        return self._by_name[name]

    @property
    def layers(self) -> tuple[Middleware, ...]:
        """The middleware, outermost first."""
        return tuple(self._layers)

    def middleware(self, layer: M) -> M:
        """Register the decorated function around every run of a worker that loads this set, and return it.

        ```python
        @tasks.middleware
        async def timed(task: Task, ctx: Context, call: Call) -> Any:
            begun = time.perf_counter()
            try:
                return await call()
            finally:
                ctx.log.info("task.ran", seconds=time.perf_counter() - begun)
        ```

        It wraps the handlers that are registered afterwards or before, the first registered outermost; handlers keep
        their signatures. What it raises counts as raised by the handler.
        """
        if layer not in self._layers:
            self._layers.append(layer)
        return layer

    def task(
        self,
        id: str,
        *,
        queue: str = DEFAULT_QUEUE,
        max_retries: int | None = None,
        backoff: Backoff | None = None,
        timeout: Duration | None = None,
        isolation: Isolation | None = None,
        aliases: tuple[str, ...] = (),
        retry_on: Exceptions | None = None,
        discard_on: Exceptions = (),
        on_dead: OnDead | str | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated function as the task `id` and return the function itself, unchanged.

        Args:
            id: the task's name for ever, such as `email.send`; a module may be renamed, this not.
            queue: where its jobs wait unless the caller says otherwise.
            max_retries: how many failures are tried again; the system's default is 3.
            backoff: how long before each retry, `Exponential(…)` or `Fixed(…)`.
            timeout: how long one attempt may run, in seconds or as a timedelta.
            isolation: `"process"` runs each attempt in a child process that can be killed.
            aliases: former ids, so that jobs enqueued under them still run.
            retry_on: only failures by these exceptions are tried again; without it, all are. A timeout counts as a
                `TimeoutError`.
            discard_on: failures by these exceptions are not tried again.
            on_dead: the task to enqueue when a job of this one dies, by its id or as an `OnDead` with a payload.
        """
        limit = None if timeout is None else duration(timeout)

        def register(handler: F) -> F:
            task = Task(
                id=id,
                handler=handler,
                queue=queue,
                max_retries=max_retries,
                backoff=backoff,
                timeout=limit,
                isolation=isolation,
                aliases=tuple(aliases),
                errors=ErrorPolicy(retry_on, discard_on) if retry_on is not None or discard_on else ANY_ERROR,
                on_dead=OnDead(on_dead) if isinstance(on_dead, str) else on_dead,
            )
            self.add(task)
            return handler

        return register

    def add(self, *tasks: Task) -> None:
        """Register tasks; raise `TaskRefused` for one that breaks a rule or whose name is taken."""
        for task in tasks:
            _check(task)
            self._take_names(task)
            _mark(task)

    @property
    def schedules(self) -> tuple[ScheduleDeclaration, ...]:
        """The schedules that workers of this set declare when they start."""
        return tuple(self._schedules.values())

    def schedule(
        self,
        name: str,
        task: Handler | Task | str,
        payload: Mapping[str, Any] | None = None,
        **wishes: Unpack[ScheduleWishes],
    ) -> None:
        """Have a job of `task` made at each fire time; see `ScheduleWishes` for when and how.

        ```python
        tasks.schedule("nightly-report", build_report, {"kind": "all"}, cron="0 2 * * *", zone="Europe/Berlin")
        ```

        Workers of this set declare it when they start: what is written here counts, and the API changes nothing of it
        but to pause, resume and run it.
        """
        target = task if isinstance(task, str) else (task if isinstance(task, Task) else task_of(task)).id
        self._take_schedules(declared_schedule(name, target, payload or {}, wishes))

    def include(self, other: "Tasks") -> None:
        """Register all tasks, all middleware and all schedules of `other` here too."""
        self._take_schedules(*other.schedules)
        for layer in other.layers:
            self.middleware(layer)
        for task in other:
            if self._by_name.get(task.id) is not task:
                self._take_names(task)

    def _take_schedules(self, *declared: ScheduleDeclaration) -> None:
        for each in declared:
            if self._schedules.setdefault(each.name, each) is not each:
                raise ScheduleRefused(f"schedule '{each.name}' is declared twice")

    def _take_names(self, task: Task) -> None:
        for name in task.names:
            if (holder := self._by_name.get(name)) is not None:
                raise TaskRefused(f"task '{name}' is registered twice: by {_where(holder)} and by {_where(task)}")
        self._by_name.update(dict.fromkeys(task.names, task))


def task_of(handler: Handler) -> Task:
    """Return the task that `handler` was registered as; raise `TaskRefused` if it was not."""
    task = getattr(handler, MARK, None)
    if not isinstance(task, Task):
        raise TaskRefused(f"{_name(handler)} is not a task: decorate it with @tasks.task(…)")
    return task


def _mark(task: Task) -> None:
    marked = getattr(task.handler, MARK, None)
    if isinstance(marked, Task) and marked.handler is task.handler and marked.id != task.id:
        raise TaskRefused(f"{_name(task.handler)} already is the task '{marked.id}': use aliases=(…)")
    try:
        setattr(task.handler, MARK, task)
    except AttributeError:
        return  # a bound method cannot carry the mark; it is still known by its id


def _check(task: Task) -> None:
    for problem in _problems(task):
        raise TaskRefused(f"task '{task.id}' ({_where(task)}): {problem}")


def _problems(task: Task) -> Iterator[str]:
    for name in (*task.names, task.queue):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield f"the name {name!r} must be 1 to 128 of a-z 0-9 _ . -"
    if len(set(task.names)) < len(task.names):
        yield "an alias repeats another name of the task"
    if task.max_retries is not None and not 0 <= task.max_retries <= MAX_RETRIES:
        yield f"max_retries must be between 0 and {MAX_RETRIES}"
    if task.timeout is not None and not SHORTEST_TIMEOUT <= task.timeout <= LONGEST_TIMEOUT:
        yield "timeout must be between 0.1 and 86400 seconds"
    if task.isolation not in (None, "process"):
        yield "isolation must be None or 'process'"
    if task.isolation is not None and not _can_be_found(task.handler):
        yield "an isolated handler is a function at the top of a module that can be imported by its name"
    yield from _failure_problems(task)
    if inspect.isasyncgenfunction(task.handler) or inspect.isgeneratorfunction(task.handler):
        yield "a handler returns its result, it does not yield"


def _failure_problems(task: Task) -> Iterator[str]:
    for field, wrong in backoff_problems(task.backoff) if task.backoff else ():
        yield f"backoff {field} {wrong}"
    named: tuple[object, ...] = (*(task.errors.retry_on or ()), *task.errors.discard_on)
    for each in named:
        if not isinstance(each, type) or not issubclass(each, BaseException):
            yield f"retry_on and discard_on take tuples of exception classes, not {each!r}"
    for violation in on_dead_problems(task.on_dead) if task.on_dead else ():
        yield f"on_dead{violation.pointer.replace('/', ' ')} {violation.detail}"


def _can_be_found(handler: Handler) -> bool:
    return inspect.isfunction(handler) and "<" not in handler.__qualname__ and handler.__module__ != "__main__"


def _where(task: Task) -> str:
    return _name(task.handler)


def _name(handler: Handler) -> str:
    return f"{getattr(handler, '__module__', '?')}.{getattr(handler, '__qualname__', type(handler).__qualname__)}"
