"""Breaks one rule at a time in a copy of the tree, runs the tests that have to notice, and fails if they stay green.

A patch is a unified diff under a head: one sentence that says which rule it breaks, and `Tests:` with what to give
pytest. A patch that no longer applies has to be made anew (`diff -u`), and one whose tests cannot run proves nothing:
both fail the run.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs
from tests import servers
from tests.mutants.checks import check_mutants
from tests.mutants.mutant import Mutant, patch_mutants

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent
AT_ONCE = 2
TEST_S = 120
COPIED = ("src", "tests", "migrations", "docs", "pyproject.toml")
PASSED, FAILED = 0, 1
"""What pytest exits with; anything else means that no test was asked."""


@attrs.frozen
class Verdict:
    """What came of one mutant; `word` is `caught` or what is wrong."""

    name: str
    word: str
    detail: str = ""
    took: float = 0.0

    @property
    def good(self) -> bool:
        """Tell whether this is as it should be."""
        return self.word in ("caught", "green")

    def __str__(self) -> str:
        return f"{self.word:<9} {self.name:<44} {self.took:5.1f} s  {self.detail}"


def main(names: Sequence[str]) -> int:
    """Judge the mutants whose names contain one of `names`, else all; return the exit code."""
    known = [*patch_mutants(PATCHES), *check_mutants(ROOT)]
    mutants = [mutant for mutant in known if not names or any(name in mutant.name for name in names)]
    asked = sorted({mutant.tests if "-k" not in mutant.tests else mutant.tests[:1] for mutant in mutants})
    unchanged = [Mutant(f"(unchanged) {' '.join(tests)}", tests) for tests in asked]
    started = time.monotonic()
    with database() as environment, ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = [told(verdict) for verdict in pool.map(lambda one: judge(one, environment), [*unchanged, *mutants])]
    bad = [verdict for verdict in verdicts if not verdict.good]
    took = time.monotonic() - started
    sys.stdout.write(f"{len(mutants)} mutants, {len(bad)} not caught or not judged, in {took:.0f} s\n")
    return 1 if bad or not mutants else 0


def told(verdict: Verdict) -> Verdict:
    """Print a verdict as soon as it is known."""
    sys.stdout.write(f"{verdict}\n")
    sys.stdout.flush()
    return verdict


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """Give the environment of the tests, with one PostgreSQL for all of them."""
    folder = servers.open_run()
    try:
        given = os.environ.get("EQUEUE_TEST_DATABASE_URL")
        with servers.locked(folder / "pg") as place:
            url = given or servers.start(servers.embedded_binaries(), place).url
        yield {**os.environ, "EQUEUE_TEST_DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}
    finally:
        servers.close_run(folder)


def judge(mutant: Mutant, environment: dict[str, str]) -> Verdict:
    """Run a mutant's tests in a changed copy of the tree; without a patch they have to be green."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="equeue-mutant-") as folder:
        copy = Path(folder)
        copy_tree(copy)
        if mutant.change and not mutant.change(copy):
            return Verdict(mutant.name, "STALE", "the patch no longer applies")
        code, output = run_tests(mutant.tests, copy, environment)
    word, detail = ("caught", first_failure(output)) if mutant.change else ("BROKEN", first_failure(output))
    if code == PASSED:
        word, detail = ("SURVIVED", "") if mutant.change else ("green", "")
    elif code == signal.SIGKILL:
        word, detail = ("caught" if mutant.change else "BROKEN"), "hung"
    elif code != FAILED:
        word, detail = "BROKEN", output.strip()[-300:]
    return Verdict(mutant.name, word, detail, time.monotonic() - started)


def copy_tree(copy: Path) -> None:
    """Copy what tests need; `package/equeue` is the copy's package, found before the installed one."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    (copy / "package").mkdir()
    (copy / "package" / "equeue").symlink_to(copy / "src")
    (copy / "src" / "migrations").symlink_to(copy / "migrations")


def run_tests(tests: Sequence[str], copy: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Return what pytest exited with, and what it said; SIGKILL for a run that had to be ended."""
    options = ["-x", "-q", "-rf", "--tb=no", "-p", "tests.mutants.unshrunk", f"--timeout={TEST_S}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=copy,
        env={**environment, "PYTHONPATH": str(copy / "package")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TEST_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return signal.SIGKILL, ""
    return process.returncode, output


def first_failure(output: str) -> str:
    """Return the name of the test that noticed."""
    failed = (line for line in output.splitlines() if line.startswith(("FAILED", "ERROR")))
    return next(failed, "").partition(" - ")[0].rpartition("::")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
