"""`equeue users …`: people. They work on the database itself, so that a first admin can be made."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from . import options
from .exits import Exit, Stop
from .local import on_database
from .output import write_all

if TYPE_CHECKING:
    from ...application.people import PersonEdit
    from ...application.ports.people import Person
    from ..container import Container

users = App(name="users", help="People: make them, give them roles, disable them.")

RoleName = Literal["member", "viewer", "operator", "admin"]
COLUMNS = ("email", "role", "disabled", "has_password", "created_at", "id")
PAGE = 200


@users.command(name="create")
def create(
    email: str,
    /,
    *,
    role: Annotated[RoleName, Parameter(help="What the person may do at most.")] = "member",
    admin: Annotated[bool, Parameter(negative=(), help="The same as --role admin.")] = False,
    no_password: Annotated[bool, Parameter(negative=(), help="Ask for none: only keys lead in.")] = False,
    output: options.Output = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Make a person; the password is asked for on a terminal, else read from the first line of standard input."""
    from ...domain.access import Role
    from ...domain.audit import SYSTEM

    password = None if no_password else read_password()
    wanted = Role.ADMIN if admin else Role(role)

    async def make(container: "Container") -> "Person":
        return await container.people().create(email, wanted, password, SYSTEM)

    write_all([_shown(on_database(database_url, make))], COLUMNS, output)


@users.command(name="list")
def list_users(*, output: options.Output = None, database_url: options.DatabaseUrl = None) -> None:
    """List everybody, in the order in which they were made."""

    async def look(container: "Container") -> "list[Person]":
        people, found = container.people(), list[Any]()
        while page := await people.page(limit=PAGE, after=found[-1].user.id if found else None):
            found.extend(page)
        return found

    write_all(map(_shown, on_database(database_url, look)), COLUMNS, output)


@users.command(name="set-role")
def set_role(
    email: str, role: RoleName, /, *, output: options.Output = None, database_url: options.DatabaseUrl = None
) -> None:
    """Give a person another role; it holds from their next request on."""
    from ...application.people import PersonEdit
    from ...domain.access import Role

    _change(email, PersonEdit(role=Role(role)), output, database_url)


@users.command(name="reset-password")
def reset_password(email: str, /, *, output: options.Output = None, database_url: options.DatabaseUrl = None) -> None:
    """Give a person another password, asked for or read as `create` does; all their sessions end."""
    from ...application.people import PersonEdit

    _change(email, PersonEdit(password=read_password()), output, database_url)


@users.command(name="disable")
def disable(email: str, /, *, output: options.Output = None, database_url: options.DatabaseUrl = None) -> None:
    """Disable a person: no session and no key of theirs is good any more. Their jobs stay."""
    from ...application.people import PersonEdit

    _change(email, PersonEdit(disabled=True), output, database_url)


@users.command(name="enable")
def enable(email: str, /, *, output: options.Output = None, database_url: options.DatabaseUrl = None) -> None:
    """Enable a disabled person: the keys and the password are good again."""
    from ...application.people import PersonEdit

    _change(email, PersonEdit(disabled=False), output, database_url)


def read_password() -> str:
    """Return a password: never from the command line, where everybody on the machine could read it."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise Stop("give the password on the first line of standard input, or say --no-password", Exit.USAGE)
        return line
    from getpass import getpass

    password = getpass("Password: ", stream=sys.stderr)
    if getpass("Once more: ", stream=sys.stderr) != password:
        raise Stop("the two are not the same; nothing was done")
    return password


def _change(email: str, edit: "PersonEdit", output: options.Output, database_url: str | None) -> None:
    from ...application.people import anything
    from ...domain.audit import SYSTEM

    async def change(container: "Container") -> "Person":
        people = container.people()
        person = await people.get(email)
        return await people.change(person.user.id, anything, edit, SYSTEM)

    write_all([_shown(on_database(database_url, change))], COLUMNS, output)


def _shown(person: "Person") -> dict[str, Any]:
    user = person.user
    return {
        "id": str(user.id),
        "email": user.email,
        "role": user.role,
        "disabled": user.disabled,
        "has_password": person.password_hash is not None,
        "created_at": person.created_at.isoformat(),
    }
