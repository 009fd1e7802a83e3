"""Which schema this build knows and needs, and whether the database's fits."""

import asyncio
from datetime import timedelta
from enum import StrEnum

import attrs
import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from ...domain.errors import Unavailable
from .engine import away, is_unavailable

MINIMUM = "0015"
"""The oldest revision with which this build's statements work."""

HEAD = "0015"
"""The newest revision this build knows; a newer one fits as long as nothing that this build uses was removed."""

FLOOR = "0001"
"""The newest contraction among the revisions this build knows; builds that end before it no longer fit."""

FLOOR_FUNCTION = f"""
create function equeue.schema_floor() returns text language sql immutable parallel safe return '{FLOOR}'
"""
"""How a database tells builds that are older than itself which revision they must know at least."""

POLL_S = 0.5

_FACTS = text("select version_num, equeue.schema_floor() from equeue.schema_version")
_MISSING = frozenset({"3F000", "42P01", "42883"})
_FORBIDDEN = "42501"


class SchemaState(StrEnum):
    """How the database's schema stands to this build."""

    FITS = "fits"
    MISSING = "missing"
    TOO_OLD = "too-old"
    TOO_NEW = "too-new"
    FORBIDDEN = "forbidden"


_DETAILS = {
    SchemaState.FITS: "the schema is at {revision} and fits this build ({minimum} or later)",
    SchemaState.MISSING: "this database has no eQueue schema",
    SchemaState.TOO_OLD: "the schema is at {revision}, this build needs {minimum} or later",
    SchemaState.TOO_NEW: "the schema serves builds that know {floor}, this one ends at {head}",
    SchemaState.FORBIDDEN: "this database role may not read the schema equeue",
}
_REMEDIES = {
    SchemaState.MISSING: "run: equeue migrate up",
    SchemaState.TOO_OLD: "run: equeue migrate up",
    SchemaState.TOO_NEW: "deploy the eQueue version that migrated this database, or a later one",
    SchemaState.FORBIDDEN: "connect as the role that migrated, or let it run: grant usage on schema equeue to <role>",
}


@attrs.frozen
class SchemaFit:
    """Whether a database's schema fits this build; if not, `remedy` is what to do."""

    state: SchemaState
    revision: str | None = None
    floor: str | None = None

    @property
    def fits(self) -> bool:
        """Tell whether this build can work with the database."""
        return self.state is SchemaState.FITS

    @property
    def detail(self) -> str:
        """Say in words how the schema stands to this build."""
        return _DETAILS[self.state].format(revision=self.revision, minimum=MINIMUM, floor=self.floor, head=HEAD)

    @property
    def remedy(self) -> str:
        """Return the command that helps; nothing where the schema fits."""
        return _REMEDIES.get(self.state, "")


async def schema_fit(engine: AsyncEngine) -> SchemaFit:
    """Compare the database's schema with what this build needs, in one round trip.

    Raises `Unavailable` when the database does not answer.
    """
    try:
        async with engine.connect() as connection:
            facts = (await connection.execute(_FACTS)).one_or_none()
    except DBAPIError as error:
        return SchemaFit(_refusal(error))
    except (psycopg.Error, PoolTimeout, OSError, TimeoutError) as error:
        raise away(error) from error
    return judge(None if facts is None else (facts[0], facts[1]))


async def await_schema(engine: AsyncEngine, patience: timedelta) -> SchemaFit:
    """Return once the schema fits, or what it is like when `patience` has run out.

    A database that does not answer is waited for too; if it still does not at the end, raises `Unavailable`.
    """
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        over = asyncio.get_running_loop().time() >= end
        try:
            fit = await schema_fit(engine)
        except Unavailable:
            if over:
                raise
        else:
            if fit.fits or over:
                return fit
        await asyncio.sleep(POLL_S)


def judge(facts: tuple[str, str] | None) -> SchemaFit:
    """Decide from the database's revision and floor."""
    if facts is None:
        return SchemaFit(SchemaState.MISSING)
    revision, floor = facts
    if floor > HEAD:
        return SchemaFit(SchemaState.TOO_NEW, revision, floor)
    return SchemaFit(SchemaState.FITS if revision >= MINIMUM else SchemaState.TOO_OLD, revision, floor)


def _refusal(error: DBAPIError) -> SchemaState:
    state = getattr(error.orig, "sqlstate", None)
    if state in _MISSING:
        return SchemaState.MISSING
    if state == _FORBIDDEN:
        return SchemaState.FORBIDDEN
    if error.orig is not None and (is_unavailable(error.orig) or error.connection_invalidated):
        raise away(error) from error
    raise error
