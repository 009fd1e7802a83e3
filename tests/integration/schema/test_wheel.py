"""The wheel holds the whole package, the migrations with it."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MIGRATE = "import sys; from equeue.adapters.postgres.migrate import migrate_up; print(*migrate_up(sys.argv[1]))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel's content, built from a copy of the tree."""
    source, built, installed = (tmp_path_factory.mktemp(name) for name in ("source", "built", "installed"))
    for folder in ("src", "migrations"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source / file)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    subprocess.run([*build, "--outdir", built, source], check=True, capture_output=True, timeout=100)
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    return installed


def test_installed_wheel_migrates(installed: Path, empty_database_url: str) -> None:
    """From an installed wheel, away from the tree, the schema can be laid."""
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, empty_database_url],
        env={"PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0001")


def test_wheel_holds_every_module(installed: Path) -> None:
    """Each Python file of the tree is in the wheel, and each folder in the list of packages."""
    expected = {Path("equeue") / path.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("*.py")}
    expected |= {Path("equeue") / path.relative_to(ROOT) for path in (ROOT / "migrations").rglob("*.py")}
    assert {path.relative_to(installed) for path in (installed / "equeue").rglob("*.py")} == expected
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert {path.parent.as_posix().replace("/", ".") for path in expected} == set(listed)
