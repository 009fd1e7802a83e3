"""What servers do to their callers: each function is a part for the stage, under its own name as the path."""

import asyncio
import gzip
import itertools

from tests.integration.outbound.stage import Part, Sender

BOMB = gzip.compress(b"\0" * 50_000_000)
PARTS: dict[str, Part] = {}
MEGABYTE = b"x" * 1_048_576


def part(play: Part) -> Part:
    """Register a part under the function's name."""
    PARTS[play.__name__] = play
    return play


def answer(status: str = "200 OK", headers: bytes = b"", body: bytes = b"") -> bytes:
    """Return a well-formed answer."""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status.encode(), headers, len(body), body)


def says(name: str, *pieces: bytes) -> None:
    """Register a part that reads the request, sends `pieces` and closes."""

    async def play(sender: Sender) -> None:
        await sender.read_request_body()
        for piece in pieces:
            await sender.send(piece)

    PARTS[name] = play


async def for_ever() -> None:
    """Never return."""
    await asyncio.Event().wait()


says("good", answer(headers=b"Content-Type: application/json\r\n", body=b'{"ok":true}'))
says("created", answer("201 Created", body=b"made"))
says(
    "chunked",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n",
    b"2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
)
says("until-close", b"HTTP/1.1 200 OK\r\n\r\n", b"all ", b"of it")
says("no-content", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
says("after-early-hints", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 3, answer(body=b"here"))
says("gzip-bomb", answer(headers=b"Content-Encoding: gzip\r\nContent-Type: text/plain\r\n", body=BOMB))
says("not-modified", b"HTTP/1.1 304 Not Modified\r\n\r\n")
says("switching", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"\x00raw")
says("absurd-wait", answer("503 Service Unavailable", b"Retry-After: 99999999999999999999\r\n"))
says("wait", answer("429 Too Many Requests", b"Retry-After: 7\r\n"))
says("refused", answer("422 Unprocessable", body=b"no such currency"))
for _status in (301, 302, 303, 307, 308):
    says(f"redirect-{_status}", answer(f"{_status} Elsewhere", b"Location: /redirect-%d\r\n" % _status))
    says(f"redirect-out-{_status}", answer(f"{_status} Elsewhere", b"Location: http://127.0.0.1:1/\r\n"))

says("closes-at-once")
says("closes-in-head", b"HTTP/1.1 200 O")
says("closes-after-head", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
says("closes-in-body", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
says("closes-in-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
says("not-http", b"SSH-2.0-OpenSSH_9.9\r\n")
says("http-0.9", b"<html>hello</html>")
says("binary", bytes(range(256)) * 16)
says("empty-status", b"HTTP/1.1\r\n\r\n")
says("status-99", b"HTTP/1.1 99 Low\r\n\r\n")
says("status-1000", b"HTTP/1.1 1000 High\r\n\r\n")
says("status-word", b"HTTP/1.1 OK 200\r\n\r\n")
says("negative-length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")
says("two-lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 5\r\n\r\nhello")
says("huge-length", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhello" % 10**40)
says("bad-chunk-size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n")
says("huge-chunk-size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\nab")
says("odd-transfer-coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
says("nul-in-header", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n")
says("folded-header", b"HTTP/1.1 200 OK\r\n folded\r\nContent-Length: 0\r\n\r\n")
says("nameless-header", b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n")
says("one-huge-header", b"HTTP/1.1 200 OK\r\nX: ", *[MEGABYTE] * 4)
says("many-headers", b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 200_000)
says("endless-reason", b"HTTP/1.1 200 ", *[MEGABYTE] * 4)


@part
async def hangs(_: Sender) -> None:
    """Take the request and say nothing."""
    await for_ever()


@part
async def hangs_in_head(sender: Sender) -> None:
    """Stop within the headers."""
    await sender.send(b"HTTP/1.1 200 OK\r\nContent-")
    await for_ever()


@part
async def hangs_in_body(sender: Sender) -> None:
    """Stop within the body."""
    await sender.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    await for_ever()


@part
async def never_reads(_: Sender) -> None:
    """Leave the request's body in the network."""
    await for_ever()


@part
async def drips_head(sender: Sender) -> None:
    """Send one byte at a time, each soon enough for any read timeout, without an end."""
    for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nX: ", itertools.repeat(120)):
        await sender.send(bytes([byte]))
        await asyncio.sleep(0.02)


@part
async def drips_body(sender: Sender) -> None:
    """Do so with a body that will be complete in a day."""
    await sender.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4320000\r\n\r\n")
    while True:
        await sender.send(b"x")
        await asyncio.sleep(0.02)


@part
async def endless_body(sender: Sender) -> None:
    """Send as fast as the network takes it."""
    await sender.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        await sender.send(MEGABYTE)


@part
async def endless_chunks(sender: Sender) -> None:
    """Do so without saying how much it will be."""
    await sender.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await sender.send(b"100000\r\n" + MEGABYTE + b"\r\n")


@part
async def padded_chunks(sender: Sender) -> None:
    """Send little body in much wrapping."""
    await sender.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await sender.send(b"1;" + b"x" * 1_000 + b"\r\na\r\n")


@part
async def endless_trailers(sender: Sender) -> None:
    """Never end the trailers."""
    await sender.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while True:
        await sender.send(b"T: x\r\n" * 1_000)


@part
async def floods_1xx(sender: Sender) -> None:
    """Announce an answer for ever."""
    while True:
        await sender.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)


@part
async def drips_1xx(sender: Sender) -> None:
    """Announce an answer for ever, slowly."""
    while True:
        await sender.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        await asyncio.sleep(0.02)


@part
async def resets_at_once(sender: Sender) -> None:
    """Cut the connection instead of answering."""
    sender.reset()


@part
async def resets_in_body(sender: Sender) -> None:
    """Cut the connection within the body."""
    await sender.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    sender.reset()


@part
async def unavailable_and_hangs(sender: Sender) -> None:
    """Refuse for a while, and never end saying why."""
    await sender.send(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\nso much")
    await for_ever()


@part
async def missing_and_endless(sender: Sender) -> None:
    """Say 404 with an endless page."""
    await sender.send(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await sender.send(b"100000\r\n" + MEGABYTE + b"\r\n")


@part
async def refuses_early(sender: Sender) -> None:
    """Answer before the request's body was read."""
    await sender.send(answer("413 Content Too Large", body=b"too much"))
    await sender.read_request_body()


@part
async def echo(sender: Sender) -> None:
    """Answer with the request."""
    await sender.read_request_body()
    body = sender.visit.head + sender.visit.body
    await sender.send(answer(headers=b"Content-Type: text/plain\r\n", body=body))


@part
async def echoes_as_garbage(sender: Sender) -> None:
    """Answer with the request's headers where the status line should be."""
    await sender.send((sender.visit.header("authorization") or "").encode() + b": " + sender.visit.head)
