"""Filters from a shell: `-q` means the same in every command that takes it."""

import csv
import io
import json
import uuid

import pytest
from tests.integration.cli.conftest import Run
from tests.ports import free_port


@pytest.fixture
def queue(remote: Run) -> str:
    """Give a queue of its own with three jobs in it that wait for an hour."""
    name = f"filter-{uuid.uuid4().hex[:8]}"
    for person in ("Ada", "Bob", "Cyd"):
        remote("enqueue", "tour.hello", f"name={person}", "--queue", name, "--delay", "1h")
    return name


def test_lists_and_counts_take_a_filter(remote: Run, queue: str) -> None:
    """Also one that begins with a minus, and beside other options."""
    listed = remote("jobs", "list", "-q", f"queue:{queue} -payload.name:Bob run_at:>+10m")
    assert listed.code == 0, listed.err
    assert {json.loads(line)["payload"]["name"] for line in listed.out.splitlines()} == {"Ada", "Cyd"}
    counted = remote("jobs", "count", "-q", "-payload.name:Bob", "--queue", queue, "-o", "json")
    assert counted.code == 0, counted.err
    assert counted.document["total"] == {"value": 2, "capped": False}


def test_an_export_is_written_as_it_comes(remote: Run, queue: str) -> None:
    """Lines of JSON, or a table."""
    lines = remote("jobs", "export", "-q", f"queue:{queue}", "--oldest-first")
    assert lines.code == 0, lines.err
    assert [json.loads(line)["payload"]["name"] for line in lines.out.splitlines()] == ["Ada", "Bob", "Cyd"]
    table = remote("jobs", "export", "-q", f"queue:{queue}", "--format", "csv", "--include", "payload")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [json.loads(row["payload"])["name"] for row in rows] == ["Cyd", "Bob", "Ada"]


def test_many_are_changed_by_a_filter(remote: Run, queue: str) -> None:
    """The filter that listed them is the one that cancels them."""
    said = remote("bulk", "cancel", "-q", f"queue:{queue} payload.name:Ada,Bob", "--yes", "-o", "json")
    assert said.code == 0, said.err
    assert (said.document["status"], said.document["done"]) == ("finished", 2)
    left = remote("jobs", "count", "-q", f"queue:{queue} status:queued", "-o", "json")
    assert left.document["total"]["value"] == 1


@pytest.mark.parametrize(
    "command", [("jobs", "list"), ("jobs", "count"), ("jobs", "export"), ("bulk", "cancel", "--yes")]
)
def test_a_bad_filter_is_told_with_its_place(remote: Run, command: tuple[str, ...]) -> None:
    """On the way out nothing was done, and nothing is on stdout."""
    said = remote(*command, "-q", "queue:a stauts:dead")
    assert (said.code, said.out) == (1, "")
    assert "at character 9" in said.err
    assert "'status'" in said.err


def test_an_export_without_a_server_says_so(equeue: Run) -> None:
    """9, as every command."""
    said = equeue("jobs", "export", EQUEUE_URL=f"http://127.0.0.1:{free_port()}", EQUEUE_API_KEY="eq_x")
    assert said.code == 9, said.err
