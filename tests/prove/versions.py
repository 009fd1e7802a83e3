"""eQueue as it is and as it was: a version out of the history, laid out so that its commands run beside this one's."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import attrs
from tests import components
from tests.integration.deploy.pods import COMMAND, PATIENCE_S
from tests.tree import ROOT

REVISION = "EQUEUE_PREVIOUS"
"""Names the version to go back to, as git knows it: a release, say. Without it, the one before `CAME_LATER`."""

CAME_LATER = "deploy/kubernetes/base/kustomization.yaml"
"""The version before manifests: the last one whose schema ends before the present one's."""

_TELL = """
import json, equeue
from equeue.adapters.postgres import schema
print(json.dumps([equeue.__file__, schema.MINIMUM, schema.HEAD, schema.FLOOR]))
"""


@attrs.frozen
class Schema:
    """Which schema a version needs (`minimum`), makes (`head`), and from which `head` on older versions bear it."""

    minimum: str
    head: str
    floor: str

    def bears(self, other: "Schema") -> bool:
        """Tell whether this version's code runs on the schema that `other` makes."""
        return other.floor <= self.head and self.minimum <= other.head

    def __str__(self) -> str:
        return f"makes {self.head}, needs {self.minimum}, serves versions that know {self.floor}"


@attrs.frozen
class Version:
    """One version's code: its commands run in `root`, with `environment` on top of this process's."""

    name: str
    root: Path
    environment: dict[str, str]
    schema: Schema

    def equeue(self, *words: str, url: str) -> str:
        """Run one of its commands to its end; return what it wrote. Raises `CalledProcessError`."""
        environment = os.environ | self.environment | {"EQUEUE_DATABASE_URL": url}
        command = [*COMMAND, *words]
        told = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
        return told.stdout


def present() -> Version:
    """Return this version."""
    return _version("new", ROOT, None)


def previous(folder: Path) -> Version:
    """Lay the version before out in `folder`; pass the test over where the history does not reach that far."""
    revision = os.environ.get(REVISION) or _before_manifests()
    packed = _git("archive", "--format=tar", revision, "src", "migrations", "tests", "pyproject.toml")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder / "tree", filter="data")
    (folder / "packages").mkdir()
    (folder / "packages" / "equeue").symlink_to(folder / "tree" / "src")
    (folder / "tree" / "src" / "migrations").symlink_to(folder / "tree" / "migrations")
    found = os.pathsep.join((str(folder / "packages"), str(folder / "tree")))
    return _version(f"old ({_git('rev-parse', '--short', revision).decode().strip()})", folder / "tree", found)


def _version(name: str, root: Path, path: str | None) -> Version:
    environment = {} if path is None else {"PYTHONPATH": path}
    told = subprocess.run(
        [sys.executable, "-c", _TELL],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    home, minimum, head, floor = json.loads(told.stdout)
    assert Path(home).resolve().is_relative_to(root.resolve()), f"{name} would run {home}"
    return Version(name, root, environment, Schema(minimum, head, floor))


def _before_manifests() -> str:
    came = ("log", "--first-parent", "--diff-filter=A", "-1", "--format=%H", "--", CAME_LATER)
    if b"true" in _git("rev-parse", "--is-shallow-repository") or not (commit := _git(*came).decode().strip()):
        components.missing("the version before", f"git fetch --unshallow, or name one in {REVISION}")
    return f"{commit}^1"


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, timeout=60, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"").decode().strip() or error
        components.missing(
            f"eQueue's history ({told})", f"work in a clone with all of it, or name a commit in {REVISION}"
        )
