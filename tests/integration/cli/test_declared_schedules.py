"""Schedules that a worker's own code declares are judged before it begins."""

import os
from pathlib import Path

import pytest
from tests.integration.cli.conftest import Run


@pytest.mark.parametrize(
    ("payload", "rhythm", "told"),
    [
        ({"month": 7}, "every=60", "/job/payload/month"),
        ({"month": "july"}, 'cron="99 2 * * *"', "/cron"),
        ({"month": "x" * 2_000}, "every=60", "/job/payload"),
    ],
    ids=["payload", "rhythm", "size"],
)
def test_worker_refuses_a_schedule_that_comes_to_nothing(
    equeue: Run, database_url: str, tmp_path: Path, payload: dict[str, object], rhythm: str, told: str
) -> None:
    """One in its code whose payload its own task refuses or is too large, or that no calendar follows: exit 2."""
    (tmp_path / "reports.py").write_text(
        f"""
from equeue import Tasks

tasks = Tasks()


@tasks.task("report.build")
async def build(month: str) -> None: ...


tasks.schedule("nightly", build, {payload!r}, {rhythm})
"""
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = equeue(
        "worker", "reports", "--burst", EQUEUE_DATABASE_URL=database_url, EQUEUE_PAYLOAD_BYTES="1024", PYTHONPATH=path
    )

    assert said.code == 2, said.err
    assert "schedule 'nightly'" in said.err
    assert told in said.err
