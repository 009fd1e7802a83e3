"""The commands about API keys. They work on the database itself, so that a first key can be made."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from . import options

keys = App(name="keys", help="API keys.")

RoleName = Literal["member", "viewer", "operator", "admin"]
ScopeName = Literal[
    "jobs:write", "jobs:read", "jobs:admin", "queues:admin", "schedules:admin", "worker", "stats:read", "admin"
]


@keys.command(name="create")
def create(
    name: str,
    /,
    *,
    user: Annotated[str, Parameter(help="The e-mail of the key's owner, who is made if there is none.")],
    role: Annotated[RoleName, Parameter(help="What a newly made owner may do at most.")] = "member",
    scope: Annotated[
        list[ScopeName] | None, Parameter(help="What the key may do; without it, all that its owner may.")
    ] = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Make a key called NAME and write it, once: only its hash is kept."""
    import asyncio

    from ...domain.access import Role, Scope
    from ..container import build, close
    from ..settings import read_settings
    from .compose import refuse_misfit

    container = build(read_settings(**options.given(EQUEUE_DATABASE_URL=database_url)))

    async def make() -> str:
        try:
            await refuse_misfit(container)
            scopes = frozenset(map(Scope, scope)) if scope else None
            return await container.create_key()(name, user, Role(role), scopes)
        finally:
            await close(container)

    print(asyncio.run(make()))
