"""Worker processes: started, watched and ended, each by its own id."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

PATIENCE_S = 5.0


class WorkerProcess:
    """One running worker; what it writes goes into `log`."""

    def __init__(self, command: list[str], environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise if the worker has ended by itself."""
        if self._process.poll() is not None:
            raise RuntimeError(f"a worker ended with {self._process.returncode}:\n{self._log.read_text()[-2000:]}")

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all threads so far, to the nanosecond, which /proc/…/stat does not know."""
        spent = 0
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                spent += int((thread / "schedstat").read_text().split()[0])
        return spent / 1e9

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self) -> None:
        """End it: politely first, then not."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE_S)


@contextlib.contextmanager
def running(
    command: list[str], environ: Mapping[str, str], log: Path, workers: int = 1
) -> Iterator[list[WorkerProcess]]:
    """Give so many workers; they are ended afterwards."""
    started: list[WorkerProcess] = []
    try:
        started.extend(WorkerProcess(command, environ, log) for _ in range(workers))
        yield started
    finally:
        for worker in started:
            worker.end()
