"""What `http.request` sends, and what becomes of the job."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest
import structlog
from tests.builders import NOON, a_claim, seconds

from equeue.adapters.codec import MsgspecCodec
from equeue.application.binding import bind
from equeue.application.builtin import builtin_tasks
from equeue.application.context import Context
from equeue.application.failures import failure
from equeue.application.http_answers import HttpResult
from equeue.application.ports.outbound import OutboundFailed, OutboundRefused, OutboundRequest, OutboundResponse
from equeue.application.verdicts import Discard, Retry
from equeue.domain.errors import PayloadInvalid
from equeue.domain.lease import Claim, Fence

CODEC = MsgspecCodec()
URL = "https://api.example/v1/orders?key=Que1ryS3cret"
SECRET = "Bearer t0p-53cret-token"


class NoonClock:
    """It is always noon."""

    def now(self) -> Any:
        return NOON

    def monotonic(self) -> float:
        return 0.0


@attrs.define
class Outside:
    """The outside world: it remembers what was asked and answers as it was told to."""

    answers: Callable[[OutboundRequest], OutboundResponse]
    asked: list[OutboundRequest] = attrs.field(factory=list)

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        self.asked.append(request)
        return self.answers(request)


def answering(status: int, body: str = "", **headers: str) -> Outside:
    """Return an outside that always gives this answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Outside(
        lambda _: OutboundResponse(
            origin="https://api.example",
            status=status,
            headers=named,
            body=body.encode(),
            truncated=False,
            elapsed=timedelta(seconds=0.1),
        )
    )


def failing(trouble: Exception) -> Outside:
    """Return an outside that never answers."""

    def answers(_: OutboundRequest) -> OutboundResponse:
        raise trouble

    return Outside(answers)


async def run(outside: Outside, payload: bytes, claim: Claim | None = None) -> HttpResult:
    """Run the task as a worker does: the payload through its signature, the handler with a context."""
    bound = bind(builtin_tasks(outside, NoonClock())["http.request"], CODEC)
    context = Context(claim or a_claim(), CODEC.encode, structlog.get_logger())
    result: HttpResult = await bound.call(context, bound.signature.arguments(payload))
    return result


async def test_2xx_is_success() -> None:
    """A good answer becomes the job's result."""
    outside = answering(201, '{"id": 7}', content_type="application/json", set_cookie="s=1")
    result = await run(outside, b'{"url": "https://api.example/"}')
    assert (result.status, result.body, result.body_format) == (201, {"id": 7}, "json")
    assert dict(result.headers) == {"content-type": "application/json"}


async def test_the_same_key_and_a_growing_fence_go_with_every_attempt() -> None:
    """A target can recognise a repeated request by its key, and a late one by its fence."""
    outside = answering(200)
    first = a_claim()
    second = attrs.evolve(first, fence=Fence(first.job_id, 2), attempt=2)
    for claim in (first, second):
        await run(outside, b'{"url": "https://api.example/"}', claim)
    sent = [dict(request.headers) for request in outside.asked]
    assert [headers["Idempotency-Key"] for headers in sent] == [str(first.job_id)] * 2
    assert [headers["Equeue-Fence"] for headers in sent] == [f"{first.job_id}:1", f"{first.job_id}:2"]


async def test_a_caller_may_bring_its_own_key() -> None:
    """A business key, for one that several jobs share, takes the place of the job's id."""
    outside = answering(200)
    await run(outside, b'{"url": "u", "headers": {"idempotency-key": "order-7"}}')
    assert [value for name, value in outside.asked[0].headers if name.lower() == "idempotency-key"] == ["order-7"]


