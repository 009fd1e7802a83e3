"""What comes over the wire, byte by byte: whatever it is, the answer is a problem document and the server lives."""

import json
from typing import Any

import pytest
from tests.integration.http.conftest import Served
from tests.unit.http.hostile import HOSTILE

from equeue.entrypoints.http.problems import KINDS

CLOSE = b"host: localhost\r\nconnection: close\r\n"


def get(path: bytes, *headers: bytes) -> bytes:
    """Return a GET."""
    return b"GET " + path + b" HTTP/1.1\r\n" + CLOSE + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


def post(served: Served, content_type: bytes = b"application/json") -> bytes:
    """Return the head of an enqueue, without the length and the empty line."""
    key = b"authorization: Bearer " + served.key.encode()
    return b"POST /api/v1/jobs HTTP/1.1\r\n" + CLOSE + b"content-type: " + content_type + b"\r\n" + key


def parsed(answer: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return status, headers and body of the first answer in `answer`."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines)
    return int(status.split()[1]), headers, body[: int(headers[b"content-length"])]


def problem_in(answer: bytes) -> dict[str, Any]:
    """Assert that `answer` is one problem document and return it."""
    status, headers, body = parsed(answer)
    assert headers[b"content-type"] == b"application/problem+json"
    document: dict[str, Any] = json.loads(body)
    assert document["status"] == status == KINDS[document["code"]].status
    assert document["instance"] == headers[b"x-request-id"].decode()
    return document


async def lives(served: Served) -> bool:
    """Tell whether the server still answers."""
    return parsed(await served.exchange(get(b"/health/live")))[0] == 200


NO_HTTP = {
    "garbage": b"GARBAGE\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "NULs": b"\x00" * 100,
    "NUL in the path": b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    "unknown method": b"FETCH / HTTP/1.1\r\nhost: x\r\n\r\n",
    "lower-case method": b"get / HTTP/1.1\r\nhost: x\r\n\r\n",
    "negative length": b"POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
    "length that is none": b"POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 1e3\r\n\r\n",
    "two lengths": b"POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "length beyond counting": b"POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: " + b"9" * 40 + b"\r\n\r\n",
    "length and chunks": (
        b"POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "connect": b"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_no_http_gets_a_problem_document(served: Served, name: str) -> None:
    """400, or whatever fits what could still be read of it."""
    problem = problem_in(await served.exchange(NO_HTTP[name]))
    assert 400 <= problem["status"] < 500
    assert await lives(served)


PATHS = [
    b"/%00",
    b"/%ff",
    b"/%",
    b"/%zz",
    b"//",
    b"/..%2f..%2fetc/passwd",
    b"/../../etc/passwd",
    b"/docs/assets/../app.py",
    b"/docs/assets/..%2f..%2fapp.py",
    b"/docs/assets/%2e%2e",
    b"/api/v1/jobs/%00",
    b"/api/v1/tasks/%00",
    b"/api/v1/jobs/" + b"x" * 5_000,
    b"/problems/%3Cscript%3E",
    b"http://elsewhere.example/api/v1/jobs",
]


@pytest.mark.parametrize("path", PATHS)
async def test_odd_path_gets_a_problem_document(served: Served, path: bytes) -> None:
    """404 for all, or 401 where something might be; nothing outside the assets is ever served."""
    problem = problem_in(await served.exchange(get(path)))
    assert problem["code"] in {"not-found", "unauthenticated"}


async def test_odd_path_with_a_key_is_404(served: Served) -> None:
    """No odd path reaches the database."""
    key = b"authorization: Bearer " + served.key.encode()
    for path in PATHS[:-1]:
        assert problem_in(await served.exchange(get(path, key)))["code"] == "not-found"


@pytest.mark.parametrize("query", [b"a=%ff", b"%00=1", b"limit=%00", b"a=%", b"&" * 5_000 + b"a", b"=", b"status=\xff"])
async def test_odd_query_gets_a_problem_document(served: Served, query: bytes) -> None:
    """A query that is no text is refused."""
    key = b"authorization: Bearer " + served.key.encode()
    assert 400 <= problem_in(await served.exchange(get(b"/api/v1/jobs?" + query, key)))["status"] < 500


async def test_endless_head_is_refused(served: Served) -> None:
    """431 for headers that do not end, and for a path that does not."""
    for start in (b"GET / HTTP/1.1\r\nhost: x\r\nx: ", b"GET /"):
        answer = await served.exchange(start, *[b"a" * 60_000] * 10)
        assert problem_in(answer)["code"] == "head-too-large"
    assert await lives(served)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_body_over_the_wire(served: Served, name: str) -> None:
    """The corpus of bodies, each as it would come."""
    body, code = HOSTILE[name]
    head = post(served)
    answer = await served.exchange(head + b"\r\ncontent-length: %d\r\n\r\n" % len(body), body)
    assert problem_in(answer)["code"] == code
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    answer = await served.exchange(head + b"\r\ntransfer-encoding: chunked\r\n\r\n", chunked)
    assert problem_in(answer)["code"] == code


async def test_client_that_asks_first_is_not_invited_to_send_too_much(served: Served) -> None:
    """`Expect: 100-continue` with a length beyond the limit is answered with 413 at once."""
    head = post(served)
    answer = await served.exchange(head + b"\r\nexpect: 100-continue\r\ncontent-length: 999999999\r\n\r\n")
    assert problem_in(answer)["code"] == "body-too-large"


async def test_text_is_no_json(served: Served) -> None:
    """A body sent as text/plain is refused, however much it looks like JSON."""
    answer = await served.exchange(post(served, b"text/plain") + b'\r\ncontent-length: 12\r\n\r\n{"task":"a"}')
    assert problem_in(answer)["code"] == "unsupported-media-type"


async def test_body_that_ends_early_harms_nobody(served: Served) -> None:
    """A client that promises more than it sends and goes away is no error of ours."""
    head = post(served)
    await served.exchange(head + b'\r\ncontent-length: 100\r\n\r\n{"task":', cut=True)
    assert await lives(served)


async def test_length_that_tells_less_than_comes(served: Served) -> None:
    """What is told is the body, and what is left over is no request."""
    answer = await served.exchange(post(served) + b'\r\ncontent-length: 5\r\n\r\n{"task":"a"}')
    assert problem_in(answer)["code"] == "invalid-json"
    assert answer.count(b"HTTP/1.1 ") == 1
    assert await lives(served)


async def test_broken_chunks_are_refused(served: Served) -> None:
    """A chunk whose size is none is a 400."""
    head = post(served)
    answer = await served.exchange(head + b"\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    assert problem_in(answer)["code"] == "bad-request"


async def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    """Two requests in one packet get two answers."""
    first = b"GET /nope HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = await served.exchange(first + get(b"/health/live"))
    assert answer.index(b"404 Not Found") < answer.index(b"200 OK")


async def test_big_numbers_survive_the_wire(served: Served) -> None:
    """Digits in, the same digits out."""
    body = b'{"task":"a","payload":{"n":123456789012345678901234567890}}'
    head = post(served)
    status, _, answer = parsed(await served.exchange(head + b"\r\ncontent-length: %d\r\n\r\n" % len(body), body))
    assert status == 201
    assert b'"payload":{"n":123456789012345678901234567890}' in answer


async def test_after_all_that_the_log_is_clean(served: Served) -> None:
    """No request of this file was an error of the server, left a stray line, or wrote the key down."""
    assert await lives(served)
    entries = served.entries()
    assert [entry for entry in entries if entry.get("event") == "http.failed"] == []
    assert {entry["stray"] for entry in entries if "stray" in entry} <= {"Invalid HTTP request received."}
    assert served.key.split("_", 2)[2] not in "".join(served.log.read_text("utf-8").splitlines()[1:])
