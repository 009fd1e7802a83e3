"""How answers are written: a table for people, JSON for programs, ids for pipes."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from ..terminal import wants_colour

Format: TypeAlias = Literal["table", "json", "jsonl", "id"]
Document: TypeAlias = Mapping[str, Any]

WIDEST = 60


def chosen(format: Format | None) -> Format:
    """Return the format asked for, else what suits where the output goes."""
    return format or ("table" if sys.stdout.isatty() else "jsonl")


def write_all(documents: Iterable[Document], columns: Sequence[str], format: Format | None) -> None:
    """Write a set of documents; `columns` are those of the table."""
    match chosen(format):
        case "table":
            _table([[_cell(document.get(name)) for name in columns] for document in documents], columns)
        case "json":
            print(json.dumps(list(documents), indent=2, ensure_ascii=False))
        case "jsonl":
            for document in documents:
                print(json.dumps(document, ensure_ascii=False), flush=True)
        case "id":
            for document in documents:
                print(document["id"], flush=True)


def write_one(document: Document, format: Format | None) -> None:
    """Write one document whole; as a table it is a list of its members."""
    match chosen(format):
        case "table":
            width = max(map(len, document))
            for name, value in document.items():
                if value not in (None, [], ""):
                    print(f"{bold(f'{name:<{width}}')}  {plain(value)}")
        case "json":
            print(json.dumps(document, indent=2, ensure_ascii=False))
        case _:
            write_all([document], (), format)


def _table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    print(bold("  ".join(f"{name.upper():<{width}}" for name, width in zip(columns, widths, strict=True)).rstrip()))
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    text = " ".join(plain(value).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def plain(value: Any) -> str:
    """Return `value` for a terminal: no control character of anybody's gets through."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def bold(text: str) -> str:
    """Return `text` so that it stands out on a terminal that shows it."""
    return f"\x1b[1m{text}\x1b[0m" if wants_colour(sys.stdout) else text
