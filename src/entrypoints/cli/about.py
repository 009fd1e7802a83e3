"""Commands that tell of this build."""

from cyclopts import App

config = App(name="config", help="The settings.")

HEADER = """# Settings

Every setting is an environment variable. A value that cannot be used stops the process at its start, with the
variable's name and what to do. A secret may stand in a file: `EQUEUE_DATABASE_URL_FILE` names the one that holds
`EQUEUE_DATABASE_URL`, and so for every URL, key and password. This page is written by `equeue config docs`.

| Variable | Default | Meaning |
|---|---|---|"""


@config.command(name="docs")
def config_docs() -> None:
    """Write the reference page of all settings, in Markdown."""
    from ..settings import documented

    rows = [f"| `{entry.name}` | {_code(entry.default)} | {entry.meaning} |" for entry in documented()]
    print("\n".join([HEADER, *rows]))


def openapi() -> None:
    """Write the API's OpenAPI document, in JSON."""
    import json

    from ..http.app import API_ENDPOINTS
    from ..http.openapi import document

    print(json.dumps(document(API_ENDPOINTS), indent=2, ensure_ascii=False))


def version() -> None:
    """Write the version of eQueue."""
    from importlib.metadata import version as installed

    print(installed("equeue"))


def _code(default: str) -> str:
    return f"`{default}`" if default else "–"
