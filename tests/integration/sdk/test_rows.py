"""What is stored of a job does not depend on who stored it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from tests.builders import OWNER, a_birth

from equeue import Exponential, Fixed, OnConflict, Unique, UniqueWhile
from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.insertion import inserting, row_of
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.entrypoints.sdk.link import Address, Link
from equeue.entrypoints.sdk.questions import drive

NOW = datetime.now(UTC)
PARENT = uuid4()
FACTS: list[dict[str, Any]] = [
    {},
    {"queue": "email", "priority": 0, "max_retries": 0, "timeout": timedelta(milliseconds=100)},
    {"priority": 9, "max_retries": 1_000, "timeout": timedelta(days=1), "tags": ('a"b', "c\\d", "é,{}", "null")},
    {"run_at": NOW + timedelta(days=3_650), "expires_at": NOW + timedelta(days=3_652, microseconds=1)},
    {"backoff": Fixed(0.1, 0.5)},
    {"backoff": Exponential(base=1 / 3, factor=1.5, cap=0.7, jitter=0.25)},
    {"unique": Unique("kéy", UniqueWhile.QUEUED, OnConflict.REJECT), "concurrency_key": "customer:42"},
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "owner": OWNER, "parent": PARENT},
    {"payload": b'{"big": 123456789012345678901234567890.123, "deep": [[[{"a": "\\u00e9\\n\\u2028"}]]], "x": 1e-7}'},
]


@pytest.mark.parametrize("facts", FACTS)
async def test_the_sdk_stores_what_the_repository_stores(database_url: str, facts: dict[str, Any]) -> None:
    """Column by column the same, whichever fact of a job is given."""
    birth = a_birth(**facts)
    engine = create_engine(database_url)
    async with postgres_units_of_work(engine)() as unit:
        await unit.jobs.add([birth])
        await unit.commit()
    await engine.dispose()
    by_repository = _taken(database_url)
    link = Link(Address(database_url))
    assert drive(inserting([row_of(birth)]), link.ask) == [None]
    link.close()
    assert _taken(database_url) == by_repository


async def test_a_delay_counts_from_the_databases_clock(database_url: str) -> None:
    """Whatever the caller's clock says."""
    link = Link(Address(database_url))
    drive(inserting([row_of(a_birth(delay=timedelta(seconds=90.000001)))]), link.ask)
    link.close()
    assert _taken(database_url)["run_at"] == timedelta(seconds=90.000001)


def _taken(url: str) -> dict[str, Any]:
    """Return the one row, its instants of now as distances, and delete it."""
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        row = connection.execute("delete from equeue.jobs returning *, payload::text as payload").fetchone()
    assert row is not None
    created_at = row.pop("created_at")
    if abs(row["run_at"] - created_at) < timedelta(days=1):
        row["run_at"] -= created_at
    return row
