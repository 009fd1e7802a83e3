"""The rest of the house: pins, targets, and who may look where."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from tests.tree import ROOT

READERS = {"settings.py", "terminal.py"}


def tracked() -> list[Path]:
    """Return the files under version control."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=30, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name]


def test_only_the_settings_read_the_environment() -> None:
    """`os.environ` and `os.getenv` stand in no other module (the terminal's NO_COLOR aside)."""
    guilty = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if path.name not in READERS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and _is_os(node.value)
    ]

    assert guilty == []


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


@pytest.mark.parametrize("name", ["image.txt", "run.txt", "dev.txt"])
def test_pins_are_hashed_and_name_no_registry(name: str) -> None:
    """Each requirement has a version and hashes; where it comes from is the installer's own business."""
    text = (ROOT / "requirements" / name).read_text()
    requirements = re.findall(r"^[a-z0-9][^ ]*.*$", text, re.MULTILINE)

    assert requirements
    assert all("==" in line and line.endswith("\\") for line in requirements), "a requirement without version or hash"
    assert "://" not in text
    assert "index-url" not in text


def test_what_running_needs_is_pinned_as_for_the_tests() -> None:
    """One version of everything: what is tested is what runs."""
    run, dev = (
        dict(re.findall(r"^([a-z0-9._\[\]-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("run.txt", "dev.txt")
    )

    assert {name: dev.get(name) for name in run} == run


def test_make_alone_explains_each_target() -> None:
    """The default target lists all targets with a sentence each."""
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    targets = set(re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert targets >= {"run", "test", "lint", "mutants", "soak", "ci-deps", "test-long", "format", "pins", "clean"}
    assert all(re.search(rf"^  {target} +[A-Z].*[a-z]", said, re.MULTILINE) for target in targets)


def test_ci_installs_its_packages_and_tests_nothing_more() -> None:
    """CI runs what everybody runs."""
    commands = [
        line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make") or "pytest" in line
    ]

    assert commands == ["make ci-deps", "make test"]


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    """What does not fit should be two things (suites of one law a test may run on)."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py"
        and path.parts[len(ROOT.parts)] != "tests"
        and (count := len(path.read_text().splitlines())) > 300
    }

    assert long == {}


def test_nothing_left_to_do_is_written_into_the_code() -> None:
    """What is missing is an issue, not a comment."""
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
    guilty = [path for path in tracked() if path.suffix == ".py" and words.search(path.read_text())]

    assert guilty == []
