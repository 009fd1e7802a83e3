"""One rule broken, and which tests have to notice."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs

Change: TypeAlias = Callable[[Path], bool]
"""Changes a copy of the tree; false if there is nothing there any more that it could change."""


@attrs.frozen
class Mutant:
    """A change to a copy of the tree, and the tests that have to notice; no change, and they have to be green."""

    name: str
    tests: tuple[str, ...]
    change: Change | None = None


def patch_mutants(folder: Path) -> list[Mutant]:
    """Return the mutants that the patches in `folder` describe."""
    return [_from_patch(path) for path in sorted(folder.glob("*.patch"))]


def _from_patch(path: Path) -> Mutant:
    text = path.read_text()
    (tests,) = (line.removeprefix("Tests:") for line in text.splitlines() if line.startswith("Tests:"))
    return Mutant(path.stem, tuple(shlex.split(tests)), lambda copy: _applied(text, copy))


def _applied(patch: str, copy: Path) -> bool:
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    return not subprocess.run(command, cwd=copy, input=patch, text=True, capture_output=True, check=False).returncode
