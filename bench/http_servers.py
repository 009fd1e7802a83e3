"""The servers that `bench.http` measures, each in a process of its own: `python -m bench.http_servers KIND URL ROLE`.

All are the same uvicorn with the same settings, on uvloop, and check the caller's key and the job. `plain` is what one
writes first: a Litestar route, psycopg connections, two statements a request. `routed` is eQueue without the short way
past the router, `equeue` is what `equeue api` serves.
"""

import asyncio
import base64
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
import psycopg
from litestar import Litestar, Request, Response, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import JSONBody
from uuid_utils.compat import uuid7

from equeue.adapters.security.keys import issue
from equeue.application.ports.accounts import User
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.domain.access import Role
from equeue.entrypoints.cli.compose import configure_logs, http_services
from equeue.entrypoints.http import server
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.http.services import Drain, HttpServices
from equeue.entrypoints.settings import read_settings

POOL = 16
KEY = """
select k.secret_hash, k.scopes, k.user_id, k.revoked_at, k.expires_at, u.role::text, u.disabled_at
from equeue.api_keys as k
join equeue.users as u on u.id = k.user_id
where k.id = %s
"""
INSERT = """
insert into equeue.jobs (id, task, queue, payload, priority, max_retries, tags, user_id)
values (%s, %s, %s, %s::text::jsonb, %s, %s, %s, %s)
returning id, status::text, run_at, created_at
"""


class Job(msgspec.Struct, forbid_unknown_fields=True):
    """A job as the plain route takes it."""

    task: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.-]{1,128}$")]
    payload: dict[str, Any] = {}
    queue: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.-]{1,128}$")] = "default"
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 5
    max_retries: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 3
    tags: Annotated[list[str], msgspec.Meta(max_length=20)] = []


class Connections:
    """A handful of open connections."""

    def __init__(self) -> None:
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()

    async def open(self, url: str) -> None:
        """Open them all."""
        for _ in range(POOL):
            self._free.put_nowait(await psycopg.AsyncConnection.connect(url, autocommit=True))

    @asynccontextmanager
    async def one(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Give a connection for a while."""
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)


def plain(connections: Connections) -> Litestar:
    """Return an application with one route that stores one row a request."""

    @post("/api/v1/jobs", status_code=201)
    async def enqueue(data: JSONBody[Job], request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        _, key_id, secret = key.split("_", 2)
        async with connections.one() as connection:
            cursor = await connection.execute(KEY, [key_id], prepare=True)
            found = await cursor.fetchone()
            if (
                found is None
                or scheme != "Bearer"
                or found[0] != hashlib.sha256(base64.urlsafe_b64decode(f"{secret}=")).digest()
            ):
                raise NotAuthorizedException
            if found[3] or found[6] or "jobs:write" not in found[1]:
                raise NotAuthorizedException
            facts = (
                uuid7(),
                data.task,
                data.queue,
                msgspec.json.encode(data.payload).decode(),
                data.priority,
                data.max_retries,
                data.tags,
                found[2],
            )
            row: Any = await (await connection.execute(INSERT, facts, prepare=True)).fetchone()
        job = {
            "id": str(row[0]),
            "task": data.task,
            "queue": data.queue,
            "status": row[1],
            "payload": data.payload,
            "priority": data.priority,
            "run_at": row[2].isoformat(),
            "created_at": row[3].isoformat(),
            "max_retries": data.max_retries,
            "tags": data.tags,
        }
        return Response({"outcome": "created", "job": job}, headers={"Location": f"/api/v1/jobs/{row[0]}"})

    return Litestar([enqueue], openapi_config=None, logging_config=None)


async def a_key(services: HttpServices, role: Role) -> str:
    """Store a person with a key and return the key's text; the task is declared, as by a worker."""
    async with services.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("bench.noop", "bench")])
        user = await unit.accounts.add_user(User(uuid7(), f"{uuid7()}@example.org", role))
        key, text = issue(uuid7(), user, "bench")
        await unit.accounts.add_key(key)
        await unit.commit()
    return text


async def main(kind: str, url: str, role: str) -> None:
    """Serve until told to stop; the first line says where, and with which key."""
    settings = read_settings({"EQUEUE_DATABASE_URL": url, "EQUEUE_SECRET_KEYS": "k" * 32, "EQUEUE_LOG_LEVEL": "error"})
    configure_logs(settings)
    connections = Connections()
    async with http_services(settings) as services:
        if kind == "plain":
            await connections.open(url)
            app, drain = plain(connections), Drain()
        else:
            app, drain = create_app(services), services.drain
            if kind == "routed":
                app.bare = MappingProxyType({})  # type: ignore[attr-defined]
        listener = server.bind(server.Address(port=0))
        key = await a_key(services, Role(role))
        print(json.dumps({"port": listener.getsockname()[1], "key": key}), flush=True)
        await server.serve(app, listener, drain, grace_s=1)


if __name__ == "__main__":
    server.run(main(*sys.argv[1:]))
