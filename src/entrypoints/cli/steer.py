"""`equeue jobs retry|cancel|run-now|delete|rerun|edit`: jobs named by their ids are steered one after the other."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from . import options, values
from .exits import Exit, Stop
from .remote import confirm, each, ended, job_ids, outcome

if TYPE_CHECKING:
    from ..sdk.api import Api


def retry(*ids: str, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> int:
    """Queue dead or cancelled jobs again, their retry budget restored and their attempts kept.

    Ids come as words, or a line each on standard input.
    """
    return each(job_ids(ids), lambda api, job_id: outcome(api.post(f"/jobs/{job_id}/retry")), output, url, api_key)


def cancel(
    *ids: str,
    reason: Annotated[str | None, Parameter(help="Why, for those who look at the job later.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Cancel jobs: those that wait at once, those that run once their worker has heard of it.

    Ids come as words, or a line each on standard input. A cancelled job can be retried.
    """
    body = {"reason": reason} if reason else {}

    def act(api: "Api", job_id: str) -> dict[str, Any]:
        return outcome(api.post(f"/jobs/{job_id}/cancel", body, again=True))

    return each(job_ids(ids), act, output, url, api_key)


def run_now(*ids: str, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> int:
    """Make waiting jobs due at once.

    Ids come as words, or a line each on standard input.
    """

    def act(api: "Api", job_id: str) -> dict[str, Any]:
        return outcome(api.post(f"/jobs/{job_id}/run-now", again=True))

    return each(job_ids(ids), act, output, url, api_key)


def delete(
    *ids: str,
    yes: Annotated[bool, Parameter(negative=(), help="Do not ask.")] = False,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Delete jobs that have ended, with their attempts and results. It asks first.

    Ids come as words, or a line each on standard input.
    """
    wanted = job_ids(ids)
    confirm(f"Delete {len(wanted)} job{'' if len(wanted) == 1 else 's'} for good?", yes=yes)

    def act(api: "Api", job_id: str) -> dict[str, Any]:
        api.delete(f"/jobs/{job_id}")
        return {"outcome": "deleted", "id": job_id}

    return each(wanted, act, output, url, api_key)


def rerun(
    *words: str,
    json: options.Payload = None,
    queue: Annotated[str | None, Parameter(help="The queue, instead of the first job's.")] = None,
    priority: options.Priority = None,
    delay: options.Delay = None,
    at: options.At = None,
    expires: options.Expires = None,
    retries: options.Retries = None,
    wait: options.Wait = False,
    patience: options.Patience = "5m",
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Enqueue copies of jobs. Words are ids, and key=value members of the payload that are to be otherwise.

    Without ids they come from standard input, a line each.
    """
    pairs = [word for word in words if "=" in word]
    ids = job_ids([word for word in words if "=" not in word])
    span = values.duration(patience).total_seconds()
    body = values.wishes(queue=queue, priority=priority, delay=delay, at=at, expires=expires, retries=retries)
    payload = values.payload(pairs, json)
    failed: list[str] = []

    def act(api: "Api", job_id: str) -> dict[str, Any]:
        if json or pairs:
            body["payload"] = {**({} if json else api.job(job_id)["payload"]), **payload}
        told = outcome(api.rerun(job_id, body))
        if not wait:
            return told
        job = ended(api, told["id"], span)
        failed.extend([job_id] if job["status"] != "succeeded" else [])
        return {**told, **job}

    code = each(ids, act, output, url, api_key)
    return Exit.JOB_FAILED if failed and code is Exit.OK else code


def edit(
    *words: str,
    queue: Annotated[str | None, Parameter(help="Move it to this queue.")] = None,
    priority: options.Priority = None,
    at: options.At = None,
    retries: options.Retries = None,
    tag: Annotated[list[str] | None, Parameter(help="Its tags from now on, one option each.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Change waiting jobs. Words are ids, and key=value members of the payload; `key=null` takes a member away.

    Without ids they come from standard input, a line each.
    """
    pairs = [word for word in words if "=" in word]
    changes = values.wishes(queue=queue, priority=priority, at=at, retries=retries)
    if tag is not None:
        changes["tags"] = tag
    if pairs:
        changes["payload"] = values.payload(pairs, None)
    if not changes:
        raise Stop("say what to change: key=value words, --queue, --priority, --at, --retries, --tag", Exit.USAGE)
    ids = job_ids([word for word in words if "=" not in word])
    return each(ids, lambda api, job_id: outcome(api.edit(job_id, changes)), output, url, api_key)
