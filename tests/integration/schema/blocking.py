"""Judges the SQL of a migration: what would block a busy table needs a written reason.

What is known to be harmless is listed; anything else that touches what existed before needs a comment
`-- blocking: why this is all right` inside the statement.
"""

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1|;|[^;'"$/-]+|.""", re.DOTALL | re.VERBOSE
)
_NAME = r"([a-z_0-9.]+)"
_CREATED = re.compile(rf"create (?:table|type|domain|function|sequence|view) (?:if not exists )?{_NAME}")
_OBJECT = re.compile(
    r"(?:alter table (?:only )?(?:if exists )?|alter (?:type|domain) |^create (?:unique )?index .*? on (?:only )?)"
    + _NAME
)
_CONCURRENT = (r"create (unique )?index concurrently if not exists ", r"drop index concurrently if exists ")
_PATIENCE = "set lock_timeout = 0"
_CONSTANT = r"(?:null|true|false|-?\d+(?:\.\d+)?|'[^']*'(?:::[\w.]+)?|now\(\))"
# No type of our own: a column of a domain with a rule makes PostgreSQL rewrite the table.
_TYPE = r"(?:double precision|\w+(?:\(\d+(?:, ?\d+)?\))?(?:\[\])?)"
_COLUMN = rf"add (?:column )?(?:if not exists )?(?!constraint )\w+ {_TYPE}(?: null| default {_CONSTANT}(?: not null)?)?"
_HARMLESS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(begin|commit)$",
        r"create (schema|type|domain|table|sequence|view) ",
        r"create (or replace )?function ",
        *_CONCURRENT,
        rf"alter table {_NAME} {_COLUMN}(?:, {_COLUMN})*$",
        rf"alter table {_NAME} add constraint \w+ (check|foreign key) .* not valid$",
        rf"alter table {_NAME} add constraint \w+ (unique|primary key) using index \w+$",
        rf"alter table {_NAME} validate constraint \w+$",
        rf"alter table {_NAME} set \([\w. =,]+\)$",
        rf"alter domain {_NAME} (add constraint \w+ check .* not valid|validate constraint \w+)$",
        rf"alter type {_NAME} add value (if not exists )?'",
        r"comment on ",
        r"(grant|revoke) ",
        rf"{_PATIENCE}$",
        r"(insert into|update) equeue\.schema_version ",
    )
)


def statements_of(script: str) -> Iterator[str]:
    """Yield the statements of a script, comments kept, in lower case with single spaces."""
    statement = ""
    for piece in _PIECE.finditer(script):
        if piece.group() == ";":
            yield from _worded(statement)
            statement = ""
        else:
            statement += piece.group()
    yield from _worded(statement)


def _worded(statement: str) -> Iterator[str]:
    if _bare(statement):
        yield statement.strip()


def _bare(statement: str) -> str:
    kept = (piece.group() for piece in _PIECE.finditer(statement) if not piece.group().startswith(("--", "/*")))
    return " ".join("".join(kept).lower().split())


def complaints(script: str) -> list[str]:
    """Return what in the SQL of one migration blocks, or would not survive being repeated after a kill."""
    statements = [(statement, _bare(statement)) for statement in statements_of(script)]
    created = {name for _, bare in statements for name in _CREATED.findall(bare)}
    found = [bare for statement, bare in statements if not (_harmless(bare, created) or "-- blocking: " in statement)]
    if any("concurrently" in bare for _, bare in statements):
        found += _unrepeatable([bare for _, bare in statements])
    return found


def _harmless(bare: str, created: set[str]) -> bool:
    touched = _OBJECT.search(bare)
    if touched is not None and touched.group(1) in created:
        return True
    return any(pattern.match(bare) for pattern in _HARMLESS)


def _unrepeatable(statements: list[str]) -> Iterator[str]:
    """An index built concurrently commits on its own: all else there must bear being done twice, and wait patiently."""
    book_keeping = re.compile(
        r"(begin|commit)$|create schema |(create table|insert into|update) equeue\.schema_version "
    )
    work = [bare for bare in statements if not book_keeping.match(bare)]
    if work[0] != _PATIENCE:
        yield f"start with '{_PATIENCE}', for a concurrent build waits for everybody"
    for bare in work[1:]:
        if not any(re.match(pattern, bare) for pattern in _CONCURRENT):
            yield f"move to a migration of its own: {bare}"