async def test_the_jobs_trace_goes_on() -> None:
    """As it came, unless the caller names another; what is no W3C trace context is not sent."""
    trace, other = f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-00"
    outside = answering(200)
    await run(outside, b'{"url": "u"}', a_claim(traceparent=trace))
    await run(outside, b'{"url": "u", "headers": {"Traceparent": "%s"}}' % other.encode(), a_claim(traceparent=trace))
    await run(outside, b'{"url": "u"}', a_claim(traceparent="a\nb"))
    sent = [[value for name, value in each.headers if name.lower() == "traceparent"] for each in outside.asked]
    assert sent == [[trace], [other], []]


@pytest.mark.parametrize("name", ["Equeue-Fence", "equeue-fence", "EQUEUE_FENCE", "Equeue-Anything"])
async def test_the_fence_cannot_be_forged(name: str) -> None:
    """A payload that brings its own fence is given up, and nothing is sent."""
    outside = answering(200)
    with pytest.raises(Discard):
        await run(outside, b'{"url": "u", "headers": {"%s": "1"}}' % name.encode())
    assert outside.asked == []


@pytest.mark.parametrize(
    ("body", "sent", "content_type"),
    [
        (b"null", None, None),
        (b'"plain t\xc3\xa9xt"', "plain téxt".encode(), "text/plain; charset=utf-8"),
        (b'""', b"", "text/plain; charset=utf-8"),
        (b'{"a": [1, "\xc3\xa9", null]}', '{"a":[1,"é",null]}'.encode(), "application/json"),
        (b"[]", b"[]", "application/json"),
        (b"0", b"0", "application/json"),
        (b"false", b"false", "application/json"),
    ],
)
async def test_text_goes_out_as_it_is_and_the_rest_as_json(
    body: bytes, sent: bytes | None, content_type: str | None
) -> None:
    """The body's type says how it is sent."""
    outside = answering(200)
    await run(outside, b'{"url": "u", "method": "POST", "body": %s}' % body)
    assert outside.asked[0].body == sent
    assert dict(outside.asked[0].headers).get("Content-Type") == content_type


async def test_a_caller_may_name_the_content_type() -> None:
    """JSON that the caller wrote itself is sent as text under its own type."""
    outside = answering(200)
    await run(outside, b'{"url": "u", "method": "PUT", "body": "<a/>", "headers": {"content-type": "application/xml"}}')
    types = [value for name, value in outside.asked[0].headers if name.lower() == "content-type"]
    assert types == ["application/xml"]


@pytest.mark.parametrize(
    ("timeout_s", "job_timeout", "deadline"),
    [(None, 300, 30), (60, 300, 60), (600, 300, 270), (None, 10, 9), (1e300, 86_400, 77_760), (0.5, 300, 0.5)],
)
async def test_the_deadline_lies_within_the_jobs_timeout(
    timeout_s: float | None, job_timeout: float, deadline: float
) -> None:
    """The request ends early enough for its end to be told, whatever was wished for."""
    outside = answering(200)
    claim = a_claim(timeout=seconds(job_timeout))
    wish = b"null" if timeout_s is None else str(timeout_s).encode()
    await run(outside, b'{"url": "u", "timeout_s": %s}' % wish, claim)
    assert outside.asked[0].deadline == seconds(deadline)


@pytest.mark.parametrize(
    "wrong", [b'"timeout_s": 0', b'"timeout_s": -1', b'"body": 1', b'"method": "HEAD", "body": "x"']
)
async def test_a_senseless_request_is_given_up(wrong: bytes) -> None:
    """No time, or a body on a method that has none: nothing is sent, and no retry would help."""
    outside = answering(200)
    with pytest.raises(Discard):
        await run(outside, b'{"url": "u", %s}' % wrong)
    assert outside.asked == []


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b'{"url": 1}',
        b'{"url": "u", "method": "TRACE"}',
        b'{"url": "u", "method": "CONNECT"}',
        b'{"url": "u", "method": "get"}',
        b'{"url": "u", "method": "GET / HTTP/1.1\\r\\n"}',
        b'{"url": "u", "headers": []}',
        b'{"url": "u", "headers": {"a": 1}}',
        b'{"url": "u", "follow_redirects": true}',
        b'{"url": "u", "verify": false}',
    ],
)
async def test_a_payload_must_fit_the_signature(payload: bytes) -> None:
    """Unknown fields and methods are refused before the task runs."""
    with pytest.raises(PayloadInvalid):
        await run(answering(200), payload)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 529, 599])
