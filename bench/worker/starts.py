"""The starts of handlers: each appends one record to a file, whatever process it runs in. Standard library only."""

import os
import struct
import time
from pathlib import Path

RECORD = struct.Struct("<qqq")
VARIABLE = "EQUEUE_BENCH_STARTS"
_files: list[int] = []


def note(number: int) -> None:
    """Write down that the handler of job `number` starts now, in this process."""
    if not _files:
        _files.append(os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND))
        _files.append(os.getpid())
    os.write(_files[0], RECORD.pack(number, time.monotonic_ns(), _files[1]))


class Starts:
    """The file as the harness sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clear()

    def clear(self) -> None:
        """Forget all starts."""
        self.path.write_bytes(b"")

    def __len__(self) -> int:
        return self.path.stat().st_size // RECORD.size

    def read(self) -> list[tuple[int, int, int]]:
        """Return number, nanoseconds of the monotonic clock, and process of each start, in their order."""
        return list(RECORD.iter_unpack(self.path.read_bytes()))
