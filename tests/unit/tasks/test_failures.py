"""What an exception becomes when it is kept."""

import pytest

from equeue.application.failures import failure
from equeue.domain.outcomes import MESSAGE_CHARS, TRACEBACK_CHARS, JobError


def caught(error: BaseException, depth: int = 0) -> JobError:
    """Return the failure of `error`, raised `depth` calls down."""
    try:
        _raise(error, depth)
    except BaseException as raised:  # noqa: BLE001 - this is what the worker does
        return failure(raised)
    raise AssertionError


def _raise(error: BaseException, depth: int) -> None:
    if depth:
        _raise(error, depth - 1)
    raise error


class Rude(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Loop(Exception):
    """An exception that is its own cause."""


def test_type_message_and_traceback_are_kept() -> None:
    """A builtin by its name, another with its module."""
    error = caught(ValueError("no"))
    assert (error.type, error.message) == ("ValueError", "no")
    assert error.traceback.endswith("ValueError: no\n")
    assert caught(Rude()).type.endswith("test_failures.Rude")


@pytest.mark.parametrize(
    "error", [Rude(), RecursionError("x" * 100), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")]
)
def test_nothing_an_exception_does_can_break_the_record(error: BaseException) -> None:
    """Not even a `__str__` that raises what would end a program."""
    assert caught(error).type
    assert caught(error, depth=50).traceback


def test_an_exception_that_is_its_own_cause_is_kept() -> None:
    """Formatting ends."""
    error = Loop()
    error.__cause__ = error
    assert caught(error).type.endswith("Loop")


def test_everything_is_bounded() -> None:
    """A message of megabytes and a traceback of thousands of frames stay small."""
    error = caught(ValueError("x" * 10_000_000), depth=900)
    assert len(error.message) <= MESSAGE_CHARS
    assert len(error.traceback) <= TRACEBACK_CHARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("job 17 of 20", "job 3 of 9"),
        ("<X object at 0x7f00aa>", "<X object at 0x51bc>"),
        ("user 0198c0de-0000-7000-8000-00000000000a", "user 0198c0de-ffff-7000-8000-00000000000b"),
        ("token deadbeefdeadbeef", "token 0123456789abcdef"),
    ],
)
def test_errors_of_one_cause_share_a_fingerprint(one: str, other: str) -> None:
    """Numbers, ids and addresses do not tell causes apart."""
    assert caught(ValueError(one)).fingerprint == caught(ValueError(other)).fingerprint


def test_errors_of_different_causes_do_not() -> None:
    """Another type, another message or another place is another cause."""

    def elsewhere() -> JobError:
        try:
            raise ValueError("a")  # noqa: TRY301 - the place is what counts
        except ValueError as raised:
            return failure(raised)

    prints = {
        caught(ValueError("a")).fingerprint,
        caught(TypeError("a")).fingerprint,
        caught(ValueError("b")).fingerprint,
        elsewhere().fingerprint,
    }
    assert len(prints) == 4
