"""From a task and its arguments to a checked job that can be stored: what every way of enqueuing from Python shares."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import attrs

from ..domain.errors import InvalidJob, Violation
from ..domain.ids import JobId, Json
from ..domain.spec import DEFAULT_QUEUE, PAYLOAD_BYTES, JobSpec, check
from .binding import BoundTask, bind
from .options import Options, Wishes, spec_of
from .ports.catalogue import TaskDeclaration
from .ports.codec import PayloadCodec, Unencodable
from .ports.platform import Clock
from .tasks import Handler, Task, task_of

LARGE_PAYLOAD_BYTES = 32 * 1024


class LargePayload(UserWarning):
    """A payload is over 32 KB. Pass ids, not data: the database copies it at each move of the job."""


class EnqueueOutcome(StrEnum):
    """What came of an enqueue: stored, or another job holds the unique key and is returned or was in the way."""

    CREATED = "created"
    EXISTING = "existing"
    REJECTED = "rejected"


@attrs.frozen
class EnqueuedJob:
    """The answer to one enqueue. `id` is the new job's, or that of the job which holds the unique key."""

    id: JobId
    outcome: EnqueueOutcome

    @property
    def created(self) -> bool:
        """Tell whether a new job was stored."""
        return self.outcome is EnqueueOutcome.CREATED


@attrs.frozen
class NewJob:
    """A job that is not stored yet: its task, its payload, and its settings, all checked.

    `spec` holds no payload; jobs of one task share it. `wishes` are kept of a task known by its name alone, until
    `completed` fills in what its workers declared.
    """

    spec: JobSpec
    payload: Json
    wishes: Wishes | None = None

    def completed(self, declaration: TaskDeclaration | None) -> "NewJob":
        """Return the job with the settings of a task that was known by its name alone; `None` leaves the system's."""
        if self.wishes is None or declaration is None:
            return self
        spec = attrs.evolve(spec_of(declaration, self.wishes), traceparent=self.spec.traceparent)
        return NewJob(spec, self.payload)


def _untraced() -> None:
    return None


@attrs.define(eq=False)
class NewJobs:
    """Makes `NewJob`s. What depends on the handler alone is worked out once for each.

    `trace` tells in which trace the caller is, if in any.
    """

    codec: PayloadCodec
    clock: Clock
    trace: Callable[[], str | None] = _untraced
    _bound: "WeakKeyDictionary[Handler, tuple[BoundTask, JobSpec]]" = attrs.field(factory=WeakKeyDictionary, init=False)
    _last: tuple[object, JobSpec] | None = attrs.field(default=None, init=False)

    def make(self, task: Any, args: Sequence[Any], payload: Mapping[str, Any], *, depth: int = 2) -> NewJob:
        """Return the job that calls `task` with these arguments.

        A handler takes them as it is written; a `Task`, or a task's name, takes them as one mapping, and those of a
        name are checked by the worker only. Raises `PayloadInvalid`, `InvalidJob` or `TaskRefused`; warns of a
        `LargePayload` at the caller `depth` frames up.
        """
        target = task.task if isinstance(task, Options) else task
        if isinstance(target, str):
            job = self._named(target, task, _one_mapping(args, payload))
        elif isinstance(target, Task):
            job = self._called(target, task, _one_mapping(args, payload))
        else:
            known = self._known(task_of(target))[0]
            job = self._called(known.task, task, _by_name(known, args, payload) if args else payload)
        if len(job.payload) > LARGE_PAYLOAD_BYTES:
            self._weigh(job, depth)
        traceparent = self.trace()
        if traceparent is None:
            return job
        return attrs.evolve(job, spec=attrs.evolve(job.spec, traceparent=traceparent))

    def _called(self, task: Task, given: object, arguments: Mapping[str, Any]) -> NewJob:
        bound, spec = self._known(task)
        encoded = bound.signature.payload(arguments)
        return NewJob(self._tuned(_declaration(task), given) if isinstance(given, Options) else spec, encoded)

    def _named(self, name: str, given: object, arguments: Mapping[str, Any]) -> NewJob:
        wishes = given.wishes if isinstance(given, Options) else {}
        return NewJob(self._tuned(TaskDeclaration(name, DEFAULT_QUEUE), given), self._encoded(arguments), wishes)

    def _known(self, task: Task) -> tuple[BoundTask, JobSpec]:
        known = self._bound.get(task.handler)
        if known is None:
            known = bind(task, self.codec), self._checked(spec_of(_declaration(task), {}))
            self._bound[task.handler] = known
        return known

    def _tuned(self, declaration: TaskDeclaration, given: object) -> JobSpec:
        """Return the checked request; the same options twice in a row are not checked twice."""
        last = self._last  # read once: other threads put theirs here
        if last is not None and last[0] is given:
            return last[1]
        wishes = given.wishes if isinstance(given, Options) else {}
        spec = self._checked(spec_of(declaration, wishes))
        self._last = given, spec
        return spec

    def _encoded(self, payload: Mapping[str, Any]) -> Json:
        try:
            return self.codec.encode(dict(payload), PAYLOAD_BYTES)
        except Unencodable as refused:
            raise InvalidJob((Violation("/payload", str(refused)),)) from refused

    def _checked(self, spec: JobSpec) -> JobSpec:
        check(spec, now=self.clock.now())
        return spec

    def _weigh(self, job: NewJob, depth: int) -> None:
        self._checked(attrs.evolve(job.spec, payload=job.payload))
        message = f"the payload of a '{job.spec.task}' has {len(job.payload)} bytes: pass ids, not data"
        warnings.warn(message, LargePayload, stacklevel=depth + 2)


def _declaration(task: Task) -> TaskDeclaration:
    return TaskDeclaration(task.id, task.queue, task.max_retries, task.backoff, task.timeout)


def _one_mapping(args: Sequence[Any], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(args) > 1 or (args and payload):
        raise TypeError("a task that is not given as its handler takes its payload as one mapping")
    (given,) = args or (payload,)
    if not isinstance(given, Mapping):
        raise InvalidJob((Violation("/payload", "must be a JSON object", "type"),))
    return given


def _by_name(bound: BoundTask, args: Sequence[Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    context = (None,) if bound.takes_context else ()
    given = inspect.signature(bound.handler).bind_partial(*context, *args, **payload).arguments
    return dict(list(given.items())[len(context) :])
