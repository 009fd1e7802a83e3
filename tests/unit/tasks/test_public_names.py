"""The names that authors import."""

import subprocess
import sys

import pytest

import equeue

AUTHORS = ("Context", "Discard", "Exponential", "Fixed", "Retry", "Snooze", "Task", "TaskRefused", "Tasks")
HEAVY = ("sqlalchemy", "litestar", "psycopg", "structlog", "dependency_injector", "httpx2", "msgspec", "rich")


def test_every_public_name_is_there() -> None:
    """What `__all__` promises can be had."""
    assert all(getattr(equeue, name) is not None for name in equeue.__all__)
    assert set(equeue.__all__) <= set(dir(equeue))


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'Taks'"):
        equeue.Taks  # noqa: B018


def test_an_author_loads_nothing_heavy() -> None:
    """A module that only declares tasks imports no product."""
    program = (
        f"import sys, equeue; [getattr(equeue, name) for name in {AUTHORS!r}];"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.strip() == "[]"
