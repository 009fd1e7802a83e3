"""`equeue dev` as a process under test: started in a folder of its own, listened to, and never left behind."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
STARTED_S = 90.0
STOPPED_S = 10.0
"""Within this Ctrl-C ends everything; it is the promise itself, so it is not generous."""

EQUEUE = (sys.executable, "-m", "equeue.entrypoints.cli")
TASKS = "examples/tour_tasks.py"


@attrs.define
class Tree:
    """A running `equeue dev`. Lines are read as they come; `saw` waits for one."""

    process: "subprocess.Popen[str]"
    state: Path
    url: str
    lines: list[str] = attrs.field(factory=list)
    _fresh: "queue.SimpleQueue[str | None]" = attrs.field(factory=queue.SimpleQueue)

    def listen(self) -> None:
        """Read the process's lines, beside the test."""
        for line in self.process.stdout or ():
            self._fresh.put(line.rstrip("\n"))
        self._fresh.put(None)

    def saw(self, text: str, within: float = STARTED_S) -> str:
        """Return the first line from here on with `text` in it; fail if the process ends or stays silent instead."""
        end = time.monotonic() + within
        while True:
            try:
                line = self._fresh.get(timeout=max(end - time.monotonic(), 0.0))
            except queue.Empty:
                raise AssertionError(f"no '{text}' within {within} s in:\n" + "\n".join(self.lines)) from None
            if line is None:
                raise AssertionError(f"ended without '{text}':\n" + "\n".join(self.lines))
            self.lines.append(line)
            if text in line:
                return line

    def serving(self) -> "Tree":
        """Return once everything serves."""
        self.saw("Ctrl-C stops everything")
        return self

    @property
    def pids(self) -> dict[str, int]:
        """The pids of the API and the worker as they are now."""
        pids: dict[str, int] = json.loads((self.state / "processes.json").read_text())
        return pids

    @property
    def key(self) -> str:
        """The development key."""
        return (self.state / "key").read_text().strip()

    def stop(self, hint: signal.Signals = signal.SIGINT) -> int:
        """Send `hint` and return the exit code; fail if that takes longer than promised."""
        self.process.send_signal(hint)
        return self.process.wait(STOPPED_S)

    def alive(self) -> list[str]:
        """Return the command lines of processes that belong to this tree: they name its folder, or are in its care."""
        mark = os.fsencode(self.state)
        return [words for words, marks in map(_told, Path("/proc").glob("[0-9]*")) if mark in marks]

    def gone(self, within: float = STOPPED_S) -> None:
        """Wait until no process of the tree is left."""
        end = time.monotonic() + within
        while self.alive():
            assert time.monotonic() < end, self.alive()
            time.sleep(0.02)


def _told(process: Path) -> tuple[str, bytes]:
    """Return a process's command line, and all that may betray to which tree it belongs."""
    try:
        words = (process / "cmdline").read_bytes()
        return words.replace(b"\0", b" ").decode(errors="replace"), words + (process / "environ").read_bytes()
    except OSError:
        return "", b""


@contextmanager
def state_folder() -> Iterator[Path]:
    """Give a folder for a tree's state, that every user may pass through, and remove all of it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="equeue-tree-"))
    home.chmod(0o755)
    try:
        yield home / ".equeue"
    finally:
        forget(home / ".equeue")
        shutil.rmtree(home)


def forget(state: Path) -> None:
    """Remove a database that is only linked from `state`."""
    database = state / "postgres"
    if database.is_symlink():
        shutil.rmtree(database.resolve(), ignore_errors=True)


@contextmanager
def tree(state: Path, *words: str, app: str = TASKS, **environment: str) -> Iterator[Tree]:
    """Start `equeue dev`, for the tour's tasks or others; whatever becomes of the test, nothing of it stays alive."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EQUEUE_")}
    process = subprocess.Popen(
        [*EQUEUE, "dev", app, *words],
        cwd=ROOT,
        env=clean | {"EQUEUE_STATE_DIR": str(state), "EQUEUE_PORT": str(port)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    started = Tree(process, state, f"http://127.0.0.1:{port}")
    listener = threading.Thread(target=started.listen, daemon=True)
    listener.start()
    try:
        yield started
    finally:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.terminate()
            process.wait(STOPPED_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOPPED_S)
        listener.join(STOPPED_S)
        if process.stdout is not None:
            process.stdout.close()
