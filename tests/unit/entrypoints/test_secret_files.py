"""Secrets that come as files."""

from pathlib import Path
from typing import get_type_hints

import pytest

from equeue.entrypoints.readers import Secret
from equeue.entrypoints.settings import PREFIX, SECRET, BadSetting, Settings, read_settings


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    """White space around it is no part of it, for editors and `echo` add a newline."""
    file = tmp_path / "url"
    file.write_text("postgresql://equeue:hunter2@db/app\n")

    settings = read_settings({"EQUEUE_DATABASE_URL_FILE": str(file)})

    assert settings.database_url == "postgresql://equeue:hunter2@db/app"


def test_a_command_lines_own_value_wins(tmp_path: Path) -> None:
    """What was said for this one run stands above what the environment says."""
    file = tmp_path / "url"
    file.write_text("postgresql://elsewhere/app")

    settings = read_settings({"EQUEUE_DATABASE_URL_FILE": str(file)}, EQUEUE_DATABASE_URL="postgresql://here/app")

    assert settings.database_url == "postgresql://here/app"


@pytest.mark.parametrize("content", [None, "", " \n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_refused_by_name(tmp_path: Path, content: str | bytes | None) -> None:
    """Missing, empty, no text: the message names the variable and tells nothing of the content."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(BadSetting) as refusal:
        read_settings({"EQUEUE_SECRET_KEYS_FILE": str(file)})

    assert refusal.value.name == "EQUEUE_SECRET_KEYS_FILE"


def test_both_the_secret_and_its_file_are_refused(tmp_path: Path) -> None:
    """Nobody has to guess which of the two holds."""
    with pytest.raises(BadSetting, match="is set beside EQUEUE_API_KEY"):
        read_settings({"EQUEUE_API_KEY": "eq_one", "EQUEUE_API_KEY_FILE": str(tmp_path)})


def test_every_secret_may_come_as_a_file() -> None:
    """A setting that is kept out of every `repr` is one that may stand in a file."""
    kept = {name for name, hint in get_type_hints(Settings).items() if Secret.__name__ in str(hint)}

    assert {name.removeprefix(PREFIX).lower() for name in SECRET} == kept
