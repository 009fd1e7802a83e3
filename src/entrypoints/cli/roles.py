"""The command that makes roles with as few rights as each process needs."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from . import options
from .exits import Exit, Stop


def roles(
    *,
    prefix: Annotated[str, Parameter(help="What the roles' names begin with: PREFIX_api and so on.")] = "equeue",
    secrets: Annotated[
        Path | None,
        Parameter(help="A folder for fresh passwords: one file with a database URL for each role that logs in."),
    ] = None,
    sql: Annotated[bool, Parameter(negative=(), help="Write the statements instead of running them.")] = False,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Make the roles owner, migrate, api, worker, producer and keda, or give them their rights anew.

    Log in as a superuser, or as somebody who may make roles. Run it before the first migration or at any time later.
    """
    from ..container import build
    from ..settings import read_settings

    if not prefix.isidentifier() or not prefix.isascii() or not prefix.islower():
        raise Stop(f"--prefix {prefix}: write a small letter, then letters, digits and _", Exit.USAGE)
    settings = read_settings(**options.given(EQUEUE_DATABASE_URL=database_url))
    database_roles = build(settings).roles()
    if sql:
        print(database_roles.sql(prefix), end="")
        return
    urls = database_roles.make(prefix, with_passwords=secrets is not None)
    if secrets is not None:
        for what, url in urls.items():
            print(_kept(secrets, what, url))
    print(f"the roles {prefix}_* are made", file=sys.stderr)


def _kept(folder: Path, what: str, url: str) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{what}-url"
    file.touch(mode=0o600)
    file.write_text(f"{url}\n", encoding="utf-8")
    return str(file)
