"""`equeue jobs explain` and `equeue queues explain`: why a job is not running, why a queue starts nothing, in words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import options
from .output import Format, bold, chosen, plain, write_all, write_one
from .remote import connected, each, job_ids

if TYPE_CHECKING:
    from ..sdk.api import Api

READY = {True: "ready", False: "waits", None: "may be ready"}


def explain_jobs(*ids: str, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> int:
    """Say why jobs are not running: what keeps them first, then what they wait for beside.

    Ids come as words, or a line each on standard input.
    """

    def act(api: "Api", job_id: str) -> dict[str, Any]:
        told = api.get(f"/jobs/{job_id}/explain")
        return {"id": told["job_id"], **told}

    return each(job_ids(ids), act, output, url, api_key, _write)


def explain_queue(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Say why a queue starts nothing, or nothing more."""
    with connected(url, api_key) as api:
        told = {"id": name, **api.get(f"/queues/{name}/explain")}
    if chosen(output) == "table":
        counts = ", ".join(f"{_count(told[name])} {name}" for name in ("waiting", "due", "running"))
        _tell(told, f"{READY[told['ready']]}: {counts}")
    else:
        write_one(told, output)


def _write(documents: Iterable[dict[str, Any]], output: Format | None) -> None:
    if chosen(output) != "table":
        write_all(documents, (), output)
        return
    for told in documents:
        state = READY[told["ready"]] if told["status"] == "queued" else told["status"]
        _tell(told, f"{state}, queue {told['queue']}")


def _tell(told: dict[str, Any], state: str) -> None:
    print(f"{bold(told['id'])}  {state}")
    for reason in told["reasons"]:
        print(f"  {'x' if reason['blocks'] else '-'} {plain(reason['detail'])}")
        for held in reason.get("holders", ()):
            print(f"      {held['job_id']} in worker {held['worker_id']}")


def _count(count: dict[str, Any]) -> str:
    return f"more than {count['value'] - 1}" if count["capped"] else str(count["value"])
