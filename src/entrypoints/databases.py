"""What an administrator has done to a database: roles. Servers never do that, so it is imported late."""

from secrets import token_urlsafe

import attrs
from sqlalchemy import make_url


@attrs.frozen
class DatabaseRoles:
    """The roles of one database, made by whoever `url` logs in."""

    url: str = attrs.field(repr=False)

    def make(self, prefix: str, *, with_passwords: bool) -> dict[str, str]:
        """Make them and give them their rights; return the URL of each that logs in, with its fresh password."""
        from ..adapters.postgres.roles import GROUPS, Roles, make_roles  # noqa: PLC0415

        roles = Roles(prefix)
        passwords = {what: token_urlsafe(24) for what in GROUPS} if with_passwords else {}
        make_roles(self.url, roles, passwords)
        return {what: _url_of(self.url, roles.name(what), password) for what, password in passwords.items()}

    def sql(self, prefix: str) -> str:
        """Return the same as a script."""
        from ..adapters.postgres.roles import Roles, roles_sql  # noqa: PLC0415

        return roles_sql(Roles(prefix), make_url(self.url).database or "postgres")


def _url_of(url: str, user: str, password: str) -> str:
    return make_url(url).set(username=user, password=password).render_as_string(hide_password=False)
