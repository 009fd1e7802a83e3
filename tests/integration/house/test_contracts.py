"""The house rules hold because each is seen to fail when it is broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.tree import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

FORBIDDEN = {
    "inward": ("domain/job.py", "from ..application import signals"),
    "pure-domain": ("domain/retry.py", "import random"),
    "domain-products": ("domain/job.py", "import msgspec"),
    "application-products": ("application/enqueue.py", "import sqlalchemy"),
    "strangers": ("adapters/memory/store.py", "from ..postgres import engine"),
    "one-who-knows": ("entrypoints/http/app.py", "from ...adapters.postgres import engine"),
    "doors": ("entrypoints/settings.py", "from . import container"),
    "floors": ("domain/retry.py", "from . import job"),
    "acyclic": ("domain/lease.py", "from . import events\n# and back\n"),
    "speaks-sql": ("adapters/memory/store.py", "import sqlalchemy"),
    "speaks-http": ("entrypoints/worker/parts.py", "import litestar"),
    "speaks-resp": ("adapters/memory/queue.py", "import redis"),
    "speaks-schema": ("adapters/codec.py", "import jsonschema_rs"),
    "speaks-secrets": ("application/login.py", "import bcrypt"),
    "speaks-json": ("adapters/memory/store.py", "import msgspec"),
    "speaks-traces": ("entrypoints/http/envelope.py", "import opentelemetry"),
    "speaks-cron": ("entrypoints/http/schedules.py", "import cronsim"),
    "calls-out": ("entrypoints/cli/remote.py", "import httpx2"),
    "one-root": ("entrypoints/cli/compose.py", "import dependency_injector"),
    "one-reader": ("entrypoints/cli/compose.py", "import environ"),
    "one-prompt": ("entrypoints/dev/session.py", "import cyclopts"),
    "one-clockmaker": ("entrypoints/cli/compose.py", "import uuid_utils"),
    "speaks-logs": ("entrypoints/worker/runtime.py", "import structlog"),
}
"""contract -> (file, an import that this contract forbids there)."""

BACK = {"acyclic": ("domain/events.py", "from . import lease")}
"""The second half of what takes two files."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package in which imports may be planted."""
    home = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "src", home / "equeue", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", home)
    return home


def test_every_contract_has_a_planted_import() -> None:
    """A contract that nobody has seen fail is no contract; its name is a sentence."""
    assert {contract["id"] for contract in CONTRACTS} == set(FORBIDDEN)
    assert all(" " in contract["name"] for contract in CONTRACTS)


@pytest.mark.parametrize("contract", sorted(FORBIDDEN))
def test_forbidden_import_breaks_its_contract(copy: Path, contract: str) -> None:
    """Planted, the import is reported under the contract's name; taken away, the contract is kept again."""
    plants = [FORBIDDEN[contract], *([BACK[contract]] if contract in BACK else [])]
    originals = {copy / "equeue" / file: (copy / "equeue" / file).read_text() for file, _ in plants}
    try:
        for file, line in plants:
            path = copy / "equeue" / file
            path.write_text(f"{path.read_text()}\n{line}\n")
        broken = lint(copy, contract)
    finally:
        for path, text in originals.items():
            path.write_text(text)

    assert broken.returncode == 1, broken.stdout
    assert "1 broken" in broken.stdout
    assert lint(copy, contract).returncode == 0


def lint(home: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    """Check one contract on the copy."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--no-logo", "--no-cache", "--contract", contract],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
