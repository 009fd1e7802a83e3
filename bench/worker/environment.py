"""The peers' own environment, made once under the system's temporary folder and named after its pins."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

PINS = Path(__file__).parents[1] / "peers" / "requirements.txt"
GENERIC_ALIAS = "type Result[T] = Cancel | Snooze | Record | T | None\n"
MENDED = 'from typing import TypeVar  # noqa\nT_ = TypeVar("T_")\nResult = Cancel | Snooze | Record | T_ | None\n'


def peers_python() -> Path:
    """Return the Python that has the peers; raises `CalledProcessError` if they cannot be installed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    named = hashlib.sha256(PINS.read_bytes() + version.encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"equeue-bench-peers-{named}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing the peers into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, timeout=120)
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--ignore-requires-python", "-r", PINS]
        subprocess.run([python, *install], check=True, timeout=600, stderr=subprocess.DEVNULL)
        _mend_oban(folder)
        (folder / "complete").touch()
    return python


def _mend_oban(folder: Path) -> None:
    """Rewrite the one line of oban that needs Python 3.12, a type alias that nothing evaluates."""
    if sys.version_info >= (3, 12):
        return
    (module,) = folder.glob("lib/python3*/site-packages/oban/job.py")
    module.write_text(module.read_text().replace(GENERIC_ALIAS, MENDED))
