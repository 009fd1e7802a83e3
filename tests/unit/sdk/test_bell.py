"""Where workers are told of jobs that another driver's connection stored."""

import pytest
from sqlalchemy import make_url

from equeue.entrypoints.sdk.bell import _conninfo


@pytest.mark.parametrize(
    ("url", "conninfo"),
    [
        ("postgresql+asyncpg://u:p%40ss@db:5433/app", "postgresql://u:p%40ss@db:5433/app"),
        ("postgresql+psycopg2://u@/app?host=/run/pg", "postgresql://u@/app?host=%2Frun%2Fpg"),
        (
            "postgresql+asyncpg://db/app?prepared_statement_cache_size=0&sslmode=require",
            "postgresql://db/app?sslmode=require",
        ),
    ],
)
def test_another_drivers_address_is_read(url: str, conninfo: str) -> None:
    """Host, user, password and database stay; what only that driver understands is left out."""
    assert _conninfo(make_url(url)) == conninfo
