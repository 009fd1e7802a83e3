"""What commands that work on the database itself share: the way there, and who is meant by an e-mail address."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from . import options

if TYPE_CHECKING:
    from ..container import Container

Result = TypeVar("Result")


def on_database(database_url: str | None, work: "Callable[[Container], Awaitable[Result]]") -> Result:
    """Run `work` on the database that the option or the settings name, once its schema fits, and close it."""
    import asyncio

    from ..container import build, close
    from ..settings import read_settings
    from .compose import refuse_misfit

    container = build(read_settings(**options.given(EQUEUE_DATABASE_URL=database_url)))

    async def run() -> Result:
        try:
            await refuse_misfit(container)
            return await work(container)
        finally:
            await close(container)

    return asyncio.run(run())