async def test_a_target_in_trouble_is_tried_again(status: int) -> None:
    """What may pass costs a retry; without a wish of the target's the job's own backoff applies."""
    with pytest.raises(Retry) as again:
        await run(answering(status), b'{"url": "https://api.example/", "method": "POST"}')
    assert again.value.after is None
    assert str(again.value) == f"POST https://api.example answered {status}"


async def test_a_targets_wish_is_honoured() -> None:
    """`Retry-After` says when."""
    with pytest.raises(Retry) as again:
        await run(answering(503, retry_after="17"), b'{"url": "u"}')
    assert again.value.after == timedelta(seconds=17)


@pytest.mark.parametrize(
    "status", [101, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 422, 451, 600, 999]
)
async def test_anything_else_is_given_up(status: int) -> None:
    """Redirects are not followed and refusals do not pass by being repeated."""
    with pytest.raises(Discard) as hopeless:
        await run(answering(status, location="http://127.0.0.1/", retry_after="5"), b'{"url": "https://api.example/"}')
    assert f"answered {status}" in str(hopeless.value)


async def test_a_refusal_of_the_guard_is_given_up() -> None:
    """What may not be called now may not be called later."""
    with pytest.raises(Discard, match="its address is not public"):
        await run(failing(OutboundRefused("10.0.0.1:80: its address is not public (private)")), b'{"url": "u"}')


async def test_connection_trouble_is_tried_again() -> None:
    """No answer is no answer yet."""
    with pytest.raises(Retry, match="no complete answer"):
        await run(failing(OutboundFailed("https://api.example: no complete answer within 30 s")), b'{"url": "u"}')


ECHOES = [
    lambda request: str(dict(request.headers)),
    lambda request: "unknown token " + request.headers[0][1].split()[-1],
    lambda request: "no route " + request.url,
    lambda request: "x" * 285 + request.headers[0][1],
    lambda request: "\n".join(f"{name}:\t{value}" for name, value in request.headers),
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [401, 503])
@pytest.mark.parametrize("truncated", [False, True])
async def test_no_secret_of_the_request_comes_back_in_an_error(
    echo: Callable[[OutboundRequest], str],
    status: int,
    truncated: bool,  # noqa: FBT001
) -> None:
    """What a target echoes of headers and URL is blotted out, also where the excerpt ends within it."""

    def answers(request: OutboundRequest) -> OutboundResponse:
        body = echo(request).encode()
        return OutboundResponse(
            origin="https://api.example",
            status=status,
            headers={},
            body=body[:-4] if truncated else body,
            truncated=truncated,
            elapsed=timedelta(0),
        )

    payload = b'{"url": "%s", "headers": {"Authorization": "%s"}}' % (URL.encode(), SECRET.encode())
    with pytest.raises((Retry, Discard)) as told:
        await run(Outside(answers), payload)
    kept = failure(told.value)
    for secret in ("t0p-53cret", "Que1ry"):
        assert secret not in kept.message
        assert secret not in kept.traceback


async def test_an_error_tells_what_the_target_said() -> None:
    """A dead letter can be understood: the beginning of the body is part of its error, on one line."""
    outside = answering(422, '{"error":\n "no such  currency \x1b[31m"}' + "x" * 1_000, content_type="application/json")
    with pytest.raises(Discard) as hopeless:
        await run(outside, b'{"url": "https://api.example/"}')
    assert str(hopeless.value).startswith('GET https://api.example answered 422: {"error": "no such currency [31m"}xxx')
    assert len(str(hopeless.value)) < 400
