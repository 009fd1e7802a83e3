"""`equeue enqueue`: one job in."""

from typing import Annotated, Any

from cyclopts import Parameter

from . import options, values
from .exits import Exit
from .output import write_one
from .remote import connected, ended


def enqueue(
    task: str,
    /,
    *pairs: str,
    json: options.Payload = None,
    queue: Annotated[str | None, Parameter(help="The queue, instead of the task's own.")] = None,
    priority: options.Priority = None,
    delay: options.Delay = None,
    at: options.At = None,
    expires: options.Expires = None,
    retries: options.Retries = None,
    unique: Annotated[str | None, Parameter(help="At most one unfinished job holds this key.")] = None,
    wait: options.Wait = False,
    patience: options.Patience = "5m",
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Enqueue a job for TASK; its payload is made of key=value words, whose values may be JSON."""
    job: dict[str, Any] = {"task": task, "payload": values.payload(pairs, json)}
    job |= values.wishes(queue=queue, priority=priority, delay=delay, at=at, expires=expires, retries=retries)
    if unique:
        job["unique"] = {"key": unique}
    with connected(url, api_key) as api:
        answer = api.enqueue(job)
        told = ended(api, answer["job"]["id"], values.duration(patience).total_seconds()) if wait else answer["job"]
    write_one(told, output)
    return Exit.JOB_FAILED if wait and told["status"] != "succeeded" else Exit.OK
