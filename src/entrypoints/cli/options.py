"""The options that several commands share, each with its environment variable."""

from typing import Annotated, TypeAlias

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


def given(**variables: str | None) -> dict[str, str]:
    """Return those variables that were given, by name, to be laid over the environment."""
    return {name: value for name, value in variables.items() if value is not None}
