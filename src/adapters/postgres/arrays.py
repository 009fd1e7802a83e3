"""Arrays of text, as PostgreSQL writes them."""

from collections.abc import Sequence


def array_text(texts: Sequence[str]) -> str:
    """Return texts as one array: as an array of arrays they would all have to have one length."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
