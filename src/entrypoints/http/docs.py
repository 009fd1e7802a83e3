"""What people read: the OpenAPI document, its page with assets of our own, and a page for each kind of problem."""

from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from types import MappingProxyType

from . import wire
from .endpoint import API, HTML, PUBLIC, Answer, Call, Endpoint, endpoint
from .openapi import Document
from .problems import KINDS, Problem
from .services import HttpServices

_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE_CSP = f"{_CSP}; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
_ASSETS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "start.js": ("start.js", "text/javascript"),
        "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript"),
        "swagger-ui-bundle.js.LICENSE.txt": (
            "swagger-ui/swagger-ui-bundle.js.LICENSE.txt",
            "text/plain",
        ),
        "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css"),
        "favicon-32x32.png": ("swagger-ui/favicon-32x32.png", "image/png"),
    }
)
"""name in the address -> (file, content type). Only what is listed is served."""
_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>eQueue API</title>
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<noscript>This page needs JavaScript; the document itself is at <a href="/api/v1/openapi.json">openapi.json</a>.
</noscript>
<div id="page"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
"""
_PROBLEM_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{code} - eQueue problem</title></head>
<body><main><h1>{title}</h1><p><code>{code}</code>, HTTP status {status}</p><p>{meaning}</p></main></body>
</html>
"""


def endpoints(document: Document) -> tuple[Endpoint, ...]:
    """Return the routes that show `document` and what goes with it."""
    content = wire.encode(document)

    @endpoint("GET", f"{API}/openapi.json", access=PUBLIC)
    async def get_openapi(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
        """Get the OpenAPI document."""
        return Answer(content)

    return (get_openapi, show_docs, get_asset, show_problem)


@endpoint("GET", "/docs", access=PUBLIC)
async def show_docs(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Show the API in a browser."""
    return Answer(_PAGE, headers={"Content-Security-Policy": _PAGE_CSP}, media_type=HTML)


@endpoint("GET", "/docs/assets/{name:str}", access=PUBLIC)
async def get_asset(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Get a file of the page; they are ours, so that the page works where nothing else can be reached."""
    listed = _ASSETS.get(call.parameters["name"])
    if listed is None:
        raise Problem("not-found", "There is no such file.")
    path, media_type = listed
    return Answer(_asset(path), headers={"Cache-Control": "public, max-age=86400"}, media_type=media_type)


@endpoint("GET", "/problems/{code:str}", access=PUBLIC)
async def show_problem(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Explain a kind of problem to a person."""
    code = call.parameters["code"]
    kind = KINDS.get(code)
    if kind is None:
        raise Problem("not-found", "There is no such kind of problem.")
    page = _PROBLEM_PAGE.format(
        code=escape(code), title=escape(kind.title), status=kind.status, meaning=escape(kind.meaning)
    )
    return Answer(page.encode(), headers={"Content-Security-Policy": _CSP}, media_type=HTML)


@cache
def _asset(path: str) -> bytes:
    return resources.files(__package__).joinpath("static", path).read_bytes()
