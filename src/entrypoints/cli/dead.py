"""`equeue dead …`: what became of jobs that died, and what to do with them."""

from dataclasses import replace
from itertools import islice
from typing import Annotated

from cyclopts import App, Parameter

from . import options
from .bulk import ANY, PLAIN, Filter, Way, Where, change
from .output import write_all
from .remote import connected

dead = App(
    name="dead", help="List, retry or delete dead jobs: by ids, by the group that they died in, or by other options."
)


COLUMNS = ("fingerprint", "jobs", "crashes", "error_type", "message", "tasks", "queues", "last_seen")


@dead.command(name="groups")
def groups(
    *,
    queue: options.Queues = None,
    task: options.Tasks = None,
    limit: Annotated[int, Parameter(help="How many groups at most, the latest death first.")] = 50,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """List dead jobs by what killed them; `crashes` are those that kill the process which runs them."""
    where = {name: value for name, value in (("queue", queue), ("task", task)) if value}
    with connected(url, api_key) as api:
        found = api.dead_letter_groups(where, page=max(1, min(limit, 200)))
        told = ({**group, "id": group["fingerprint"]} for group in islice(found, limit))
        write_all(told, COLUMNS, output)


@dead.command(name="retry")
def retry(
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Queue dead jobs again, their retry budget restored; it counts them and asks first."""
    return change("retry", ids, _dead(where, ids), manner)


@dead.command(name="delete")
def delete(
    *ids: str,
    where: Filter = ANY,
    manner: Way = PLAIN,
) -> int:
    """Delete dead jobs for good, with their attempts; it counts them and asks first."""
    return change("delete", ids, _dead(where, ids), manner)


def _dead(where: Where, ids: tuple[str, ...]) -> Where:
    """Return the options narrowed to dead jobs; without any, ids are meant, from wherever they come."""
    return where if where == ANY and not ids else replace(where, status=["dead"])
