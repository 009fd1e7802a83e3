"""Schedules from a shell."""

import json

from tests.integration.cli.conftest import Run


def test_a_schedule_is_made_run_and_taken_away(remote: Run) -> None:
    """Shown in words; paused and resumed; run by hand."""
    made = remote(
        "schedules", "create", "shell", "tour.fails", "n=1", "--cron", "0 2 * * *", "--zone", "Europe/Berlin",
        "--overlap", "queue", "--jitter", "30s", "--tag", "a", "--tag", "b", "--concurrency-key", "k", "-o", "json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert (made.document["job"]["payload"], made.document["jitter_s"]) == ({"n": 1}, 30.0)
    assert (made.document["job"]["tags"], made.document["job"]["concurrency_key"]) == (["a", "b"], "k")
    assert "shell" in [json.loads(line)["name"] for line in remote("schedules", "list").out.splitlines()]
    paused = remote("schedules", "pause", "shell", "--reason", "too loud", "-o", "json")
    assert paused.document["paused"]["reason"] == "too loud"
    assert remote("schedules", "resume", "shell", "-o", "json").document["paused"] is None
    ran = remote("schedules", "run", "shell", "-o", "json")
    assert (ran.code, ran.document["task"]) == (0, "tour.fails")
    assert len(remote("schedules", "show", "shell", "-o", "json").document["fires"]) == 1
    assert remote("schedules", "delete", "shell", "--yes").code == 0
    assert remote("schedules", "show", "shell").code == 7


def test_a_preview_tells_of_the_clocks(remote: Run) -> None:
    """And a bad expression fails with its place."""
    asked = ("schedules", "preview", "30 2 * * *", "--zone", "Europe/Berlin", "--count", "1")
    shown = remote(*asked, "--after", "2026-03-28T12:00:00Z", "-o", "json")
    assert "it fires at 03:00 instead" in json.loads(shown.out)[0]["note"]
    bad = remote("schedules", "preview", "99 2 * * *")
    assert bad.code == 1
    assert "at character 1" in bad.err
    assert remote("schedules", "preview").code == 2
