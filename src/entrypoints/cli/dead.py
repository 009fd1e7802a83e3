"""`equeue dead …`: what became of jobs that died, and what to do with them."""

from cyclopts import App

from . import options
from .bulk import ANY, Detach, Filter, Manner, Where, Yes, change

dead = App(name="dead", help="Retry or delete dead jobs: by ids, by the group that they died in, or by other options.")


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
