"""A server in a process of its own, over an empty store: `python -m tests.integration.http.serving`.

It writes one line of JSON with its port and a key, then its log. `/health/ready` answers once `GO` is there.
"""

import asyncio
import json
import os
import sys

import structlog
from tests.unit.http.world import WELL, a_world

from equeue.application.readiness import Readiness
from equeue.entrypoints.http import server
from equeue.entrypoints.http.protocol import BODY_S, HEAD_S, ProblemProtocol


async def _main() -> None:
    world = await a_world(real_time=True)
    ProblemProtocol.head_s = float(os.environ.get("EQUEUE_TEST_HEAD_S", HEAD_S))
    ProblemProtocol.body_s = float(os.environ.get("EQUEUE_TEST_BODY_S", BODY_S))
    go = os.environ.get("EQUEUE_TEST_GO", "")

    async def ready() -> Readiness:
        print(json.dumps({"event": "asked"}), flush=True)  # noqa: T201 - the test waits for this line
        while go and not os.path.exists(go):  # noqa: ASYNC110, ASYNC240, PTH110 - the gate is a file
            await asyncio.sleep(0.01)
        return WELL

    object.__setattr__(world.services, "ready", ready)
    listener = server.bind(server.Address(port=0))
    print(json.dumps({"port": listener.getsockname()[1], "key": world.member_key}), flush=True)  # noqa: T201
    await server.serve(world.app, listener, world.services.drain, grace_s=int(os.environ.get("EQUEUE_TEST_GRACE", "5")))


if __name__ == "__main__":
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    server.run(_main())
