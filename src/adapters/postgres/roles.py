"""Roles that may do what their process needs and no more; each can be made any number of times."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import psycopg
from psycopg import sql
from sqlalchemy import Connection

from .engine import connect_arguments, read_url

OWNER = "owner"
GROUPS = ("migrate", "api", "worker", "producer", "keda")
"""Who logs in. The owner does not: who migrates acts as the owner."""

_ROLE = "do $$ begin if to_regrole({name_text}) is null then create role {name} {kind}; end if; end $$"
_OWN = """
do $$
declare it record;
begin
  for it in
    select format('alter table %s owner to %I', c.oid::regclass, {owner_text}) as statement
    from pg_class c where c.relnamespace = to_regnamespace('equeue') and c.relkind in ('r', 'p', 'v')
    union all
    select format('alter routine %s owner to %I', p.oid::regprocedure, {owner_text})
    from pg_proc p where p.pronamespace = to_regnamespace('equeue')
    union all
    select format('alter type %s owner to %I', t.oid::regtype, {owner_text})
    from pg_type t where t.typnamespace = to_regnamespace('equeue') and t.typtype in ('d', 'e')
  loop
    execute it.statement;
  end loop;
end $$
"""
_FIRST = (
    "grant {owner} to current_user",
    "grant {owner} to {migrate}",
    "alter role {migrate} set role = {owner_text}",
    "grant create on database {database} to {owner}",
    "create schema if not exists equeue authorization {owner}",
    "alter schema equeue owner to {owner}",
    _OWN,
    "comment on schema equeue is {mark}",
    "alter role {keda} connection limit 10",
    "alter role {keda} set statement_timeout = '2s'",
    "alter role {keda} set default_transaction_read_only = on",
)
_RIGHTS = (
    ("schema_version", "grant usage on schema equeue to {api}, {worker}, {producer}, {keda}"),
    ("schema_version", "grant select, insert, update, delete on all tables in schema equeue to {api}, {worker}"),
    ("schema_version", "revoke insert, update, delete on equeue.schema_version from {api}, {worker}"),
    ("audit_log", "revoke update on equeue.audit_log from {api}, {worker}"),
    # To lock a row for its removal takes the right to change something of it.
    ("audit_log", "grant update (request_id) on equeue.audit_log to {api}, {worker}"),
    ("users", "revoke all on equeue.users from {worker}"),
    ("api_keys", "revoke all on equeue.api_keys from {worker}"),
    ("sessions", "revoke insert on equeue.sessions from {worker}"),
    ("login_attempts", "revoke insert on equeue.login_attempts from {worker}"),
    ("jobs", "grant insert, select on equeue.jobs to {producer}"),
    ("tasks", "grant select on equeue.tasks to {producer}"),
    ("jobs_to_scale_for", "grant execute on function equeue.jobs_to_scale_for(text[], integer) to {keda}"),
)
"""Whose rights stand in which table or function; where that is not there yet, a later migration brings it."""

_IF_THERE = """
do $$
begin
  if to_regclass({name}) is not null or to_regproc({name}) is not null then
    {then};
  end if;
end $$
"""
_MARK = "roles: "
_MARKED = "select obj_description(to_regnamespace('equeue'), 'pg_namespace')"


@attrs.frozen
class Roles:
    """The roles of one installation, each named `<prefix>_<what>`."""

    prefix: str = "equeue"

    def name(self, what: str) -> str:
        """Return the name of one role."""
        return f"{self.prefix}_{what}"

    def script(self, database: str) -> Iterator[sql.Composed]:
        """Return the statements that make the roles in `database` and give them their rights, in order."""
        names: dict[str, Any] = {what: sql.Identifier(self.name(what)) for what in (OWNER, *GROUPS)}
        words = names | {
            "owner_text": sql.Literal(self.name(OWNER)),
            "database": sql.Identifier(database),
            "mark": sql.Literal(_MARK + self.prefix),
        }
        for what in (OWNER, *GROUPS):
            kind = sql.SQL("nologin" if what == OWNER else "login")
            yield sql.SQL(_ROLE).format(name=names[what], name_text=sql.Literal(self.name(what)), kind=kind)
        for statement in _FIRST:
            yield sql.SQL(statement).format(**words)
        yield from self.rights()

    def rights(self) -> Iterator[sql.Composed]:
        """Return the statements by which the owner says who may do what."""
        names = {what: sql.Identifier(self.name(what)) for what in GROUPS}
        for about, statement in _RIGHTS:
            then = sql.SQL(statement).format(**names)
            yield sql.SQL(_IF_THERE).format(name=sql.Literal(f"equeue.{about}"), then=then)


def make_roles(url: str, roles: Roles, passwords: Mapping[str, str]) -> None:
    """Make the roles in the database at `url`, where one logs in who may make roles; set `passwords` by what they are.

    Whatever eQueue has there already becomes the owner's. All of it happens or nothing. Raises `RolesRefused`.
    """
    with _connection(url) as connection, connection.transaction():
        (database,) = connection.execute("select current_database()").fetchone() or ("",)
        for statement in roles.script(database):
            connection.execute(statement)
        for what, password in passwords.items():
            change = sql.SQL("alter role {name} password {password}")
            connection.execute(change.format(name=sql.Identifier(roles.name(what)), password=password))


def renew_rights(connection: Connection) -> None:
    """Give the roles their rights to what a migration brought, if roles were made; by who migrates."""
    mark = connection.exec_driver_sql(_MARKED).scalar()
    if isinstance(mark, str) and mark.startswith(_MARK):
        for statement in Roles(mark.removeprefix(_MARK)).rights():
            connection.exec_driver_sql(statement.as_string())
    connection.commit()


def roles_sql(roles: Roles, database: str) -> str:
    """Return what `make_roles` does as a script, for a database where an administrator acts."""
    return "".join(f"{statement.as_string().strip()};\n" for statement in roles.script(database))


class RolesRefused(Exception):
    """The roles could not be made. Log in as a superuser, or as who may make roles and owns what eQueue has there."""


@contextmanager
def _connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    parsed = read_url(url)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, autocommit=True, **connect_arguments(parsed)) as connection:
            yield connection
    except psycopg.Error as refused:
        reason = str(refused).strip().partition("\n")[0]
        raise RolesRefused(f"the roles were not made: {reason}") from refused
