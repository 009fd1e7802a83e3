"""`equeue bulk …`: change many jobs at once, and look at, abort or resume what is under way."""

import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cyclopts import App, Parameter

from . import options, values
from .exits import Exit, Stop, complain
from .output import Format, write_all, write_one
from .remote import confirm, connected, job_ids

if TYPE_CHECKING:
    from ..sdk.api import Api

bulk = App(name="bulk", help="Change many jobs at once; look at what is under way, abort or resume it.")

PATH = "/bulk-operations"
COLUMNS = ("id", "action", "status", "matched", "done", "skipped", "failed", "created_at")
LOOK_S = 0.25
PATIENT_S = 1.0
"""Work that is over sooner shows no progress."""
IDS = 1_000
"""So many jobs may be named in one operation."""

Detach: TypeAlias = Annotated[bool, Parameter(negative=(), help="Write the operation at once; it goes on by itself.")]


@dataclass(frozen=True)
class Where:
    """Which jobs are meant: within an option any of its words, and all the options together."""

    status: Annotated[list[options.Status] | None, Parameter(help="Jobs in this status.")] = None
    queue: Annotated[list[str] | None, Parameter(help="Jobs of this queue.")] = None
    task: Annotated[list[str] | None, Parameter(help="Jobs of this task.")] = None
    tag: Annotated[list[str] | None, Parameter(help="Jobs with this tag.")] = None
    group: Annotated[list[str] | None, Parameter(help="Jobs that died of the cause with this fingerprint.")] = None
    created_after: Annotated[str | None, Parameter(help="Created from this instant on, or for so long: 2h.")] = None
    created_before: Annotated[str | None, Parameter(help="Created before this instant, or so long ago: 7d.")] = None
    filter: options.Filter = None

    def selector(self) -> dict[str, Any]:
        """Return the filter as the API takes it."""
        said: dict[str, Any] = {"status": self.status, "queue": self.queue, "task": self.task, "tag": self.tag}
        said |= {"fingerprint": self.group, "q": self.filter}
        said |= {"created_after": _instant(self.created_after), "created_before": _instant(self.created_before)}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Manner:
    """How a change of many jobs is gone about."""

    yes: Annotated[bool, Parameter(negative=(), help="Do not ask.")] = False
    detach: Detach = False
    output: options.Output = None
    url: options.Url = None
    api_key: options.Key = None


ANY = Where()
Filter: TypeAlias = Annotated[Where, Parameter(name="*")]
PLAIN = Manner()
Way: TypeAlias = Annotated[Manner, Parameter(name="*")]


