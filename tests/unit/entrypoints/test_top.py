"""`equeue top`: one page says what waits, what is wrong and what comes next, in plain lines."""

from typing import Any

import pytest

from equeue.entrypoints.cli.top import page

NO_TIME: dict[str, Any] = {"count": 0, "p50_s": None, "p95_s": None, "p99_s": None}
QUIET: dict[str, Any] = {
    "server_time": "2026-01-01T12:00:00.000000Z",
    "tiles": {
        **{name: {"value": 0, "capped": False} for name in ("ready", "scheduled", "running", "retrying")},
        "dead": 0,
        "enqueued_per_minute": 0,
        "done_per_minute": 0,
    },
    "latency": {"wait": NO_TIME, "run": NO_TIME},
    "queues": [],
    "errors": [],
    "stuck": [],
    "schedules": [],
}


def a_queue(name: str, ready: int, *, capped: bool = False, oldest_s: float | None = None) -> dict[str, Any]:
    """Return the figures of a queue in which nothing but `ready` jobs are."""
    none = {"value": 0, "capped": False}
    held = {"ready": {"value": ready, "capped": capped}, "scheduled": none, "running": none, "retrying": none}
    return {"name": name, **held, "dead": 0, "oldest_ready_s": oldest_s}


def test_where_nothing_is_nothing_is_said() -> None:
    """Three lines, and no title without a row under it."""
    assert page(QUIET) == [
        "eQueue at 2026-01-01 12:00:00 UTC",
        "ready 0   scheduled 0   running 0   retrying 0   dead 0   in/min 0   done/min 0",
        "wait p50 - p95 - p99 -   run p50 - p95 - p99 -   (last hour)",
    ]


def test_queues_stand_under_each_other() -> None:
    """Counts that were not counted to their end say so, and times have a unit."""
    busy = [a_queue("mail", 10_000, capped=True, oldest_s=90.0), a_queue("reports.monthly", 3, oldest_s=0.25)]
    assert page(QUIET | {"queues": busy})[3:] == [
        "",
        "QUEUES",
        "name             ready   scheduled  running  retrying  dead  oldest",
        "mail             10000+  0          0        0         0     1.5 min",
        "reports.monthly  3       0          0        0         0     250 ms",
    ]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.25, "250 ms"), (0.9999, "1000 ms"), (1.0, "1 s"), (59.96, "60 s"), (9_000.0, "2.5 h"), (86_400e3, "1000 d")],
)
def test_times_have_three_digits_and_no_powers_of_ten(seconds: float, told: str) -> None:
    """Whatever their unit."""
    assert told in page(QUIET | {"queues": [a_queue("mail", 1, oldest_s=seconds)]})[-1]


def test_what_is_wrong_and_what_comes_is_said() -> None:
    """Nothing that anybody wrote moves the cursor, and five of a kind are enough."""
    errors = [{"jobs": 7, "error_type": "OSError", "message": "no\x1b[2J route\nto host", "queues": ["a", "b"]}] * 6
    stuck = [{"job_id": "0199", "task": "a.b", "queue": "mail", "overdue_s": 7_200.0}]
    schedules = [{"name": "nightly", "task": "report.build", "next_at": "2026-01-01T12:00:45.000000Z"}]
    lines = page(QUIET | {"errors": errors, "stuck": stuck, "schedules": schedules})
    assert lines.count("7     OSError: no\ufffd[2J route to host  a b") == 5
    assert "0199  a.b   mail   2 h" in lines
    assert "nightly   45 s  report.build" in lines
    assert not any(sign in line for line in lines for sign in ("\x1b", "\n"))
