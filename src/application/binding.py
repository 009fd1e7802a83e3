"""A task made ready to run: its handler's signature bound to a codec, once."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

import attrs

from .context import Context
from .ports.catalogue import TaskDeclaration
from .ports.codec import REQUIRED, PayloadCodec, PayloadField, Signature
from .tasks import Handler, Task, TaskRefused


@attrs.frozen
class BoundTask:
    """A task with what the worker needs of its signature at each run. `runs_on_loop`: neither thread nor process."""

    task: Task
    signature: Signature
    takes_context: bool
    is_async: bool
    runs_on_loop: bool

    @property
    def handler(self) -> Handler:
        """The author's function."""
        return self.task.handler

    def call(self, context: Context, arguments: Mapping[str, Any]) -> Any:
        """Call the handler; an `async def` one answers with its coroutine."""
        handler = self.task.handler
        return handler(context, **arguments) if self.takes_context else handler(**arguments)


def bind(task: Task, codec: PayloadCodec) -> BoundTask:
    """Return `task` ready to run; raise `TaskRefused` if JSON cannot carry its parameters."""
    handler = task.handler
    try:
        parameters = list(inspect.signature(handler).parameters.values())
        hints = _hints(handler)
        takes_context = bool(parameters) and _is_context(parameters[0], hints)
        fields = [_field(each, hints) for each in parameters[takes_context:]]
        signature = codec.signature(task.id, fields)
    except (TypeError, ValueError, NameError) as refused:
        raise TaskRefused(f"task '{task.id}': {refused}") from refused
    is_async = inspect.iscoroutinefunction(_innermost(handler))
    return BoundTask(task, signature, takes_context, is_async, is_async and task.isolation is None)


@attrs.frozen
class KnownTasks:
    """The tasks that this process can run, by each of their names."""

    by_name: Mapping[str, BoundTask]

    @classmethod
    def of(cls, tasks: Iterable[Task], codec: PayloadCodec) -> "KnownTasks":
        """Bind `tasks`; raise `TaskRefused` at the first that cannot be run."""
        bound = [bind(task, codec) for task in tasks]
        return cls({name: each for each in bound for name in each.task.names})

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that these tasks name, in the order of registration."""
        return tuple(dict.fromkeys(each.task.queue for each in self.by_name.values()))

    def declarations(self) -> Iterator[TaskDeclaration]:
        """Yield what the API should know of each task."""
        for bound in dict.fromkeys(self.by_name.values()):
            yield from bound.task.declaration(bound.signature.schema)


def _hints(handler: Handler) -> dict[str, Any]:
    target = _innermost(handler)
    if not inspect.isfunction(target) and not inspect.ismethod(target):
        target = type(target).__call__
    return get_type_hints(target, localns={"Context": Context}, include_extras=True)


def _innermost(handler: Handler) -> Handler:
    innermost: Handler = inspect.unwrap(handler)
    return innermost


def _is_context(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> bool:
    hint = hints.get(parameter.name)
    return hint is Context or (hint is None and parameter.name in ("ctx", "context"))


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> PayloadField:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(f"parameter '{parameter}' cannot be filled by name: give each payload field a parameter")
    hint = hints.get(parameter.name, Any)
    if hint is Context:
        raise TypeError("the context is the handler's first parameter")
    default = REQUIRED if parameter.default is parameter.empty else parameter.default
    return PayloadField(parameter.name, hint, default)
