"""`equeue top`: everything at one glance in a terminal, kept fresh."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from . import options, values
from .exits import Exit, Stop
from .figures import told
from .output import WIDEST, plain
from .remote import connected

Overview: TypeAlias = dict[str, Any]

LATELY = 5
"""So many errors, stuck jobs and schedules are shown."""

QUICKEST_S = 0.2

AWAY = 500
"""From this status on an answer says that the API cannot answer now."""

THREE_DIGITS = 99.95
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms"))
_HELD = ("ready", "scheduled", "running", "retrying", "dead")
_QUEUE = ("name", *_HELD, "oldest")
_TO_SCREEN, _TO_LINES = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


def top(
    *,
    once: Annotated[bool, Parameter(negative=(), help="Write it once and end.")] = False,
    every: Annotated[str, Parameter(help="How often it is looked at anew: 2s, 500ms.")] = "2s",
    queue: Annotated[list[str] | None, Parameter(help="Only this queue; may be given again.")] = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Show what waits, runs and lies dead, the last hour, what is wrong and what comes next, until Ctrl-C."""
    pause_s = values.duration(every).total_seconds()
    if pause_s < QUICKEST_S:
        raise Stop(f"--every {every}: no sooner than each {QUICKEST_S:g} s", Exit.USAGE)
    with connected(url, api_key) as api:

        def look() -> Overview:
            return api.get("/stats/overview", {"queue": queue or []})

        if once:
            print("\n".join(page(look())))
        else:
            _follow(look, pause_s)


def _follow(look: Callable[[], Overview], pause_s: float) -> None:
    """Write page after page; an API that goes away meanwhile is waited for."""
    from ..sdk.refusals import NotReachable, Refused

    lines, trouble = page(look()), list[str]()
    with _screen() as show:
        while True:
            show([*trouble, *lines])
            time.sleep(pause_s)
            try:
                lines, trouble = page(look()), []
            except (NotReachable, Refused) as away:
                if isinstance(away, Refused) and away.status < AWAY:
                    raise
                trouble = [f"{away}; this is what was seen last"]


@contextmanager
def _screen() -> Iterator[Callable[[Sequence[str]], None]]:
    """Give what shows a page: in place on a terminal, one behind the other elsewhere."""
    if not sys.stdout.isatty():
        yield lambda lines: print("\n".join([*lines, ""]), flush=True)
        return
    sys.stdout.write(_TO_SCREEN)
    try:
        yield _show
    finally:
        sys.stdout.write(_TO_LINES)
        sys.stdout.flush()


def _show(lines: Sequence[str]) -> None:
    """Write as much of a page over the last one as there is room for."""
    columns, rows = shutil.get_terminal_size()
    cut = [line[:columns] + _END_OF_LINE for line in lines[:rows]]
    sys.stdout.write(_HOME + "\n".join(cut) + _BELOW)
    sys.stdout.flush()


def page(seen: Overview) -> list[str]:
    """Return the lines of one page."""
    now, tiles = datetime.fromisoformat(seen["server_time"]), seen["tiles"]
    counts = told({**tiles, "oldest_ready_s": None})
    pace = f"in/min {tiles['enqueued_per_minute']}", f"done/min {tiles['done_per_minute']}"
    return [
        f"eQueue at {now:%Y-%m-%d %H:%M:%S} UTC",
        "   ".join([*(f"{name} {counts[name]}" for name in _HELD), *pace]),
        "   ".join(_latency(what, seen["latency"][what]) for what in ("wait", "run")) + "   (last hour)",
        *_table("QUEUES", _QUEUE, [_queue(queue) for queue in seen["queues"]]),
        *_table("ERRORS", ("jobs", "error", "queues"), [_error(group) for group in seen["errors"][:LATELY]]),
        *_table("STUCK", ("job", "task", "queue", "overdue"), [_stuck(job) for job in seen["stuck"][:LATELY]]),
        *_table("NEXT", ("schedule", "in", "task"), [_next(each, now) for each in seen["schedules"][:LATELY]]),
    ]


def _latency(what: str, latency: dict[str, Any]) -> str:
    shares = ((share, latency[f"{share}_s"]) for share in ("p50", "p95", "p99"))
    return " ".join([what, *(f"{share} {_lasting(seconds)}" for share, seconds in shares)])


def _queue(queue: dict[str, Any]) -> list[str]:
    counts = told(queue)
    return [queue["name"], *(str(counts[name]) for name in _HELD), _lasting(queue["oldest_ready_s"])]


def _error(group: dict[str, Any]) -> list[str]:
    return [str(group["jobs"]), f"{group['error_type']}: {group['message']}", " ".join(group["queues"])]


def _stuck(job: dict[str, Any]) -> list[str]:
    return [job["job_id"], job["task"], job["queue"], _lasting(job["overdue_s"])]


def _next(schedule: dict[str, Any], now: datetime) -> list[str]:
    wait = datetime.fromisoformat(schedule["next_at"]) - now
    return [schedule["name"], _lasting(max(wait.total_seconds(), 0.0)), schedule["task"]]


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table under its title, behind an empty line; nothing if it has no rows."""
    if not rows:
        return []
    cells = [[" ".join(plain(cell).split())[:WIDEST] for cell in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return ["", title, *lines]


def _lasting(seconds: float | None) -> str:
    """Return a time as people say it, in one unit."""
    if seconds is None:
        return "-"
    length, unit = next(((length, unit) for length, unit in _UNITS if seconds >= length), _UNITS[-1])
    count = seconds / length
    return f"{count:.0f} {unit}" if count >= THREE_DIGITS else f"{count:.3g} {unit}"
