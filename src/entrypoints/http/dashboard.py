"""The dashboard's files under `/ui/`: built from `dashboard/`, public, and nothing of anybody's is in them."""

import asyncio
import base64
import gzip
import hashlib
import mimetypes
import re
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import attrs

from .compression import takes_gzip
from .problems import PROBLEM_JSON, Problem
from .wire import encode

BASE: Final = "/ui"
_IMMUTABLE = "/_next/static/"
_POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_PACKED = ("text/", "image/svg", "application/json")
_MISSING_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>eQueue</title></head>
<body><main><h1>The dashboard is not built here</h1>
<p>eQueue itself runs: jobs, workers and the <a href="/docs">API</a> do not need it.</p>
<p>Where Node.js 20 is installed, <code>make dashboard</code> builds it; then reload this page.</p></main></body>
</html>
"""


@attrs.frozen
class Answered:
    """What goes back for one path."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]
    packed: bytes | None = None


@attrs.define(eq=False)
class Dashboard:
    """An ASGI application over a folder of built files, each read and packed once, when it is first asked for."""

    folder: Traversable = attrs.field(factory=lambda: resources.files(__package__).joinpath("static", "ui"))
    _known: dict[str, Answered] = attrs.field(factory=dict, init=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - an ASGI application
        """Answer one request: a file, the way to it, or the page that says it is not there."""
        if scope["method"] not in {"GET", "HEAD"}:
            await _send(scope, send, _refusal())
            return
        path = scope["path"].removeprefix(BASE)
        found = self._known.get(path) or await asyncio.to_thread(self._look, path)
        if found is None:
            await _send(scope, send, _onward(scope))
        else:
            await _send(scope, send, found)

    def is_built(self) -> bool:
        """Tell whether there is a dashboard in this installation."""
        return self.folder.joinpath("index.html").is_file()

    def _look(self, path: str) -> Answered | None:
        """Return what is at `path`; `None` if a slash is missing at its end."""
        if not self.is_built():
            return _html(404, _MISSING_PAGE) if path != "" else None
        file = self._file(path)
        if file is not None:
            self._known[path] = _answered(path, file)
            return self._known[path]
        if not path.endswith("/") and self._file(f"{path}/") is not None:
            return None
        return _html(404, self.folder.joinpath("404.html").read_bytes())

    def _file(self, path: str) -> Traversable | None:
        """Return the file at `path`, if it is one of ours: no name leads out of the folder."""
        *folders, name = path.removeprefix("/").split("/")
        here: Traversable = self.folder
        for part in (*folders, name or "index.html"):
            if not here.is_dir() or part in {"", ".", ".."} or "\\" in part or "\0" in part:
                return None
            here = here.joinpath(part)
        return here if path.startswith("/") and here.is_file() else None


def _answered(path: str, file: Traversable) -> Answered:
    body = file.read_bytes()
    if file.name.endswith(".html"):
        return _html(200, body)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kept = "public, max-age=31536000, immutable" if path.startswith(_IMMUTABLE) else "no-cache"
    return _packable(200, body, kind, ("cache-control", kept))


def _html(status: int, body: bytes) -> Answered:
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE.findall(body) if script)
    policy = _POLICY.format(hashes="".join(f" 'sha256-{digest}'" for digest in digests))
    return _packable(status, body, "text/html", ("content-security-policy", policy), ("cache-control", "no-cache"))


def _packable(status: int, body: bytes, kind: str, *headers: tuple[str, str]) -> Answered:
    spoken = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    packed = gzip.compress(body, 9, mtime=0) if kind.startswith(_PACKED) else None
    return Answered(
        status, body, (("content-type", spoken), ("etag", tag), ("vary", "accept-encoding"), *headers), packed
    )


def _onward(scope: Any) -> Answered:
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    onward = f"{path}/{'?' if query else ''}{query}"
    return Answered(308, b"", (("location", onward), ("cache-control", "no-cache")))


def _refusal() -> Answered:
    problem = Problem("method-not-allowed", "The dashboard is read with GET.", headers={"Allow": "GET, HEAD"})
    return Answered(405, encode(problem.document("")), (("content-type", PROBLEM_JSON), ("allow", "GET, HEAD")))


async def _send(scope: Any, send: Any, answered: Answered) -> None:
    given = {name: value.decode("latin-1") for name, value in scope["headers"]}
    headers = list(answered.headers)
    body, status = answered.body, answered.status
    tag = dict(headers).get("etag")
    if status == 200 and tag is not None and given.get(b"if-none-match", "").strip() in {tag, f"W/{tag}"}:
        body, status = b"", 304
    elif answered.packed is not None and takes_gzip(given.get(b"accept-encoding", "")):
        body = answered.packed
        headers.append(("content-encoding", "gzip"))
    headers.append(("content-length", str(len(body))))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
