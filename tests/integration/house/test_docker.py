"""The image and the compose file, as far as they can be judged without Docker."""

import copy
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml
from docs import alerts
from tests.tree import ROOT

from equeue.entrypoints.cli.app import app
from equeue.entrypoints.settings import documented, read_settings

INSTRUCTIONS = {
    *("ARG", "FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"),
    *("HEALTHCHECK", "LABEL", "ADD", "SHELL", "VOLUME", "ONBUILD"),
}

BASES = ["${NODE} AS dashboard", "${PYTHON} AS build", "${PYTHON}"]
"""Each base is an argument and nothing but it, so that it can be named by tag, by digest, or by both."""


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
    assert [rest for word, rest in instructions if word == "USER"] == ["10001:10001"]
    assert [rest for word, rest in instructions if word == "FROM"] == BASES
    assert json.loads(dict(instructions)["ENTRYPOINT"]) == ["equeue"]


def test_dockerfile_copies_only_what_is_there_and_sent() -> None:
    """Each source exists, and `.dockerignore` lets it through."""
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in dockerfile():
        if word != "COPY" or "--from" in rest:
            continue
        for source in shlex.split(rest)[:-1]:
            found = [path.relative_to(ROOT) for path in ROOT.glob(source.rstrip("/"))]
            assert found, source
            assert all(sent & {str(path), *map(str, path.parents)} for path in found), source


def is_sent(path: str) -> bool:
    """Tell whether a builder gets to see a file: the last line of `.dockerignore` that is about it decides."""
    said = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if line and not line.startswith("#") and re.fullmatch(f"{pattern}(/.*)?", path):
            said = not line.startswith("!")
    return not said


@pytest.mark.parametrize(
    "path",
    [
        *(
            "dashboard/package-lock.json",
            "dashboard/.npmrc",
            "dashboard/src/app/page.tsx",
            "dashboard/scripts/finish.mjs",
        ),
        *("src/__init__.py", "src/entrypoints/http/static/favicon.svg", "migrations/env.py", "requirements/image.txt"),
    ],
)
def test_builder_gets_what_it_builds_from(path: str) -> None:
    """Sources, and what is locked."""
    assert is_sent(path)


@pytest.mark.parametrize(
    "path",
    [
        *("dashboard/node_modules/next/package.json", "dashboard/.next/BUILD_ID", "dashboard/out/index.html"),
        *("dashboard/e2e/login.spec.ts", "dashboard/test-results/a.png", "dashboard/tsconfig.tsbuildinfo"),
        *(
            "src/entrypoints/http/static/ui/index.html",
            "src/domain/__pycache__/job.pyc",
            "src/equeue.egg-info/PKG-INFO",
        ),
        *("docker/secrets/secret_keys", "dashboard/.env.local", ".git/config", ".equeue/key", "tests/conftest.py"),
    ],
)
def test_builder_gets_nothing_that_was_built_or_is_secret(path: str) -> None:
    """What this machine built could be of another version; histories and secrets concern nobody."""
    assert not is_sent(path)


def test_compose_services_hang_together(compose: dict[str, Any]) -> None:
    """Who depends on whom exists; the servers wait for the migrator, the migrator for the database."""
    services = compose["services"]

    assert set(services) == {"database", "redis", "migrate", "api", "worker", "prometheus", "grafana"}
    assert {name for name, service in services.items() if "profiles" in service} == {"prometheus", "grafana"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert "image" in service
    assert services["api"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert not any("redis" in service.get("depends_on", {}) for service in services.values())


def test_compose_names_settings_and_commands_that_exist(compose: dict[str, Any]) -> None:
    """A typo in a variable would be silence in production."""
    known = {entry.name for entry in documented()}
    for name in ("migrate", "api", "worker"):
        service = compose["services"][name]
        assert {name.removesuffix("_FILE") for name in service["environment"]} <= known
        assert service["command"][0] in app


def test_compose_fits_the_specification(compose: dict[str, Any]) -> None:
    """Names, types, durations, conditions; and each secret and volume that is used is declared."""
    read = compose_spec.PyCompose.from_json(json.dumps(compose))
    for judge in (read.validate, read.validate_secrets, read.validate_volumes, read.validate_networks):
        judge()

    assert read.to_spec()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda compose: compose["services"]["api"].update(read_onely=True),
        lambda compose: compose["services"]["api"]["secrets"].append("unheard-of"),
        lambda compose: compose["services"]["api"]["depends_on"]["migrate"].update(condition="service_done"),
    ],
)
def test_the_specification_says_no(compose: dict[str, Any], spoil: Callable[[dict[str, Any]], object]) -> None:
    """What judges the file is seen to judge."""
    changed = copy.deepcopy(compose)
    spoil(changed)

    with pytest.raises((ValueError, TypeError)):
        compose_spec.PyCompose.from_json(json.dumps(changed)).validate()


def test_secrets_come_as_files_that_a_script_makes(compose: dict[str, Any], tmp_path: Path) -> None:
    """Nothing has a default, nothing stands in the environment; each file is made once and then left alone."""
    (tmp_path / "docker").mkdir()
    script = shutil.copy(ROOT / "docker" / "secrets.sh", tmp_path / "docker")
    subprocess.run(["sh", script], check=True, timeout=30, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "docker" / "secrets").iterdir()}
    subprocess.run(["sh", script], check=True, timeout=30, capture_output=True)

    assert set(made) == set(compose["secrets"])
    assert made == {path.name: path.read_text() for path in (tmp_path / "docker" / "secrets").iterdir()}
    assert made["postgres_password"].strip() in made["database_url"]
    variables = {name: made[name] for name in ("database_url", "redis_url", "secret_keys")}
    files = {f"EQUEUE_{name.upper()}_FILE": str(tmp_path / "docker" / "secrets" / name) for name in variables}
    assert read_settings(files).database_url == made["database_url"].strip()
    for service in compose["services"].values():
        secret = [name for name in service.get("environment", {}) if "PASSWORD" in name or "SECRET" in name]
        assert all(name.endswith("_FILE") for name in secret)


def test_what_runs_writes_nothing_but_tmp(compose: dict[str, Any]) -> None:
    """The containers of eQueue are as shut as in Kubernetes."""
    for name in ("migrate", "api", "worker"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]


def test_one_set_of_alerts() -> None:
    """Prometheus here gets what the Prometheus operator gets; renew it with `make docs`."""
    assert alerts.PLAIN.read_text() == alerts.plain()
