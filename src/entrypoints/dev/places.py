"""Where `equeue dev` keeps what outlives a run: one git-ignored folder."""

import fcntl
import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from ..settings import Settings

SOCKET_BYTES = 103
"""The longest path of a Unix socket that every system takes (Linux allows four bytes more)."""

SYSTEM_HOME = Path("/var/lib/equeue-dev")
_PLAIN = re.compile(r"[A-Za-z0-9/_.-]+")


class AlreadyRunning(Exception):
    """Another `equeue dev` uses this folder; stop it, or name another folder with EQUEUE_STATE_DIR."""


@attrs.frozen
class Places:
    """The files of one development installation."""

    root: Path

    @property
    def key(self) -> Path:
        """The development API key, for its owner's eyes only."""
        return self.root / "key"

    @property
    def link(self) -> Path:
        """The one-time link that signs the developer in, for its owner's eyes only."""
        return self.root / "link"

    @property
    def secret(self) -> Path:
        """What signs cursors."""
        return self.root / "secret"

    @property
    def logs(self) -> Path:
        """What each process wrote."""
        return self.root / "logs"

    @property
    def processes(self) -> Path:
        """The pids of the processes that run now, as JSON."""
        return self.root / "processes.json"

    @property
    def database(self) -> Path:
        """The embedded PostgreSQL; a link to elsewhere where its user could not get here."""
        return self.root / "postgres"

    def prepare(self) -> None:
        """Make the folders."""
        self.logs.mkdir(parents=True, exist_ok=True)
        (self.root / ".gitignore").write_text("*\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder to this process; raise `AlreadyRunning` if another has it."""
        with (self.root / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(
                    f"another `equeue dev` (pid {lock.read().strip() or 'unknown'}) uses {self.root}: stop it first, "
                    "or name another folder with EQUEUE_STATE_DIR"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def signing_key(self) -> str:
        """Return the key that signs cursors; made once, so that cursors survive a restart."""
        if not self.secret.exists():
            write_private(self.secret, secrets.token_urlsafe(48))
        return self.secret.read_text().strip()


def development_key(settings: Settings) -> str | None:
    """Return the key that `equeue dev` left here; only for an API on this machine, so that it goes nowhere else."""
    path = Places(Path(settings.state_dir)).key
    local = urlsplit(settings.url).hostname in ("127.0.0.1", "::1", "localhost")
    return path.read_text().strip() if local and os.access(path, os.R_OK) else None


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner may read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
    Path(name).replace(path)


def database_home(places: Places, *, private_to: int | None) -> Path:
    """Return the folder of the embedded PostgreSQL, made if need be.

    Root's PostgreSQL runs as the user `private_to`. Where that user cannot get at the project (a private home), the
    folder is below /var/lib and linked from here, rather than any folder above the project being opened.
    """
    elsewhere = SYSTEM_HOME / _fingerprint(places.root)
    if places.database.is_symlink() and places.database.resolve() != elsewhere:
        places.database.unlink()  # it came here with a copy of another project
    if places.database.exists():
        return places.database.resolve()
    if private_to is None or open_to_all(places.root):
        places.database.mkdir(mode=0o700)
        return places.database.resolve()
    elsewhere.mkdir(parents=True, exist_ok=True)
    places.database.unlink(missing_ok=True)
    places.database.symlink_to(elsewhere)
    return elsewhere


def open_to_all(path: Path) -> bool:
    """Tell whether every user may pass through `path` and all folders above it."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (resolved, *resolved.parents))


def socket_folder(home: Path, *, owner: int) -> Path:
    """Return a folder for the server's socket: `home`, or a private one below /tmp if that path is too long or odd."""
    if _fit_for_socket(home):
        return home
    name = f"equeue-{_fingerprint(home)}"
    folder = next(spot for spot in (Path(tempfile.gettempdir()) / name, Path("/tmp") / name) if _fit_for_socket(spot))  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), owner):
        raise PermissionError(f"{folder} belongs to somebody else; remove it")
    os.chown(folder, owner, -1)
    folder.chmod(0o700)
    return folder


def _fit_for_socket(folder: Path) -> bool:
    return len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_BYTES and bool(_PLAIN.fullmatch(str(folder)))


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
