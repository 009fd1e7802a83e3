"""The image and the compose file, as far as they can be judged without Docker."""

import json
import re
import shlex
from typing import Any

import pytest
import yaml
from tests.tree import ROOT

from equeue.entrypoints.cli.app import app
from equeue.entrypoints.settings import documented

INSTRUCTIONS = {
    *("ARG", "FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"),
    *("HEALTHCHECK", "LABEL", "ADD", "SHELL", "VOLUME", "ONBUILD"),
}


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions with their arguments."""
    text = (ROOT / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the compose file as Docker reads it, with anchors merged."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    return document


def test_dockerfile_is_made_of_instructions_and_ends_unprivileged() -> None:
    """Every line is an instruction; the last stage runs as a numbered user that is not root."""
    instructions = dockerfile()

    assert {word for word, _ in instructions} <= INSTRUCTIONS
    assert [rest for word, rest in instructions if word == "USER"] == ["10001"]
    assert json.loads(dict(instructions)["ENTRYPOINT"]) == ["equeue"]


def test_dockerfile_copies_only_what_is_there_and_sent() -> None:
    """Each source exists, and `.dockerignore` lets it through."""
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in dockerfile():
        if word != "COPY" or "--from" in rest:
            continue
        for source in shlex.split(rest)[:-1]:
            assert (ROOT / source).exists(), source
            assert source in sent, source


def test_compose_services_hang_together(compose: dict[str, Any]) -> None:
    """Who depends on whom exists; the servers wait for the migrator, the migrator for the database."""
    services = compose["services"]

    assert set(services) == {"database", "redis", "migrate", "api", "worker"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert ("image" in service) != ("build" in service)
    assert services["api"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert not any("redis" in service.get("depends_on", {}) for service in services.values())


def test_compose_names_settings_and_commands_that_exist(compose: dict[str, Any]) -> None:
    """A typo in a variable would be silence in production."""
    known = {entry.name for entry in documented()}
    for name in ("migrate", "api", "worker"):
        service = compose["services"][name]
        assert set(service["environment"]) <= known
        assert service["command"][0] in app


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    """Passwords and keys come from outside, or nothing starts."""
    text = json.dumps(compose)

    for variable in ("POSTGRES_PASSWORD", "EQUEUE_SECRET_KEYS"):
        assert all(use.startswith(":?") for use in re.findall(rf"\$\{{{variable}([^}}]*)\}}", text))
