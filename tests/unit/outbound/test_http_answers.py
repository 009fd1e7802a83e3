"""What of a stranger's answer is kept, and how long it may ask to be left alone."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equeue.adapters.codec import encode
from equeue.application.http_answers import HttpResult, readable, retry_after
from equeue.application.ports.outbound import OutboundResponse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CAP = timedelta(hours=1)


def answer(body: bytes = b"", *, status: int = 200, truncated: bool = False, **headers: str) -> OutboundResponse:
    """Return an answer with this body; headers are named as Python allows."""
    return OutboundResponse(
        origin="http://example.com",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
        truncated=truncated,
        elapsed=timedelta(seconds=0.25),
    )


@pytest.mark.parametrize(
    ("wish", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("3600", CAP),
        ("3601", CAP),
        ("99999999999999999999", CAP),
        (format_datetime(NOW + timedelta(seconds=90)), timedelta(seconds=90)),
        ("Sun, 22 Nov 2026 12:01:00 GMT", timedelta(seconds=60)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", CAP),
        ("Fri, 31 Dec 9999 23:59:59 -1200", CAP),
    ],
)
def test_retry_after_is_honoured_up_to_the_cap(wish: str, wait: timedelta) -> None:
    """Seconds and dates are understood, and no target parks a job for longer than the cap."""
    assert retry_after(answer(retry_after=wish), NOW, CAP) == wait


@pytest.mark.parametrize(
    "wish",
    ["", "0", "-1", "+5", "1.5", "1e9", "NaN", "inf", "0x10", "１２", "soon", "9" * 400, "120, 60",
     "Sun, 22 Nov 2026 11:59:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Sun, 99 Nov 2026 12:00:00 GMT",
     "Sun, 22 Nov 0000 12:00:00 GMT", "Sun, 22 Nov 99999999 12:00:00 GMT", "\x00"],
)  # fmt: skip
def test_an_absurd_retry_after_is_no_wish(wish: str) -> None:
    """Nonsense, the past and zero leave the wait to the job's own backoff."""
    assert retry_after(answer(retry_after=wish), NOW, CAP) is None


@settings(deadline=None)
@given(st.text())
def test_no_retry_after_does_harm(wish: str) -> None:
    """Whatever a target writes there, the wait is none or within the cap."""
    wait = retry_after(answer(retry_after=wish), NOW, CAP)
    assert wait is None or timedelta(0) < wait <= CAP


@pytest.mark.parametrize(
    ("content_type", "body", "kept"),
    [
        ("application/json", b'{"a": [1, 2.5, null, "\xc3\xa9"]}', ({"a": [1, 2.5, None, "é"]}, "json")),
        ("application/problem+json; charset=utf-8", b"[]", ([], "json")),
        ("APPLICATION/JSON", b"123456789012345678901234567890", (123456789012345678901234567890, "json")),
        ("application/json", b"null", (None, "json")),
        ("application/json", b"", (None, "none")),
        ("text/plain", b"hello\r\n\tyou", ("hello\r\n\tyou", "text")),
        ("text/html; charset=ISO-8859-1", b"caf\xe9", ("café", "text")),
        ("text/html; charset=windows-1252", b"\x80", ("€", "text")),
        ("text/html; charset=utf-7", b"+ADw-", ("+ADw-", "text")),
        ("", b"{}", ("{}", "text")),
        ("application/octet-stream", b"\xff\xfe", ("//4=", "base64")),
        ("text/plain", b"a\x00b", ("YQBi", "base64")),
        ("text/plain", b"\x1b[31mred", ("G1szMW1yZWQ=", "base64")),
    ],
)
def test_a_body_is_kept_as_what_it_is(content_type: str, body: bytes, kept: tuple[object, str]) -> None:
    """JSON as JSON, text as text, everything else unharmed in base64."""
    assert readable(answer(body, content_type=content_type)) == kept


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'a': 1}", b"NaN", b"[Infinity]", b"1e400", b"[-1e999]", b'"\\u0000"', b'{"a\\u0000": 1}', b'"\\ud800"',
     b'{"\\udfff": 1}', b"[" * 65 + b"]" * 65, b"[" * 100_000, b"[" * 50_000 + b"]" * 50_000, b"1" * 5_000],
    ids=lambda body: body[:16].decode(),
)  # fmt: skip
def test_json_that_cannot_be_stored_is_kept_as_text(body: bytes) -> None:
    """What is not JSON, or nothing that the database could hold, stays exactly as it came."""
    assert readable(answer(body, content_type="application/json")) == (body.decode(), "text")


def test_a_compressed_body_is_not_inflated() -> None:
    """Nobody asked for compression; what comes compressed nevertheless is kept so."""
    kept = readable(answer(b"\x1f\x8b", content_encoding="gzip", content_type="application/json"))
    assert kept == ("H4s=", "base64")


def test_a_truncated_body_is_never_json() -> None:
    """A piece of a document is text even where it happens to parse; a character cut in two is left out."""
    assert readable(answer(b"12", truncated=True, content_type="application/json")) == ("12", "text")
    assert readable(answer(b"ab\xc3", truncated=True, content_type="text/plain")) == ("ab", "text")


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/plain", "text/html; charset=latin-1", "x"]))
def test_every_answer_becomes_a_result_that_can_be_stored(body: bytes, content_type: str) -> None:
    """No body and no header of a target makes a good job fail when its result is written down."""
    kept = HttpResult.of(answer(body, content_type=content_type))
    assert json.loads(encode(kept))["status"] == 200


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_every_json_answer_becomes_a_result_that_can_be_stored(value: object) -> None:
    """Also where the body is a JSON document of any kind."""
    kept = HttpResult.of(answer(json.dumps(value).encode(), content_type="application/json"))
    assert json.loads(encode(kept))["body_format"] in ("json", "text")


@pytest.mark.parametrize("unit", [b"\x01", b'"', b"\xff", b"\n", b"\xc3\xa9", b"\x7f"])
def test_a_full_body_fits_into_a_result(unit: bytes) -> None:
    """The largest body that is kept has less than a MiB as JSON, whatever it is made of."""
    kept = HttpResult.of(answer((unit * 262_144)[:262_144], content_type="text/plain", truncated=True))
    assert len(encode(kept)) < 1_048_576


def test_a_full_json_body_fits_into_a_result() -> None:
    """Also where numbers grow by being written out."""
    body = b"[" + b",".join([b"9e15"] * 52_428) + b"]"
    kept = HttpResult.of(answer(body, content_type="application/json"))
    assert kept.body_format == "json"
    assert len(encode(kept)) < 1_048_576


def test_a_result_keeps_few_headers() -> None:
    """Known and harmless headers are kept, shortened; cookies are not."""
    kept = HttpResult.of(answer(etag="x" * 5_000, set_cookie="session=1", x_request_id="r", www_authenticate="Basic"))
    assert kept.headers == {"etag": "x" * 1_024, "x-request-id": "r"}
    assert kept.elapsed_s == 0.25
