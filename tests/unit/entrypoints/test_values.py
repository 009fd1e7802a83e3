"""What people write on a command line."""

from datetime import timedelta
from pathlib import Path

import pytest

from equeue.entrypoints.cli.exits import Exit, Stop
from equeue.entrypoints.cli.values import duration, payload


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5", 1.5), ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("2d", 172_800)]
)
def test_durations_are_written_as_people_say_them(text: str, seconds: float) -> None:
    """Bare numbers are seconds; units may be put together."""
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "10 m", "5m3", "1e400", "nan"])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    """The message says how durations are written."""
    with pytest.raises(Stop, match="1h30m") as stop:
        duration(text)

    assert stop.value.code is Exit.USAGE


def test_words_make_a_payload_and_win_over_the_document(tmp_path: Path) -> None:
    """A value that is JSON counts as JSON, anything else as text; a document may come from a file."""
    document = tmp_path / "payload.json"
    document.write_text('{"n": 1, "big": 12345678901234567890, "kept": true}')

    made = payload(["n=5", "name=Ada Lovelace", 'tags=["a"]', "eq=a=b"], f"@{document}")

    assert made == {
        "n": 5,
        "big": 12345678901234567890,
        "kept": True,
        "name": "Ada Lovelace",
        "tags": ["a"],
        "eq": "a=b",
    }


@pytest.mark.parametrize(
    ("pairs", "document"), [(["oops"], None), (["=x"], None), ([], "[1]"), ([], "{"), ([], "@/none")]
)
def test_what_makes_no_payload_is_a_usage_error(pairs: list[str], document: str | None) -> None:
    """A payload is an object; a word is key=value."""
    with pytest.raises(Stop) as stop:
        payload(pairs, document)

    assert stop.value.code is Exit.USAGE
