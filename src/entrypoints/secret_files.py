"""Secrets that come as files: for each variable that may hold one, NAME_FILE names the file in which it stands."""

from collections.abc import Collection, Mapping
from pathlib import Path

FILE = "_FILE"
LARGEST = 64 * 1024


class Unreadable(Exception):
    """A file that should hold a secret does not: `name` is the variable that names it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name
        self.why = why


def from_files(values: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return what stands in the files that `values` name for `names`, white space around it left off.

    Raises `Unreadable` for a file that cannot be read or is empty, and for a variable that is there itself too.
    """
    return {name: _content(values, name) for name in names if values.get(name + FILE)}


def _content(values: Mapping[str, str], name: str) -> str:
    if values.get(name):
        raise Unreadable(name + FILE, f"is set beside {name}")
    try:
        with Path(values[name + FILE]).open(encoding="utf-8") as file:
            content = file.read(LARGEST).strip()
    except (OSError, UnicodeDecodeError) as refused:
        reason = getattr(refused, "strerror", None) or "it is no text"
        raise Unreadable(name + FILE, f"names a file that cannot be read: {reason}") from refused
    if not content:
        raise Unreadable(name + FILE, "names an empty file")
    return content
