"""What the container opens late, for its import takes long and few processes need it, or makes of several settings."""

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from ..application.ports.calendar import Calendar
from ..application.ports.outbound import Outbound, OutboundRequest, OutboundResponse
from ..application.ports.payload_schemas import PayloadSchemas
from ..domain.retention import Retention
from .settings import BadSetting, Settings

if TYPE_CHECKING:
    from ..adapters.postgres.migrate import MigrationStatus


def open_schemas() -> PayloadSchemas:
    """Return what judges payloads; workers enqueue nothing from outside, so only the API pays for its import."""
    from ..adapters.json_schema import CompiledSchemas  # noqa: PLC0415

    return CompiledSchemas()


def open_calendar() -> Calendar:
    """Return what knows cron expressions and time zones; commands that serve nothing do not pay for its import."""
    from ..adapters.calendar import CronCalendar  # noqa: PLC0415

    return CronCalendar()


def open_retention(settings: Settings) -> Retention:
    """Return how long jobs are kept where their queue says nothing."""
    return Retention(settings.keep_finished, settings.keep_finished, settings.keep_dead, settings.keep_results)


class LateOutbound:
    """The way out for `http.request`, opened at the first request: most workers never send one (3 MB)."""

    def __init__(self, settings: Settings) -> None:
        self._allow = settings.http_allow
        self._opened = self._open() if self._allow else None  # what cannot be used is refused at the start

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Exchange one request for its answer, as `Outbound` promises."""
        self._opened = self._opened or self._open()
        return await self._opened.send(request)

    def _open(self) -> Outbound:
        """Raise `BadSetting` for an endpoint that is none: what a host may look like, the guard alone knows."""
        from ..adapters.http.client import GuardedHttp  # noqa: PLC0415

        try:
            return GuardedHttp(self._allow)
        except ValueError as problem:
            raise BadSetting("EQUEUE_HTTP_ALLOW", f"cannot be used: {problem}", "Write host:port pairs.") from None


@attrs.frozen
class Migrations:
    """The migrations of one database. Alembic takes long to import, and servers never migrate, so it is imported late.

    `url` leads past any pooler.
    """

    url: str = attrs.field(repr=False)

    def up(self, patience: timedelta) -> tuple[str, ...]:
        """Apply what the database lacks and return which revisions that were."""
        from ..adapters.postgres.migrate import migrate_up  # noqa: PLC0415

        return migrate_up(self.url, patience=patience)

    def status(self) -> "MigrationStatus":
        """Say where the database stands."""
        from ..adapters.postgres.migrate import migration_status  # noqa: PLC0415

        return migration_status(self.url)

    @staticmethod
    def sql() -> str:
        """Return all migrations as one script."""
        from ..adapters.postgres.migrate import migration_sql  # noqa: PLC0415

        return migration_sql()
