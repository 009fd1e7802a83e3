"""`equeue dead …`: what became of jobs that died, and what to do with them."""

from itertools import islice
from typing import Annotated

from cyclopts import App, Parameter

from . import options
from .bulk import ANY, Detach, Filter, Manner, Where, Yes, change
from .output import write_all
from .remote import connected

dead = App(
    name="dead", help="List, retry or delete dead jobs: by ids, by the group that they died in, or by other options."
)


COLUMNS = ("fingerprint", "jobs", "crashes", "error_type", "message", "tasks", "queues", "last_seen")


@dead.command(name="groups")
def groups(
    *,
    queue: Annotated[list[str] | None, Parameter(help="Only jobs of this queue.")] = None,
    task: Annotated[list[str] | None, Parameter(help="Only jobs of this task.")] = None,
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
    yes: Yes = False,
    detach: Detach = False,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Queue dead jobs again, their retry budget restored; it counts them and asks first."""
    return change("retry", ids, _dead(where, ids), Manner(yes, detach, output, url, api_key))


@dead.command(name="delete")
def delete(
    *ids: str,
    where: Filter = ANY,
    yes: Yes = False,
    detach: Detach = False,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Delete dead jobs for good, with their attempts; it counts them and asks first."""
    return change("delete", ids, _dead(where, ids), Manner(yes, detach, output, url, api_key))


def _dead(where: Where, ids: tuple[str, ...]) -> Where:
    """Return the options narrowed to dead jobs; without any, ids are meant, from wherever they come."""
    if where == ANY and not ids:
        return where
    return Where(
        status=["dead"],
        queue=where.queue,
        task=where.task,
        tag=where.tag,
        group=where.group,
        created_after=where.created_after,
        created_before=where.created_before,
    )
