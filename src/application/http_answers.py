"""What a stranger's HTTP answer means for a job: a result to keep, another try, or none."""

import base64
import codecs
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NoReturn, TypeAlias

import attrs

from .ports.outbound import OutboundResponse

TRY_AGAIN = frozenset({408, 425, 429})
HEADER_CHARS = 1_024
EXCERPT_CHARS = 300
NESTING = 64

KEPT_HEADERS = (
    *("content-type", "content-length", "content-encoding", "location", "retry-after", "etag", "last-modified"),
    *("date", "server", "link", "request-id", "x-request-id", "x-correlation-id", "idempotency-replayed"),
)
"""The headers a result keeps. Cookies and challenges are not among them: results are shown to people."""

_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_SECONDS = re.compile(r"[0-9]{1,20}", re.ASCII)

BodyFormat: TypeAlias = Literal["json", "text", "base64", "none"]


@attrs.frozen(kw_only=True)
class HttpResult:
    """What an `http.request` job leaves behind.

    `body_format` says what `body` is: a JSON value, text, bytes in base64, or nothing. `truncated` says that the
    answer was longer than what is kept.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    body_format: BodyFormat
    truncated: bool
    elapsed_s: float

    @classmethod
    def of(cls, response: OutboundResponse) -> "HttpResult":
        """Return what is kept of a good answer."""
        body, body_format = readable(response)
        return cls(
            status=response.status,
            headers={name: response.headers[name][:HEADER_CHARS] for name in KEPT_HEADERS if name in response.headers},
            body=body,
            body_format=body_format,
            truncated=response.truncated,
            elapsed_s=round(response.elapsed.total_seconds(), 6),
        )


def is_success(status: int) -> bool:
    """Tell whether the target did what was asked. A redirect is not: nobody followed it."""
    return 200 <= status < 300


def is_passing(status: int) -> bool:
    """Tell whether the same request may well succeed later."""
    return status in TRY_AGAIN or 500 <= status < 600


def retry_after(response: OutboundResponse, now: datetime, cap: timedelta) -> timedelta | None:
    """Return how long the target asks to be left alone, at most `cap`; `None` if it did not say, or nonsense.

    A wait of nothing or less is no wish either: the job's own backoff is kinder to both sides.
    """
    wish = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(wish) if _SECONDS.fullmatch(wish) else _until(wish, now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return timedelta(seconds=min(seconds, cap.total_seconds())) if seconds > 0 else None


def readable(response: OutboundResponse) -> tuple[Any, BodyFormat]:
    """Return the body as JSON if it is and the database can hold it, else as text if it is, else in base64.

    Text with control characters is not text: it would grow sixfold as JSON and speak to terminals.
    """
    if not response.body:
        return None, "none"
    text = _text(response)
    if text is None or _CONTROLS.search(text):
        return base64.b64encode(response.body).decode("ascii"), "base64"
    if _is_json(response) and not response.truncated:
        try:
            return _json(text), "json"
        except (ValueError, RecursionError):
            return text, "text"
    return text, "text"


def excerpt(response: OutboundResponse, secrets: Sequence[str]) -> str:
    """Return the beginning of the body on one line, for people, without `secrets`, of which the longest is first."""
    text = _text(response) or ""
    if response.truncated and secrets:
        # The cut may lie within a secret, whose beginning nobody would recognise.
        text = text[: -len(secrets[0])]
    for secret in secrets:
        text = text.replace(secret, "…")
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:EXCERPT_CHARS]


def _until(date: str, now: datetime) -> timedelta:
    instant = parsedate_to_datetime(date)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now


def _text(response: OutboundResponse) -> str | None:
    if response.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        return None
    charset = _parameter(response.headers.get("content-type", ""), "charset")
    try:
        # Incremental, because a truncated body may end within a character.
        decoder = codecs.getincrementaldecoder(charset if charset in _CHARSETS else "utf-8")()
        return decoder.decode(response.body, final=not response.truncated)
    except UnicodeDecodeError:
        return None


def _is_json(response: OutboundResponse) -> bool:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _parameter(content_type: str, name: str) -> str:
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return ""


def _json(text: str) -> Any:
    """Return the value of `text`, or raise `ValueError` for one that is not JSON or that jsonb cannot hold."""
    value = json.loads(text, parse_float=_finite, parse_constant=_no_number)
    level = [value]
    for _ in range(NESTING):
        if not level:
            return value
        level = [inner for outer in level for inner in _parts(outer)]
    raise ValueError("nested too deeply")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
        if "\x00" in value:
            raise ValueError("NUL cannot be stored")
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("beyond a double")
    return number


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
