"""Which URLs are understood, and in what one form they are used."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equeue.adapters.http.target import Endpoint, Target, endpoints
from equeue.application.ports.outbound import OutboundRefused

UNDERSTOOD = {
    "http://example.com": ("http", "example.com", 80, b"/"),
    "https://example.com": ("https", "example.com", 443, b"/"),
    "HTTPS://Example.COM:8443/Path?q=1#fragment": ("https", "example.com", 8443, b"/Path?q=1"),
    "http://example.com?q": ("http", "example.com", 80, b"/?q"),
    "http://example.com./x": ("http", "example.com", 80, b"/x"),
    "http://bücher.example/ü?ö=ß": ("http", "xn--bcher-kva.example", 80, b"/%C3%BC?%C3%B6=%C3%9F"),
    "http://my_service:8080/a/../b": ("http", "my_service", 8080, b"/b"),
    "http://127.0.0.1:8000/": ("http", "127.0.0.1", 8000, b"/"),
    "http://[0:0::1]:8000/": ("http", "::1", 8000, b"/"),
    "http://127。0。0。1/": ("http", "127.0.0.1", 80, b"/"),
}

REFUSED = [
    "", "example.com", "//example.com/", "/path", "http:example.com", "http:/example.com", "http:///example.com",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "ws://example.com/", "data:text/plain,x",
    "javascript:alert(1)", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "unix:///var/run/docker.sock",
    "http://user@example.com/", "http://user:secret@example.com/", "http://@example.com/", "http://:@example.com/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/",
    "http:\\\\example.com/", "http://exam ple.com/", " http://example.com/", "http://example.com/ x",
    "http://example.com/\r\nX: y", "http://example.com/\x00", "http://exa\tmple.com/", "http://example.com\n/",
    "http://ex%61mple.com/", "http://%31%32%37.0.0.1/", "http://[::1%25lo]/", "http://[::1%lo]/", "http://[::1/",
    "http://::1/", "http://[]/", "http://[example.com]/", "http://[127.0.0.1]/", "http://[::1]x/",
    "http://example.com:/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:99999/",
    "http://example.com:-1/", "http://example.com:+80/", "http://example.com:8_0/", "http://example.com:٨٠/",
    "http://example.com: 80/", "http://example.com:80:80/", "http://a..b/", "http://.example.com/", "http://-a-/",
    "http://./", "http://../", "http://example.com../", "http://*/", "http://a,b/", "http://a;b/", "http://a'b/",
    "http://127.1/", "http://0/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.0x1/", "http://127.0.0.1.1/", "http://1.2.3/", "http://256.0.0.1/", "http://0x/", "http://a.0x1f/",
    "http://①②⑦.0.0.1/", "http://ⓛocalhost/", "http://١٢٧.0.0.1/", "http://exa\u00admple.com/",
    "http://" + "a" * 64 + "/",
    "http://" + "a." * 127 + "com/", "http://example.com/" + "a" * 8_192, "http://\ud800.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", UNDERSTOOD)
def test_a_url_is_used_in_one_form(url: str) -> None:
    """Scheme, host, port and path come out canonical, whatever the spelling."""
    target = Target.of(url)
    assert (target.scheme, target.endpoint.host, target.endpoint.port, target.path) == UNDERSTOOD[url]


@pytest.mark.parametrize("url", REFUSED, ids=lambda url: ascii(url)[:60])
def test_a_url_that_two_parsers_may_read_differently_is_refused(url: str) -> None:
    """Credentials, escapes, zones, blanks, odd ports and odd spellings of addresses are no URL here."""
    with pytest.raises(OutboundRefused):
        Target.of(url)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text().map("http://".__add__), st.text().map("https://[".__add__)))
def test_no_text_does_anything_but_pass_or_be_refused(url: str) -> None:
    """Whatever is sent for a URL, the answer is a target that can be written down, or a refusal."""
    try:
        target = Target.of(url)
    except OutboundRefused:
        return
    target.authority.encode("ascii")
    assert target.path.startswith(b"/")
    assert 1 <= target.endpoint.port <= 65_535
    again = Target.of(f"{target.origin}{target.path.decode()}")
    assert again == target


def test_what_is_shown_of_a_url_holds_no_secret() -> None:
    """Paths and queries are left out of `repr` and `origin`; hooks keep their secrets there."""
    target = Target.of("https://hooks.example/services/T0K3N?sig=53CR3T#x")
    assert target.origin == "https://hooks.example"
    assert not any(secret in repr(target) for secret in ("T0K3N", "53CR3T"))


def test_refusals_do_not_repeat_the_url() -> None:
    """A refused URL may hold a password, and errors are stored and shown."""
    with pytest.raises(OutboundRefused) as refused:
        Target.of("http://me:53CR3T@example.com/")
    assert "53CR3T" not in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ([], set()),
        (["", "  "], set()),
        (["127.0.0.1:8000"], {Endpoint("127.0.0.1", 8000)}),
        ([" API.internal:8443 ", "[::1]:80"], {Endpoint("api.internal", 8443), Endpoint("::1", 80)}),
    ],
)
def test_allowed_endpoints_are_read_in_the_same_form(texts: list[str], named: set[Endpoint]) -> None:
    """An operator's endpoint and a job's URL meet in canonical form."""
    assert endpoints(texts) == named


@pytest.mark.parametrize(
    "text",
    ["localhost", "127.0.0.1", "*:80", "*.internal:80", "10.0.0.0/8:80", "a:80/x", "u@a:80", "http://a:80", "a:0",
     "a:b", "::1:80", "127.1:80", "a:80?x", "a:"],
)  # fmt: skip
def test_only_exact_endpoints_can_be_allowed(text: str) -> None:
    """No wildcard, no network, no URL: what is opened is one host and one port."""
    with pytest.raises(ValueError, match="not an exact host:port"):
        endpoints([text])
