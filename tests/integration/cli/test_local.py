"""Commands about the database and about this build."""

import json
from importlib.metadata import version

import psycopg
import pytest
from tests.integration.cli.conftest import Run

SECRET = "x" * 40


@pytest.mark.parametrize("command", [("api",), ("worker", "examples/tour_tasks.py")])
def test_server_refuses_a_missing_schema_with_the_command_that_helps(
    equeue: Run, empty_database_url: str, command: tuple[str, ...]
) -> None:
    """Neither API nor worker migrates by itself; both end with 3 and say what to run."""
    said = equeue(*command, EQUEUE_DATABASE_URL=empty_database_url, EQUEUE_SECRET_KEYS=SECRET)

    assert said.code == 3, said.err
    assert "equeue migrate up" in said.err


@pytest.mark.parametrize("command", [("api",), ("worker", "examples/tour_tasks.py")])
def test_server_without_a_database_says_which_setting_is_missing(equeue: Run, command: tuple[str, ...]) -> None:
    """The name of the variable and a remedy, exit 2."""
    said = equeue(*command)

    assert said.code == 2
    assert "EQUEUE_DATABASE_URL is missing" in said.err


def test_api_without_a_signing_key_says_how_to_make_one(equeue: Run, database_url: str) -> None:
    """There is no default secret anywhere."""
    said = equeue("api", EQUEUE_DATABASE_URL=database_url)

    assert said.code == 2
    assert "EQUEUE_SECRET_KEYS is missing" in said.err


def test_worker_without_tasks_says_what_to_give(equeue: Run, database_url: str) -> None:
    """A module that is not there is a usage error that names it."""
    said = equeue("worker", "nowhere.tasks", EQUEUE_DATABASE_URL=database_url)

    assert said.code == 2
    assert "nowhere" in said.err


def test_unreachable_database_is_told_by_the_exit_code(equeue: Run) -> None:
    """9, with the setting to look at; the password stays out."""
    said = equeue("migrate", "status", EQUEUE_DATABASE_URL="postgresql://me:hunter2@127.0.0.1:1/none")

    assert said.code == 9
    assert "EQUEUE_DATABASE_URL" in said.err
    assert "hunter2" not in said.err


def test_migrating_an_empty_database(equeue: Run, empty_database_url: str) -> None:
    """`check` says no with 3, `up` applies, `check` and `wait` say yes, `up` again does nothing."""
    url = {"EQUEUE_DATABASE_URL": empty_database_url}

    assert equeue("migrate", "check", **url).code == 3
    assert "pending: 0001" in equeue("migrate", "status", **url).out
    assert equeue("migrate", "up", **url).out.startswith("applied 0001")
    assert equeue("migrate", "check", **url).code == 0
    assert equeue("migrate", "wait", "--patience", "1s", **url).code == 0
    assert "nothing to do" in equeue("migrate", "up", **url).out


def test_migrations_as_a_script_need_no_database(equeue: Run) -> None:
    """For a database that eQueue may not change itself."""
    said = equeue("migrate", "sql")

    assert said.code == 0, said.err
    assert "create table equeue.jobs" in said.out.lower()


def test_key_is_written_once_and_works(equeue: Run, database_url: str) -> None:
    """The text goes to stdout alone, so that a script can keep it."""
    said = equeue("keys", "create", "ci", "--user", "ada@example.com", EQUEUE_DATABASE_URL=database_url)

    assert said.code == 0, said.err
    assert said.out.startswith("eq_")
    assert len(said.out.strip()) == len("eq_") + 32 + 1 + 43


def test_openapi_document_names_every_operation(equeue: Run) -> None:
    """The document of this build, without a server."""
    document = json.loads(equeue("openapi").out)

    assert document["openapi"].startswith("3.1")
    assert "/api/v1/jobs" in document["paths"]


def test_version_is_the_installed_one(equeue: Run) -> None:
    """What `pip` would say."""
    assert equeue("version").out.strip() == version("equeue")


def test_help_shows_the_environment_variable_of_each_option(equeue: Run) -> None:
    """Everything can be set from outside."""
    told = " ".join(equeue("worker", "--help").out.replace("│", " ").split())

    for name in ("EQUEUE_QUEUES", "EQUEUE_CONCURRENCY", "EQUEUE_DRAIN_GRACE_S", "EQUEUE_DATABASE_URL"):
        assert f"[env var: {name}" in told


def test_burst_worker_ends_once_nothing_is_due(equeue: Run, database_url: str) -> None:
    """It does what is there, then ends with 0: good for a cron line or a test."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """insert into equeue.jobs (task, queue, payload) values ('tour.hello', 'tour', '{"name": "x"}')"""
        )

        said = equeue("worker", "examples/tour_tasks.py", "--burst", EQUEUE_DATABASE_URL=database_url)

        assert said.code == 0, said.err
        assert connection.execute("select status::text from equeue.jobs").fetchall() == [("succeeded",)]
