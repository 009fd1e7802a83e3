"""PostgreSQL's own side of the adapters: engines, plain connections, and many rows."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.contract.postgres_world import postgres_world
from tests.contract.world import World

from equeue.adapters.postgres.engine import create_engine


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine over an empty database."""
    opened = create_engine(database_url)
    yield opened
    await opened.dispose()


@pytest.fixture
def sql(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a plain connection to the same database, in AUTOCOMMIT."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """Give the adapters over the same database."""
    async with postgres_world(database_url) as opened:
        yield opened
