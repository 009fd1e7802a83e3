"""The options that several commands share, each with its environment variable."""

from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from .output import Format

Url: TypeAlias = Annotated[str | None, Parameter("--url", env_var="EQUEUE_URL", help="Where the API is.")]
Key: TypeAlias = Annotated[
    str | None, Parameter("--api-key", env_var="EQUEUE_API_KEY", help="The key to call the API with.")
]
Output: TypeAlias = Annotated[
    Format | None,
    Parameter(
        ["--output", "-o"],
        env_var="EQUEUE_OUTPUT",
        help="How to write the answer: table (on a terminal), json, jsonl (when piped), id.",
    ),
]
DatabaseUrl: TypeAlias = Annotated[
    str | None, Parameter("--database-url", env_var="EQUEUE_DATABASE_URL", help="The PostgreSQL database.")
]
Status: TypeAlias = Literal["queued", "running", "succeeded", "dead", "cancelled"]
Queues: TypeAlias = Annotated[list[str] | None, Parameter(help="Only jobs of this queue.")]
Tasks: TypeAlias = Annotated[list[str] | None, Parameter(help="Only jobs of this task.")]
Filter: TypeAlias = Annotated[
    str | None,
    Parameter(
        ["--filter", "-q"],
        allow_leading_hyphen=True,
        help="Only jobs that this filter means: 'status:dead created:>-1h -tag:test'.",
    ),
]
Payload: TypeAlias = Annotated[
    str | None,
    Parameter(allow_leading_hyphen=True, help="The payload: a JSON object, @file, or - for standard input."),
]
Priority: TypeAlias = Annotated[int | None, Parameter(help="0 to 9; lower runs first.")]
Delay: TypeAlias = Annotated[str | None, Parameter(help="Not before this time has gone by: 90s, 10m, 1h30m.")]
At: TypeAlias = Annotated[str | None, Parameter(help="Not before this instant (RFC 3339).")]
Expires: TypeAlias = Annotated[
    str | None, Parameter(help="Cancel it if it has not started by then: 90s, 10m, 1h30m, or an instant (RFC 3339).")
]
Retries: TypeAlias = Annotated[int | None, Parameter(help="How many failures are tried again.")]
Wait: TypeAlias = Annotated[bool, Parameter(negative=(), help="Write the job once it has ended; exit 5 if it fails.")]
Patience: TypeAlias = Annotated[str, Parameter(help="How long --wait waits; exit 6 after that.")]


def given(**variables: str | None) -> dict[str, str]:
    """Return those variables that were given, by name, to be laid over the environment."""
    return {name: value for name, value in variables.items() if value is not None}
