"""`equeue schedules …`: when jobs are made by themselves."""

import uuid
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from . import options, values
from .exits import Exit, Stop
from .output import write_all, write_one
from .remote import confirm, connected, outcome

schedules = App(name="schedules", help="Look at schedules, make them, pause them and run them by hand.")

COLUMNS = ("name", "words", "task", "queue", "next_at", "last_fire_at", "paused", "failure", "managed_by")
TIMES = ("fire_at", "local", "note")

Cron = Annotated[
    str | None,
    Parameter(allow_leading_hyphen=True, help="Five fields, minute first, or six, second first: '0 2 * * *'."),
]
Zone = Annotated[str | None, Parameter(help="The time zone of --cron, such as Europe/Berlin; UTC unless given.")]
Every = Annotated[str | None, Parameter(help="A fixed time apart instead: 30s, 10m, 1h30m.")]


@schedules.command(name="list")
def list_schedules(*, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> None:
    """List schedules by name."""
    with connected(url, api_key) as api:
        write_all(map(_flat, api.schedules()), COLUMNS, output)


@schedules.command(name="show")
def show_schedule(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Show one schedule, by name or id, with its newest fire times."""
    with connected(url, api_key) as api:
        write_one(_flat(api.get(f"/schedules/{name}")), output)


@schedules.command(name="create")
def create_schedule(
    name: str,
    task: str,
    /,
    *pairs: str,
    cron: Cron = None,
    zone: Zone = None,
    every: Every = None,
    json: options.Payload = None,
    queue: Annotated[str | None, Parameter(help="Where its jobs wait; the task's queue unless given.")] = None,
    priority: options.Priority = None,
    retries: options.Retries = None,
    timeout: Annotated[str | None, Parameter(help="How long one attempt may run: 90s, 10m.")] = None,
    tag: Annotated[list[str] | None, Parameter(help="A tag of its jobs; may be given again.")] = None,
    concurrency_key: Annotated[
        str | None, Parameter(help="What its jobs share, for queues with --max-running-per-key.")
    ] = None,
    overlap: Annotated[
        Literal["skip", "queue"] | None,
        Parameter(help="While a job of it waits or runs: pass the fire time over (unless given), or make one more."),
    ] = None,
    catch_up: Annotated[
        Literal["none", "last", "all"] | None, Parameter(help="Which missed fire times are made up for; the last.")
    ] = None,
    catch_up_limit: Annotated[int | None, Parameter(help="How many at most, with --catch-up all.")] = None,
    jitter: Annotated[str | None, Parameter(help="The longest that a start is put off by chance: 30s.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Make a schedule called NAME whose jobs run TASK; its payload is key=value words, --json, or both."""
    job = _given(
        task=task,
        payload=values.payload(pairs, json),
        queue=queue,
        priority=priority,
        max_retries=retries,
        timeout_s=_seconds(timeout),
        tags=tag,
        concurrency_key=concurrency_key,
    )
    wanted = _given(
        name=name,
        job=job,
        overlap=overlap,
        catch_up=catch_up,
        catch_up_limit=catch_up_limit,
        jitter_s=_seconds(jitter),
    )
    rhythm = _rhythm(cron, zone, every)
    with connected(url, api_key) as api:
        write_one(_flat(api.post("/schedules", wanted | rhythm, again=False)), output)


@schedules.command(name="pause")
def pause_schedule(
    name: str,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why, for those who look at it later.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Make no jobs until it is resumed; what falls due meanwhile is not made up for."""
    with connected(url, api_key) as api:
        write_one(_flat(api.post(f"/schedules/{name}/pause", _given(reason=reason), again=True)), output)


@schedules.command(name="resume")
def resume_schedule(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Go on with the next fire time from now."""
    with connected(url, api_key) as api:
        write_one(_flat(api.post(f"/schedules/{name}/resume", again=True)), output)


@schedules.command(name="run")
def run_schedule(
    name: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Make a job of it now, paused or not."""
    with connected(url, api_key) as api:
        write_one(outcome(api.post(f"/schedules/{name}/run", key=str(uuid.uuid4()))), output)


@schedules.command(name="delete")
def delete_schedule(
    name: str,
    /,
    *,
    force: Annotated[
        bool, Parameter(negative=(), help="Also if it is declared in code; a worker that still does makes it again.")
    ] = False,
    yes: Annotated[bool, Parameter(["--yes", "-y"], negative=(), help="Do not ask.")] = False,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Take a schedule away; the jobs that it made stay."""
    confirm(f"Delete the schedule {name}?", yes=yes)
    with connected(url, api_key) as api:
        api.delete(f"/schedules/{name}{'?force=true' if force else ''}")


@schedules.command(name="preview")
def preview_schedule(
    cron: Annotated[str | None, Parameter(allow_leading_hyphen=True, help="The cron expression, quoted.")] = None,
    /,
    *,
    zone: Zone = None,
    every: Every = None,
    count: Annotated[int, Parameter(help="How many fire times to show.")] = 5,
    after: Annotated[str | None, Parameter(help="From this instant on (RFC 3339), instead of now.")] = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Show when it would fire, and say in words what changes of the clocks do to it."""
    asked = _rhythm(cron, zone, every) | _given(count=count, after=None if after is None else values.instant(after))
    with connected(url, api_key) as api:
        answer = api.post("/schedules/preview", asked, again=True)
    write_all(({"id": each["fire_at"], **each} for each in answer["items"]), TIMES, output)


def _rhythm(cron: str | None, zone: str | None, every: str | None) -> dict[str, Any]:
    if (cron is None) == (every is None):
        raise Stop("give a cron expression or --every, and only one of them", Exit.USAGE)
    if zone is not None and cron is None:
        raise Stop("--zone belongs to a cron expression", Exit.USAGE)
    return _given(cron=cron, zone=zone, every_s=_seconds(every))


def _seconds(text: str | None) -> float | None:
    return None if text is None else values.duration(text).total_seconds()


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _flat(schedule: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule as one line shows it."""
    job = schedule["job"]
    return schedule | {"task": job["task"], "queue": job["queue"]}
