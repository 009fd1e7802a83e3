"""Settings: what is right is read, what is wrong stops us with a name and a remedy."""

from datetime import timedelta
from pathlib import Path

import pytest

from equeue.entrypoints.settings import BadSetting, documented, read_settings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_defaults_are_those_of_the_design() -> None:
    """Without any variable a lease is 30 s, a heartbeat comes every 10, and running jobs get 30 s to end."""
    settings = read_settings({})

    assert settings.lease == timedelta(seconds=30)
    assert settings.heartbeat == timedelta(seconds=10)
    assert settings.drain_grace == timedelta(seconds=30)
    assert (settings.port, settings.concurrency, settings.payload_bytes) == (8000, 20, 1024 * 1024)
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EQUEUE_PORT", "http"),
        ("EQUEUE_PORT", "70000"),
        ("EQUEUE_PORT", "٨٠"),
        ("EQUEUE_LEASE_S", "nan"),
        ("EQUEUE_LEASE_S", "0"),
        ("EQUEUE_HEARTBEAT_S", "16"),
        ("EQUEUE_DATABASE_URL", "mysql://root:hunter2@db/app"),
        ("EQUEUE_QUEUE_BACKEND", "rabbit"),
        ("EQUEUE_POOLER", "session"),
        ("EQUEUE_SECRET_KEYS", "changeme"),
        ("EQUEUE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("EQUEUE_TRUSTED_PROXIES", "everybody"),
        ("EQUEUE_SESSION_S", "10"),
        ("EQUEUE_ADMIN_EMAIL", "ada@example.org"),
        ("EQUEUE_ADMIN_PASSWORD", "hunter2hunter2"),
        ("EQUEUE_HTTP_ALLOW", "example.com"),
        ("EQUEUE_STRICT_TASKS", "perhaps"),
    ],
)
def test_bad_value_is_refused_by_name_with_a_remedy(name: str, value: str) -> None:
    """The message names the variable and says what to do, and never repeats a value that may hold a password."""
    with pytest.raises(BadSetting) as refusal:
        read_settings({name: value})

    assert refusal.value.name == name
    assert str(refusal.value).startswith(name)
    assert refusal.value.remedy
    assert "hunter2" not in str(refusal.value)


def test_no_secret_shows_in_a_repr() -> None:
    """A log line or traceback with the settings in it tells no password, key or signing key."""
    secret = "correct-horse-battery-staple-and-more"
    settings = read_settings(
        {
            "EQUEUE_DATABASE_URL": f"postgresql://me:{secret}@db/app",
            "EQUEUE_DIRECT_DATABASE_URL": f"postgresql://me:{secret}@db/app",
            "EQUEUE_SECRET_KEYS": f"{secret},{secret}2",
            "EQUEUE_API_KEY": secret,
        }
    )

    assert secret not in repr(settings)
    assert str(settings.database_url) == f"postgresql://me:{secret}@db/app"
    assert [str(key) for key in settings.secret_keys] == [secret, f"{secret}2"]


def test_heartbeat_follows_the_lease_unless_set() -> None:
    """A shorter lease alone is enough to say: heartbeats come three times in it."""
    assert read_settings({"EQUEUE_LEASE_S": "6"}).heartbeat == timedelta(seconds=2)


def test_overrides_win_over_the_environment() -> None:
    """What the command line says is checked as the environment is, and wins."""
    assert read_settings({"EQUEUE_PORT": "9000"}, EQUEUE_PORT="9001").port == 9001


def test_every_setting_says_what_it_means() -> None:
    """No variable is undocumented, and none is named twice."""
    entries = documented()

    assert all(entry.meaning.endswith(".") for entry in entries)
    assert len({entry.name for entry in entries}) == len(entries)


def test_reference_page_is_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    """`docs/reference/settings.md` is the output of `equeue config docs`; renew it with `make docs`."""
    from equeue.entrypoints.cli.about import config_docs  # noqa: PLC0415 - beside its only use

    config_docs()

    assert PAGE.read_text() == capsys.readouterr().out
