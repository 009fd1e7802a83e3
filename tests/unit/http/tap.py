"""Calls an application and reads what comes, piece by piece, for as long as one likes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs


@attrs.define
class Tap:
    """One request whose answer is read as it is sent."""

    left: asyncio.Event = attrs.field(factory=asyncio.Event)
    status: int = 0
    headers: dict[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    ended: bool = False
    _asked: bool = False

    async def receive(self) -> dict[str, Any]:
        """Send an empty body, then hang up when told to."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")
            self.ended = not message.get("more_body", False)

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """The events that came so far: name, id and data; pings are left out."""
        blocks = [block for block in self.body.decode().split("\n\n") if block and not block.startswith(":")]
        found = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]
        return [(event["event"], event["id"], json.loads(event["data"])) for event in found]

    @property
    def names(self) -> list[str]:
        """The names of the events that came so far."""
        return [name for name, _, _ in self.events]

    @property
    def pings(self) -> int:
        """How many comments came."""
        return self.body.count(b": ping\n\n")


@asynccontextmanager
async def tapped(app: Any, key: str, path: str, *, method: str = "GET", **headers: str) -> AsyncIterator[Tap]:
    """Give the answer to a request while it comes; the caller hangs up in the end."""
    tap = Tap()
    given = {"authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "server": ("test", 80),
        "client": ("test", 1),
    }
    task = asyncio.create_task(app(scope, tap.receive, tap.send))
    try:
        yield tap
    finally:
        tap.left.set()
        async with asyncio.timeout(10):
            await task
