"""What `equeue queues` tells of the jobs that queues hold."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..sdk.api import Api

COUNTS = ("ready", "scheduled", "running", "retrying")
COLUMNS = (*COUNTS, "dead", "oldest_ready_s")
FORBIDDEN = 403


def of_queues(api: "Api") -> dict[str, dict[str, Any]]:
    """Return what each queue holds, by name; nothing of any if the key may not see it."""
    from ..sdk.refusals import Refused

    try:
        queues = api.get("/stats/overview")["queues"]
    except Refused as refusal:
        if refusal.status != FORBIDDEN:
            raise
        return {}
    return {queue["name"]: told(queue) for queue in queues}


def of_queue(api: "Api", name: str) -> dict[str, Any]:
    """Return what one queue holds, and its last hour; nothing if the key may not see it."""
    from ..sdk.refusals import Refused

    try:
        queue = api.get(f"/queues/{name}/stats")
    except Refused as refusal:
        if refusal.status != FORBIDDEN:
            raise
        return {}
    lately = {f"{what}_{share}": queue["latency"][what][share] for what in ("wait", "run") for share in _SHARES}
    return told(queue) | {name: queue[name] for name in ("enqueued_per_minute", "done_per_minute")} | lately


_SHARES = ("p50_s", "p95_s", "p99_s")


def told(queue: dict[str, Any]) -> dict[str, Any]:
    """Return figures as one line shows them; a count that is only known to be so large at least ends in `+`."""
    counts = {name: f"{queue[name]['value']}+" if queue[name]["capped"] else queue[name]["value"] for name in COUNTS}
    return counts | {name: queue[name] for name in ("dead", "oldest_ready_s")}
