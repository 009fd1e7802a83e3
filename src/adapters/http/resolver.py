"""Asks the system what addresses a name has, without letting a slow name server hold anything else up."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Answers a name and a port with addresses, the best first; raises `OSError` where there are none."""

LOOKUPS = 32

_Answer: TypeAlias = list[str] | Exception


class SystemResolver:
    """`getaddrinfo` in a thread of its own for each look-up, a bounded number at a time.

    Not in the loop's pool: a name server that hangs would take the threads of plain handlers, and an interpreter
    that ends waits for the threads of a pool, but not for these.
    """

    def __init__(self, lookups: int = LOOKUPS) -> None:
        self._free = asyncio.Semaphore(lookups)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of `host`, each once, in the system's order."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[_Answer] = loop.create_future()

        def finish(answer: _Answer) -> None:
            # Only now: whoever asked may have given up long ago, but the thread was still taken.
            self._free.release()
            if not waiting.done():
                waiting.set_result(answer)

        def look_up() -> None:
            answer = _addresses(host, port)
            with suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(finish, answer)

        try:
            Thread(target=look_up, name="equeue-resolve", daemon=True).start()
        except RuntimeError as refused:
            self._free.release()
            raise OSError("no thread to look the name up") from refused
        answer = await waiting
        if isinstance(answer, Exception):
            raise answer
        return answer


def _addresses(host: str, port: int) -> _Answer:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as trouble:
        return trouble
    except UnicodeError as trouble:
        return OSError(f"not a name: {trouble.__class__.__name__}")
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
