"""People and their keys from a shell, on the database itself."""

import json

import psycopg
import pytest
from tests.integration.cli.conftest import Run, Said

PASSWORD = "correct horse battery"


@pytest.fixture
def on_database(equeue: Run, database_url: str) -> Run:
    """Return what runs a command against a fresh database."""

    def call(*words: str, **options: str) -> Said:
        return equeue(*words, **{"EQUEUE_DATABASE_URL": database_url, **options})

    return call


def test_a_first_admin_is_made_and_listed(on_database: Run, database_url: str) -> None:
    """The password comes from standard input; what is kept of it is a hash, and the act is in the audit log."""
    made = on_database("users", "create", "root@example.org", "--admin", "-o", "json", stdin=f"{PASSWORD}\n")
    assert made.code == 0, made.err
    (person,) = json.loads(made.out)
    assert (person["email"], person["role"], person["has_password"]) == ("root@example.org", "admin", True)
    assert on_database("users", "list", "-o", "id").out.strip() == person["id"]
    with psycopg.connect(database_url) as connection:
        (kept,) = connection.execute("select password_hash from equeue.users").fetchone() or ("",)
        acts = connection.execute("select actor::text, action::text, target_id::text from equeue.audit_log").fetchall()
    assert kept.startswith("$2b$12$")
    assert acts == [("system", "user.create", person["id"])]


def test_what_is_wrong_is_told_by_the_exit_code(on_database: Run) -> None:
    """No password 2, a short one 1, a taken address 8, the last admin 8, nobody 7; nothing of a password is told."""
    make = ("users", "create", "root@example.org", "--admin")
    assert on_database(*make).code == 2
    short = on_database(*make, stdin="hunter2\n")
    assert (short.code, "12 characters" in short.err, "hunter2" in short.err) == (1, True, False)
    assert on_database(*make, stdin=f"{PASSWORD}\n").code == 0
    assert on_database(*make, stdin=f"{PASSWORD}\n").code == 8
    for act in (("disable",), ("set-role",)):
        words = ("users", *act, "ROOT@example.org", *(("viewer",) if act == ("set-role",) else ()))
        said = on_database(*words)
        assert (said.code, "last admin" in said.err) == (8, True)
    assert on_database("users", "disable", "nobody@example.org").code == 7


def test_a_person_is_changed(on_database: Run) -> None:
    """Role, password, disabled and enabled again."""
    assert on_database("users", "create", "ada@example.org", "--no-password").code == 0
    for words, stdin in (
        (("set-role", "ada@example.org", "operator"), ""),
        (("reset-password", "ada@example.org"), f"{PASSWORD}\n"),
        (("disable", "ada@example.org"), ""),
        (("enable", "ada@example.org"), ""),
    ):
        said = on_database("users", *words, stdin=stdin)
        assert said.code == 0, said.err
    (person,) = json.loads(on_database("users", "list", "-o", "json").out)
    assert (person["role"], person["has_password"], person["disabled"]) == ("operator", True, False)


def test_a_key_is_made_rotated_and_revoked(on_database: Run) -> None:
    """Its text goes to stdout alone, once; the id may be given as the text that holds it."""
    create = ("keys", "create", "ci", "--user", "ada@example.org", "--scope", "jobs:write", "--queue", "email.*")
    made = on_database(*create, "--expires", "90d")
    assert made.code == 0, made.err
    first = made.out.strip()
    (key,) = json.loads(on_database("keys", "list", "--user", "ADA@example.org", "-o", "json").out)
    assert (key["name"], key["scopes"], key["queues"], key["revoked"]) == ("ci", ["jobs:write"], ["email.*"], False)
    assert key["expires_at"] is not None
    assert first.split("_", 2)[2] not in json.dumps(key)
    rotated = on_database("keys", "rotate", key["id"], "--grace", "0")
    assert rotated.out.startswith(first[:35])
    assert rotated.out.strip() != first
    assert on_database("keys", "revoke", first).code == 0
    assert on_database("keys", "rotate", key["id"]).code == 8
    beyond = on_database(*create[:5], "--scope", "admin")
    assert (beyond.code, "never exceeds its owner" in beyond.err) == (1, True)
    assert on_database("keys", "revoke", "nonsense").code == 2
    assert on_database("keys", "revoke", "01890000-0000-7000-8000-000000000000").code == 7
