"""How answers are written."""

import json
from typing import Any

import pytest

from equeue.entrypoints.cli.output import write_all, write_one

JOBS: list[dict[str, Any]] = [
    {"id": "1", "task": "a.b", "error": None},
    {"id": "22", "task": "c\x1b[31m.d\nrest", "error": {"type": "E"}},
]


def test_piped_output_is_one_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no person looks, each line is a whole JSON document."""
    write_all(JOBS, ("id",), None)

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == JOBS


def test_ids_alone_suit_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """`-o id` writes nothing else."""
    write_all(JOBS, ("id",), "id")

    assert capsys.readouterr().out == "1\n22\n"


def test_table_lines_up_and_lets_no_control_character_through(capsys: pytest.CaptureFixture[str]) -> None:
    """A task's name cannot colour or move anybody's terminal."""
    write_all(JOBS, ("id", "task"), "table")

    assert capsys.readouterr().out == "ID  TASK\n1   a.b\n22  c\ufffd[31m.d rest\n"


def test_one_document_as_a_table_leaves_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """A person sees what there is."""
    write_one(JOBS[0], "table")

    assert capsys.readouterr().out == "id     1\ntask   a.b\n"
