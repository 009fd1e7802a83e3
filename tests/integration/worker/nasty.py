"""Tasks that raise what nobody should have to record."""

from collections.abc import Callable
from typing import Any, NoReturn

from equeue import Context, Tasks

tasks = Tasks()


class Mute(Exception):
    """Says nothing, whoever asks."""

    def __str__(self) -> str:
        raise RuntimeError("no word of it")

    __repr__ = __str__


class Liar(Exception):
    """Claims to be of no class, to come from nowhere, and to have no cause."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no place")

    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no cause")


class Text(str):
    """A text whose every method is broken."""

    __slots__ = ()

    def replace(self, *_: Any) -> NoReturn:
        raise RuntimeError("no")

    encode = __getitem__ = __len__ = __format__ = replace  # type: ignore[assignment]


class Worded(Exception):
    """Answers with a text of its own kind."""

    def __str__(self) -> str:
        return Text("worded")


class Meta(type):
    """Makes classes that do not tell their names."""

    def __getattribute__(cls, name: str) -> Any:
        if name in ("__module__", "__qualname__", "__name__"):
            raise RuntimeError("no name")
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=Meta):
    """Has no name."""


class Base(BaseException):
    """Not even an Exception."""


def circle() -> BaseException:
    """Return an error that is its own cause's cause."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def chain() -> BaseException:
    """Return an error at the end of a long chain."""
    error = ValueError("0")
    for place in range(1, 3_000):
        error, error.__cause__ = ValueError(str(place)), error
    return error


def nested() -> BaseException:
    """Return groups of groups, deeper than anybody recurses."""
    error: BaseException = ValueError("core")
    for _ in range(3_000):
        error = BaseExceptionGroup("layer", [error])
    return error


RAISED: dict[str, Callable[[], BaseException]] = {
    "nul": lambda: ValueError("before\x00after"),
    "surrogate": lambda: ValueError("lone \ud800 and \udfff"),
    "large": lambda: ValueError("x" * 10_000_000),
    "mute": Mute,
    "liar": Liar,
    "worded": Worded,
    "nameless": Nameless,
    "base": lambda: Base("\x00"),
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "generator": GeneratorExit,
    "stop": lambda: StopIteration(Mute()),
    "group": lambda: ExceptionGroup("many \x00", [Mute(), ValueError("\ud800"), KeyError("k" * 1_000_000)]),
    "circle": circle,
    "chain": chain,
    "nested": nested,
    "unicode": lambda: UnicodeDecodeError("utf-8", b"\xff\x00", 0, 1, "\x00\ud800"),
}


@tasks.task("nasty.async", max_retries=0)
async def from_the_loop(ctx: Context, what: str) -> None:  # noqa: ARG001 - every handler takes one
    """Raise it on the worker's loop."""
    error = RAISED[what]()
    raise error


@tasks.task("nasty.thread", max_retries=0)
def from_a_thread(ctx: Context, what: str) -> None:  # noqa: ARG001 - every handler takes one
    """Raise it in a thread."""
    error = RAISED[what]()
    raise error


@tasks.task("nasty.process", max_retries=0, isolation="process")
def from_a_process(ctx: Context, what: str) -> None:  # noqa: ARG001 - every handler takes one
    """Raise it in a process of its own."""
    error = RAISED[what]()
    raise error
