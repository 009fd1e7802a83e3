"""Which JSON documents a database can hold, judged without one."""

import json
from decimal import Decimal
from typing import Any

from ...domain.ids import Json

MOST_DIGITS = 131_072
"""PostgreSQL's numbers have no more digits before the point."""


def storable(document: Json, most: int) -> bool:
    """Tell whether `document` is JSON without NUL, of sane text, numbers and depth, within `most` bytes.

    What counts are the bytes that PostgreSQL writes: a blank behind each comma and colon, numbers with all digits.
    """
    try:
        value = json.loads(document.decode(), parse_int=_number, parse_float=_number, parse_constant=_number)
        return _length(value) <= most
    except (ValueError, RecursionError):
        return False


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or number.adjusted() >= MOST_DIGITS:
        raise ValueError(f"no number that can be stored: {text:.20}")
    return number


def _length(value: Any) -> int:
    match value:
        case dict():
            return sum(_text(key) + 2 + _length(item) for key, item in value.items()) + _frame(len(value))
        case list():
            return sum(map(_length, value)) + _frame(len(value))
        case str():
            return _text(value)
        case Decimal():
            return len(f"{value:f}")
        case _:
            return len(json.dumps(value))


def _text(text: str) -> int:
    if "\x00" in text:
        raise ValueError("NUL cannot be stored")
    return len(json.dumps(text, ensure_ascii=False).encode())


def _frame(items: int) -> int:
    return 2 + 2 * max(items - 1, 0)
