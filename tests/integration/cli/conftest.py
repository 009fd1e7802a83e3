"""The command line as a process, and an API for it to call."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs
import pytest
from tests.tree import EQUEUE, ROOT, Tree, state_folder, tree

PATIENCE_S = 60


@attrs.frozen
class Said:
    """What a command wrote and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document that it wrote."""
        return json.loads(self.out)


Run: TypeAlias = Callable[..., Said]


def run(*words: str, stdin: str = "", **environment: str) -> Said:
    """Run `equeue` with `words` in a clean environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EQUEUE_")}
    done = subprocess.run(
        [*EQUEUE, *words],
        cwd=ROOT,
        env=clean | environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def equeue() -> Run:
    """Return what runs a command."""
    return run


@pytest.fixture(scope="module")
def served() -> Iterator[Tree]:
    """Give a tree that serves."""
    with state_folder() as state, tree(state) as started:
        yield started.serving()


@pytest.fixture
def remote(served: Tree) -> Run:
    """Return what runs a command against the tree's API."""

    def call(*words: str, **options: str) -> Said:
        return run(*words, **{"EQUEUE_URL": served.url, "EQUEUE_API_KEY": served.key, **options})

    return call
