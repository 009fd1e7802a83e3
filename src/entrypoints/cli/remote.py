"""What commands that call the API share: the way there, ids from words or a pipe, and acts on one job after another."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from . import options
from .exits import Exit, Stop, complain, explain
from .output import Format, write_all

if TYPE_CHECKING:
    from ..sdk.api import Api

Act: TypeAlias = "Callable[[Api, str], dict[str, Any]]"
Write: TypeAlias = Callable[[Iterable[dict[str, Any]], Format | None], None]

COLUMNS = ("id", "task", "queue", "status", "attempt", "created_at", "run_at")
OUTCOMES = ("id", "outcome", "task", "queue", "status", "run_at")
WAIT_S = 20
"""How long the API is asked to wait for a job's end, until it is asked again."""

PAUSE_S = 0.05
"""A proxy may know nothing of waiting, or a server that stops answer at once."""

_FOR_ALL = frozenset({Exit.AUTH, Exit.NOT_REACHABLE})
"""What stands in the way of one job like this stands in the way of each."""


@contextmanager
def connected(url: str | None, key: str | None) -> Iterator["Api"]:
    """Give the API that the options or the settings name."""
    from ..dev.places import development_key
    from ..sdk.api import Api
    from ..settings import read_settings

    settings = read_settings(**options.given(EQUEUE_URL=url, EQUEUE_API_KEY=key))
    with Api(settings.url, settings.api_key or development_key(settings)) as api:
        yield api


def job_ids(words: Sequence[str]) -> list[str]:
    """Return the ids that are given as words, or for none on standard input, a line each: bare, or in JSON."""
    if words:
        return [_id(word) for word in words]
    if sys.stdin.isatty():
        raise Stop("give ids of jobs, or pipe them in: equeue jobs list -o id | equeue jobs …", Exit.USAGE)
    lines = [line.strip() for line in sys.stdin]
    return [_id(_piped(line)) for line in lines if line]


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person before something is destroyed; raise `Stop` unless the answer is yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(f"{question} Nobody can answer here: say --yes", Exit.USAGE)
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Stop("nothing was done")


def each(
    ids: Sequence[str], act: Act, output: Format | None, url: str | None, key: str | None, write: Write | None = None
) -> Exit:
    """Do something to each job and write what came of it; return how it ended, with the first refusal's code.

    A refusal of one is told and the others go on, unless it would be the same for all.
    """
    refused: list[Exit] = []
    with connected(url, key) as api:
        came = _outcomes(api, ids, act, refused)
        write(came, output) if write else write_all(came, OUTCOMES, output)
    return refused[0] if refused else Exit.OK


def outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer to a move as one document: the job, and what came of it."""
    return {"outcome": answer["outcome"], **answer["job"]}


def ended(api: "Api", job_id: str, patience_s: float) -> dict[str, Any]:
    """Return the job once it has ended; the API waits with us."""
    end = time.monotonic() + patience_s
    while True:
        left = math.ceil(end - time.monotonic())
        job = api.job(job_id, wait_s=max(0, min(left, WAIT_S)))
        if job["finished_at"] is not None:
            return job
        if time.monotonic() >= end:
            raise Stop(f"job {job_id} is still {job['status']}; it goes on without us", Exit.WAIT_TIMED_OUT)
        time.sleep(PAUSE_S)


def _outcomes(api: "Api", ids: Sequence[str], act: Act, refused: list[Exit]) -> Iterator[dict[str, Any]]:
    from ..sdk.refusals import Refused

    for job_id in ids:
        try:
            yield act(api, job_id)
        except Refused as refusal:
            told = explain(refusal)
            if told is None or told.code in _FOR_ALL:
                raise
            complain(f"{job_id}: {told}")
            refused.append(told.code)


def _piped(line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError):
        raise Stop(f"'{line[:60]}' is no job", Exit.USAGE) from None


def _id(word: str) -> str:
    try:
        return str(UUID(word))
    except ValueError:
        raise Stop(f"'{word[:60]}' is no job's id", Exit.USAGE) from None
