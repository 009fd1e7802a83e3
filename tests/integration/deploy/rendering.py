"""The Kubernetes manifests as `kubectl kustomize` renders them."""

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from tests.tree import ROOT

Document: TypeAlias = dict[str, Any]

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
SAMPLES = sorted(path.name for path in (KUBERNETES / "samples").iterdir())
OLDEST = (1, 27)


@lru_cache
def kubectl() -> str:
    """Return a kubectl that knows components; where there is none skip loudly, in CI too: Debian's is too old."""
    found = shutil.which("kubectl")
    if found is None or _version(found) < OLDEST:
        pytest.skip("kubectl 1.27 or newer is missing: the manifests are not rendered")
    return found


def _version(command: str) -> tuple[int, int]:
    told = subprocess.run([command, "version", "--client"], capture_output=True, text=True, timeout=30, check=False)
    numbers = re.search(r"Client Version: v(\d+)\.(\d+)", told.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


@lru_cache
def rendered(overlay: str) -> tuple[Document, ...]:
    """Return the documents of one overlay."""
    folder = KUBERNETES / "overlays" / overlay
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def sample(name: str) -> tuple[Document, ...]:
    """Return the documents of one sample."""
    return read(KUBERNETES / "samples" / name)


def read(path: Path) -> tuple[Document, ...]:
    """Return the documents of one file."""
    return tuple(yaml.safe_load_all(path.read_text()))


def of_kind(documents: tuple[Document, ...], *kinds: str) -> list[Document]:
    """Return the documents of these kinds."""
    return [document for document in documents if document["kind"] in kinds]


def named(documents: tuple[Document, ...], kind: str, name: str) -> Document:
    """Return the one document of that kind and name."""
    (found,) = [document for document in of_kind(documents, kind) if document["metadata"]["name"] == name]
    return found


def title(document: Document) -> str:
    """Return what a document is called in messages."""
    return f"{document['kind']}/{document['metadata']['name']}"
