"""What a test needs of the machine: missing, it is passed over loudly on a desk and is a failure in CI."""

import os
from typing import NoReturn

import pytest


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test because `what` is not installed here; in CI fail it instead, so that nothing is skipped there."""
    words = f"{what} is missing: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(f"{words} (`make ci-deps` has to bring it)", pytrace=False)
    pytest.skip(words)