@bulk.command(name="list")
def list_operations(
    *,
    limit: Annotated[int, Parameter(help="How many at most, the newest first.")] = 50,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """List bulk operations, the newest first."""
    with connected(url, api_key) as api:
        write_all(islice(_all(api), limit), COLUMNS, output)


@bulk.command(name="show")
def show_operation(
    id: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Show one bulk operation and how far it has come."""
    with connected(url, api_key) as api:
        write_one(api.get(f"{PATH}/{id}"), output)


@bulk.command(name="abort")
def abort_operation(
    id: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Stop a bulk operation: once this is answered, no further job is touched. It can be resumed."""
    with connected(url, api_key) as api:
        write_one(api.post(f"{PATH}/{id}/abort", again=True), output)


@bulk.command(name="resume")
def resume_operation(
    id: str,
    /,
    *,
    detach: Detach = False,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Go on with a bulk operation that was aborted, where it stopped."""
    with connected(url, api_key) as api:
        return told(api, api.post(f"{PATH}/{id}/resume", again=True), output, detach=detach)


@bulk.command(name="retry")
def retry(
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Queue dead or cancelled jobs again, named by ids or meant by options; it counts them and asks first."""
    return change("retry", ids, where, manner)


@bulk.command(name="cancel")
def cancel(
    *ids: str,
    where: Filter = ANY,
    reason: Annotated[str | None, Parameter(help="Why, for those who look at the jobs later.")] = None,
    manner: Way = PLAIN,
) -> int:
    """Cancel jobs: those that wait at once, those that run once their worker has heard of it."""
    return change("cancel", ids, where, manner, reason=reason)


@bulk.command(name="delete")
def delete(
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Delete jobs that have ended, with their attempts and results."""
    return change("delete", ids, where, manner)


@bulk.command(name="move")
def move(
    to: str,
    /,
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Move waiting jobs to the queue TO."""
    return change("move", ids, where, manner, queue=to)


@bulk.command(name="run-now")
def run_now(
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Make waiting jobs due at once."""
    return change("run-now", ids, where, manner)


def change(action: str, ids: Sequence[str], where: Where, manner: Manner, **more: str | None) -> int:
    """Preview a change of many jobs, ask, have it done, and show how far it is; return how the command ends.

    Without ids and options the ids come from standard input, a line each.
    """
    selector = where.selector()
    if ids or not selector:
        selector["ids"] = _few(job_ids(ids))
    request = {"action": action, "filter": selector, **{name: value for name, value in more.items() if value}}
    with connected(manner.url, manner.api_key) as api:
        plan = api.post(PATH, {**request, "dry_run": True}, again=True)
        if not plan["count"]["value"]:
            complain("no job is meant; nothing was done")
            return Exit.OK
        confirm(_question(action, plan["count"]), yes=manner.yes)
        request["plan_hash"] = plan["plan_hash"]
        return told(api, api.post(PATH, request, key=str(uuid.uuid4())), manner.output, detach=manner.detach)


def told(api: "Api", operation: dict[str, Any], output: Format | None, *, detach: bool) -> int:
    """Write what came of an operation, once it has ended unless `detach`; return how that ended."""
    ended = operation if detach else _followed(api, operation)
    write_one(ended, output)
    return Exit.OK if detach or ended["status"] == "finished" else Exit.FAILURE


def _followed(api: "Api", operation: dict[str, Any]) -> dict[str, Any]:
    """Return the operation once it has ended; a terminal sees how far it is."""
    began, shown = time.monotonic(), False
    try:
        while operation["status"] in ("pending", "running"):
            time.sleep(LOOK_S)
            operation = api.get(f"{PATH}/{operation['id']}")
            if sys.stderr.isatty() and time.monotonic() - began > PATIENT_S:
                shown = True
                print(f"\r{_progress(operation)}\x1b[K", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        complain(f"it goes on without us; to stop it: equeue bulk abort {operation['id']}")
        raise
    finally:
        if shown:
            print(file=sys.stderr)
    return operation


def _progress(operation: dict[str, Any]) -> str:
    expected = operation["expected"]
    more = "+" if expected["capped"] else ""
    return f"{operation['action']}: {operation['matched']:,} of {expected['value']:,}{more}, {operation['done']:,} done"


def _question(action: str, count: dict[str, Any]) -> str:
    number = f"more than {count['value'] - 1:,}" if count["capped"] else f"{count['value']:,}"
    return f"{action.capitalize()} {number} job{'' if count['value'] == 1 else 's'}?"


def _few(ids: list[str]) -> list[str]:
    if len(ids) > IDS:
        raise Stop(f"at most {IDS:,} jobs can be named by their ids, not {len(ids):,}; use options", Exit.USAGE)
    return ids


def _all(api: "Api") -> Iterator[dict[str, Any]]:
    cursor: dict[str, Any] = {}
    while True:
        page = api.get(PATH, {"limit": 200, **cursor})
        yield from page["items"]
        if not page["has_more"]:
            return
        cursor = {"cursor": page["next_cursor"]}


def _instant(text: str | None) -> str | None:
    """Return an instant as it is, and for a duration the instant that lies so long ago."""
    if text is None or "-" in text:
        return text
    return (datetime.now(UTC) - values.duration(text)).isoformat()
