"""`equeue queues pause | resume | limits | retention | purge`: what may run, how much at once, how long it is kept."""

import re
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from . import options, values
from .bulk import PLAIN, Way, told
from .exits import Exit, Stop
from .output import write_one
from .queues import flat, queues
from .remote import confirm, connected

Limit = Literal["max-running", "max-running-per-key", "rate", "max-depth", "oldest-share"]
Kept = Literal["succeeded", "cancelled", "dead", "results"]
_RATE = re.compile(r"(\d+)/(\d*(?:\.\d+)?(?:ms|s|m|h|d))(?::(\d+))?")


@queues.command(name="pause")
def pause_queue(
    name: str,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why; everybody who looks at the queue reads it.")] = None,
    until: Annotated[str | None, Parameter(help="Until this instant, or for so long: 30m. Else until resumed.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Have no job of a queue start; what runs goes on."""
    said = {"reason": reason, "until": None if until is None else values.instant(until)}
    with connected(url, api_key) as api:
        write_one(flat(api.post(f"/queues/{name}/pause", said, again=True)), output)


@queues.command(name="resume")
def resume_queue(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Have the jobs of a queue start again."""
    with connected(url, api_key) as api:
        write_one(flat(api.post(f"/queues/{name}/resume", again=True)), output)


@queues.command(name="limits")
def set_limits(
    name: str,
    /,
    *,
    max_running: Annotated[int | None, Parameter(help="So many jobs run at once.")] = None,
    max_running_per_key: Annotated[int | None, Parameter(help="So many of one concurrency key.")] = None,
    rate: Annotated[
        str | None, Parameter(help="So many start in so long, and perhaps a burst: 100/1m, 5/s:20.")
    ] = None,
    max_depth: Annotated[int | None, Parameter(help="So many may wait; further ones are refused.")] = None,
    oldest_share: Annotated[
        float | None, Parameter(help="This share of each claim goes to the longest due: 0.1.")
    ] = None,
    unset: Annotated[list[Limit] | None, Parameter(help="A limit that shall be none again.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Show the limits of a queue, or change those that are named; the rest stays as it is."""
    given = {
        "max_running": max_running,
        "max_running_per_key": max_running_per_key,
        "rate": None if rate is None else _rate(rate),
        "max_depth": max_depth,
        "oldest_share": oldest_share,
    }
    changes: dict[str, Any] = {limit.replace("-", "_"): None for limit in unset or ()}
    changes |= {limit: value for limit, value in given.items() if value is not None}
    with connected(url, api_key) as api:
        queue = api.set_queue(name, changes) if changes else api.get(f"/queues/{name}")
    write_one({"id": name, "name": name, **{limit: queue[limit] for limit in given}}, output)


@queues.command(name="retention")
def set_retention(
    name: str,
    /,
    *,
    succeeded: Annotated[str | None, Parameter(help="How long jobs that succeeded are kept: 12h, 7d.")] = None,
    cancelled: Annotated[str | None, Parameter(help="How long jobs that were cancelled are.")] = None,
    dead: Annotated[str | None, Parameter(help="How long dead jobs are.")] = None,
    results: Annotated[str | None, Parameter(help="How long results are, if not as long as their jobs.")] = None,
    unset: Annotated[list[Kept] | None, Parameter(help="A time that shall be the system's again.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Show how long what ended in a queue is kept, or change what is named; the rest stays as it is."""
    given = {"succeeded_s": succeeded, "cancelled_s": cancelled, "dead_s": dead, "result_s": results}
    changes: dict[str, float | None] = {f"{kept.removesuffix('s')}_s": None for kept in unset or ()}
    changes |= {kept: values.duration(text).total_seconds() for kept, text in given.items() if text is not None}
    with connected(url, api_key) as api:
        queue = api.set_queue(name, {"retention": changes}) if changes else api.get(f"/queues/{name}")
    write_one({"id": name, "name": name, **queue["retention"]}, output)


@queues.command(name="purge")
def purge_queue(
    name: str,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why; it is kept with each job.")] = None,
    manner: Way = PLAIN,
) -> int:
    """Cancel every job that waits in a queue now; what runs, and what comes later, stays."""
    confirm(f"Cancel every job that waits in the queue {name}?", yes=manner.yes)
    with connected(manner.url, manner.api_key) as api:
        operation = api.post(f"/queues/{name}/purge", {"confirm": name, "reason": reason})
        return told(api, operation, manner.output, detach=manner.detach)


def _rate(text: str) -> dict[str, Any]:
    found = _RATE.fullmatch(text)
    if found is None:
        raise Stop(f"'{text}' is no rate; write 100/1m, 5/s, or with a burst 5/s:20", Exit.USAGE)
    limit, period, burst = found.groups()
    whole = period if period[0].isdigit() else f"1{period}"
    rate: dict[str, Any] = {"limit": int(limit), "period_s": values.duration(whole).total_seconds()}
    return rate | ({} if burst is None else {"burst": int(burst)})
