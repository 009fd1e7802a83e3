"""Which headers a job may send, and which of ours go with them."""

from datetime import timedelta

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equeue.adapters.http.headers import outgoing, received
from equeue.adapters.http.target import Target
from equeue.application.ports.outbound import OutboundRefused, OutboundRequest

TARGET = Target.of("http://example.com:8080/x")

FORBIDDEN = [
    "Host", "host", "Content-Length", "Content_Length", "Transfer-Encoding", "transfer_encoding", "Connection",
    "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Accept-Encoding", "Proxy-Authorization", "Proxy-Connection",
    "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X_Forwarded_Proto", "X-Real-IP", "Metadata",
    "Metadata-Flavor", "X-Google-Metadata-Request", "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds",
    "X-Metadata-Token", "X-Identity-Header", "HTTP2-Settings",
]  # fmt: skip


def request(*headers: tuple[str, str], method: str = "POST", body: bytes | None = None) -> OutboundRequest:
    """Return a request with these headers."""
    return OutboundRequest(
        method=method, url="http://example.com:8080/x", headers=headers, body=body, deadline=timedelta(seconds=1)
    )


def test_ours_frame_the_message() -> None:
    """Host, length, closing and identity encoding are set by us, on every request."""
    sent = dict(outgoing(TARGET, request(("X-Mine", "1"), body=b"abc")))
    assert sent == {
        b"Host": b"example.com:8080",
        b"Connection": b"close",
        b"Accept-Encoding": b"identity",
        b"Accept": b"*/*",
        b"User-Agent": b"eQueue",
        b"Content-Length": b"3",
        b"X-Mine": b"1",
    }


def test_a_job_may_name_its_own_agent_and_taste() -> None:
    """User-Agent and Accept are only defaults."""
    sent = outgoing(TARGET, request(("user-agent", "me"), ("ACCEPT", "text/csv"), method="GET"))
    assert [value for name, value in sent if name.lower() in (b"user-agent", b"accept")] == [b"me", b"text/csv"]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_frame_and_metadata_headers_are_refused(name: str) -> None:
    """What frames the message, names its way or opens a metadata service is not a job's to set."""
    with pytest.raises(OutboundRefused, match="may not be set"):
        outgoing(TARGET, request((name, "x")))


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\x00", " a", "a ", "\ta", "ü", "a\u2028b", "\x7f"])
def test_a_value_cannot_break_out_of_its_line(value: str) -> None:
    """Line ends, controls, outer blanks and non-ASCII are refused, without repeating the value."""
    with pytest.raises(OutboundRefused) as refused:
        outgoing(TARGET, request(("X-Mine", value)))
    assert repr(value)[1:-1] not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "ü", "a\x00", "x" * 129, "(a)"])
def test_a_name_is_a_token(name: str) -> None:
    """No name can open a second line."""
    with pytest.raises(OutboundRefused):
        outgoing(TARGET, request((name, "x")))


def test_headers_are_bounded() -> None:
    """Neither many nor long headers go out."""
    with pytest.raises(OutboundRefused):
        outgoing(TARGET, request(*((f"x-{n}", "") for n in range(65))))
    with pytest.raises(OutboundRefused):
        outgoing(TARGET, request(("x", "y" * 16_384)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=3))
def test_what_passes_is_one_request_on_the_wire(headers: list[tuple[str, str]]) -> None:
    """Headers that are not refused are taken as they are by an HTTP parser on the other side."""
    try:
        sent = outgoing(TARGET, request(*headers, method="GET"))
    except OutboundRefused:
        return
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    server.receive_data(client.send(h11.Request(method="GET", target="/", headers=sent)) or b"")
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert list(event.headers) == [(name.lower(), value) for name, value in sent]


def test_repeated_headers_of_an_answer_are_joined() -> None:
    """An answer's headers come by lower-case name, none lost."""
    assert received([(b"A", b"1"), (b"a", b"2"), (b"B", b"\xe9")]) == {"a": "1, 2", "b": "é"}
