"""A PostgreSQL of a test's own, which it may stop and start."""

import time
from pathlib import Path

import attrs
from tests import servers


@attrs.frozen
class Own:
    """A server of this test's own."""

    folder: Path
    url: str

    def restart(self, mode: str, away_s: float) -> tuple[int, int]:
        """Stop it, leave it so for a while and start it; return when it was stopped and when it answered again."""
        binaries = servers.embedded_binaries()
        stopped = time.monotonic_ns()
        servers.halt(binaries, self.folder, mode)
        time.sleep(away_s)
        servers.launch(binaries, self.folder)
        return stopped, time.monotonic_ns()

    def revive(self) -> None:
        """Start it if a test that failed has left it stopped."""
        if not (self.folder / "data" / "postmaster.pid").exists():
            servers.launch(servers.embedded_binaries(), self.folder)
