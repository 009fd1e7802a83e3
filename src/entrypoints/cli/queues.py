"""`equeue queues …`: what holds for the jobs of a queue."""

import json
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from . import figures, options, values
from .exits import Exit, Stop
from .output import write_all, write_one
from .remote import connected

queues = App(name="queues", help="Look at queues and set what holds for their jobs.")
queues.command("equeue.entrypoints.cli.explain:explain_queue", name="explain")

COLUMNS = ("name", "paused", *figures.COLUMNS, "max_running", "max_running_per_key", "rate", "max_depth")

Setting = Literal["retries", "timeout", "backoff", "on-dead", "target-wait"]
_UNSET: dict[Setting, dict[str, Any]] = {
    "retries": {"defaults": {"max_retries": None}},
    "timeout": {"defaults": {"timeout_s": None}},
    "backoff": {"defaults": {"backoff": None}},
    "on-dead": {"on_dead": None},
    "target-wait": {"target_wait_s": None},
}


@queues.command(name="list")
def list_queues(*, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> None:
    """List every queue that a setting, a task or a waiting job names, with what it holds."""
    with connected(url, api_key) as api:
        held = figures.of_queues(api)
        write_all((flat(queue) | held.get(queue["name"], {}) for queue in api.queues()), COLUMNS, output)


@queues.command(name="show")
def show_queue(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Show one queue with its settings, what it holds, and its last hour."""
    with connected(url, api_key) as api:
        write_one(flat(api.get(f"/queues/{name}")) | figures.of_queue(api, name), output)


@queues.command(name="set")
def set_queue(
    name: str,
    /,
    *,
    retries: Annotated[int | None, Parameter(help="How many failures are tried again.")] = None,
    timeout: Annotated[str | None, Parameter(help="How long one attempt may run: 90s, 10m.")] = None,
    backoff: Annotated[
        str | None, Parameter(help="The wait before a retry: fixed:5s, exponential:2s, or the whole policy as JSON.")
    ] = None,
    on_dead: Annotated[str | None, Parameter(help="The task to enqueue when a job dies.")] = None,
    on_dead_payload: Annotated[
        str | None, Parameter(help='Its payload as JSON, such as {"url": "https://…", "body": "$job"}.')
    ] = None,
    target_wait: Annotated[
        str | None, Parameter(help="How long jobs may wait, as autoscalers are told: 10s, 5m.")
    ] = None,
    unset: Annotated[list[Setting] | None, Parameter(help="A setting that shall be the system's again.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Change what is named of a queue's settings; the rest stays as it is."""
    if on_dead_payload is not None and on_dead is None:
        raise Stop("--on-dead-payload belongs to a task: give --on-dead too", Exit.USAGE)
    changes: dict[str, Any] = {"defaults": {}}
    for setting in unset or ():
        for member, value in _UNSET[setting].items():
            changes[member] = {**changes.get(member, {}), **value} if isinstance(value, dict) else value
    if retries is not None:
        changes["defaults"]["max_retries"] = retries
    if timeout is not None:
        changes["defaults"]["timeout_s"] = values.duration(timeout).total_seconds()
    if backoff is not None:
        changes["defaults"]["backoff"] = _backoff(backoff)
    if on_dead is not None:
        payload = None if on_dead_payload is None else _json("--on-dead-payload", on_dead_payload)
        changes["on_dead"] = {"task": on_dead, "payload": payload}
    if target_wait is not None:
        changes["target_wait_s"] = values.duration(target_wait).total_seconds()
    with connected(url, api_key) as api:
        write_one(flat(api.set_queue(name, changes)), output)


def _backoff(text: str) -> Any:
    kind, colon, base = text.partition(":")
    if colon and kind in ("fixed", "exponential"):
        return {"kind": kind, "base_s": values.duration(base).total_seconds()}
    return _json("--backoff", text)


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as trouble:
        raise Stop(f"{option} is no JSON: {trouble}", Exit.USAGE) from None


def flat(queue: dict[str, Any]) -> dict[str, Any]:
    """Return a queue as one line shows it."""
    told = {"id": queue["name"], "name": queue["name"], **queue["defaults"]}
    return told | {name: value for name, value in queue.items() if name not in ("name", "defaults")}
