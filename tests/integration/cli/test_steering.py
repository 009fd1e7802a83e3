"""Jobs steered from a shell: one by one, several, or whatever another command wrote."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.cli.conftest import Run


def waiting(remote: Run, *words: str) -> str:
    """Enqueue a job that is not due for long, and return its id."""
    said = remote("enqueue", "tour.hello", "name=x", "--delay", "1h", "-o", "id", *words)
    assert said.code == 0, said.err
    return said.out.strip()


def test_cancel_and_retry_go_from_pipe_to_pipe(remote: Run) -> None:
    """What one command writes, ids or JSON lines, the next one reads; each line says what came of it."""
    ids = [waiting(remote) for _ in range(2)]
    cancelled = remote("jobs", "cancel", *ids, "--reason", "not needed", "-o", "id")
    retried = remote("jobs", "retry", stdin=cancelled.out)
    shown = remote("jobs", "show", stdin=retried.out)

    assert [cancelled.code, retried.code, shown.code] == [0, 0, 0], retried.err
    assert cancelled.out.split() == ids
    documents = [json.loads(line) for line in retried.out.splitlines()]
    assert [(one["id"], one["outcome"]) for one in documents] == [(job_id, "queued") for job_id in ids]
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == ids


def test_one_refusal_does_not_keep_the_others(remote: Run) -> None:
    """Each is told on its own line; the exit code is that of the first that was refused: 7 not there, 8 not now."""
    good, missing = waiting(remote), str(uuid.uuid4())
    said = remote("jobs", "retry", good, missing)
    assert (said.code, said.out) == (8, "")
    assert good in said.err
    assert missing in said.err
    mixed = remote("jobs", "cancel", missing, good, "-o", "id")
    assert (mixed.code, mixed.out.split()) == (7, [good])


def test_run_now_makes_due(remote: Run) -> None:
    """A job of the future runs."""
    job_id = waiting(remote)
    assert remote("jobs", "run-now", job_id, "-o", "json").document[0]["outcome"] == "queued"
    copied = remote("jobs", "rerun", job_id, "name=Ada", "--wait", "-o", "json")
    assert (copied.code, copied.document[0]["payload"]) == (0, {"name": "Ada"})
    assert copied.document[0]["parent_id"] == job_id
    attempts = remote("jobs", "attempts", copied.document[0]["id"])
    assert [json.loads(line)["outcome"] for line in attempts.out.splitlines()] == ["succeeded"]


def test_edit_changes_what_waits(remote: Run) -> None:
    """Members of the payload and settings; once it has ended it is a conflict."""
    job_id = waiting(remote)
    said = remote("jobs", "edit", job_id, "name=Grace", "lang=null", "--priority", "1", "--tag", "vip", "-o", "json")
    assert said.code == 0, said.err
    (job,) = said.document
    assert (job["payload"], job["priority"], job["tags"]) == ({"name": "Grace"}, 1, ["vip"])
    assert remote("jobs", "edit", job_id).code == 2
    refused = remote("jobs", "edit", job_id, "--priority", "10")
    assert (refused.code, "/priority" in refused.err) == (1, True)
    remote("jobs", "cancel", job_id)
    assert remote("jobs", "edit", job_id, "--priority", "2").code == 8


def test_delete_asks_first(remote: Run) -> None:
    """Where nobody can answer it needs --yes, and nothing happens without; what may still run is a conflict."""
    job_id = waiting(remote)
    assert remote("jobs", "delete", job_id).code == 2
    assert remote("jobs", "delete", job_id, "--yes").code == 8
    remote("jobs", "cancel", job_id)
    assert remote("jobs", "delete", job_id, "--yes", "-o", "id").out.strip() == job_id
    assert remote("jobs", "show", job_id).code == 7


def test_count_tells_each_status(remote: Run) -> None:
    """As a document, or a table with words for what nobody counts."""
    waiting(remote)
    counted = remote("jobs", "count", "--status", "queued", "-o", "json").document
    assert counted["by_status"]["queued"]["value"] >= 1
    table = remote("jobs", "count", "-o", "table")
    assert table.out.splitlines()[0].split() == ["STATUS", "JOBS"]
    assert table.out.splitlines()[-1].startswith("total")


@pytest.mark.parametrize("given", ["2h", "2030-01-01T00:00:00Z"])
def test_expiry_is_a_duration_or_an_instant(remote: Run, given: str) -> None:
    """Counted from now, or taken as it is."""
    expires_at = remote("enqueue", "tour.hello", "name=x", "--delay", "1h", "--expires", given).document["expires_at"]
    if given == "2h":
        left = datetime.fromisoformat(expires_at) - datetime.now(UTC)
        assert timedelta(hours=1, minutes=55) < left <= timedelta(hours=2, minutes=1)
    else:
        assert expires_at == "2030-01-01T00:00:00.000000Z"


def test_nonsense_is_told_before_anything_happens(remote: Run) -> None:
    """What is no id stops the command: 2, and no job was touched."""
    job_id = waiting(remote)
    said = remote("jobs", "cancel", job_id, "../me")
    assert (said.code, said.out) == (2, "")
    assert remote("jobs", "cancel", stdin='{"no": "id"}\n').code == 2
    assert remote("jobs", "show", job_id).document["status"] == "queued"


def test_job_that_expired_ends_a_wait(remote: Run) -> None:
    """`--wait` on a job that nothing starts in time says so by its code: 5, cancelled, expired."""
    said = remote("enqueue", "tour.hello", "name=x", "--delay", "1h", "--expires", "100ms", "--wait")
    assert said.code == 5, said.err
    assert (said.document["status"], said.document["cancel_reason"]) == ("cancelled", "expired")


def test_why_a_job_waits_is_said_to_people_and_programs(remote: Run) -> None:
    """A line for each reason, or JSON; ids may come from a pipe; one that is not there is 7."""
    job_id, missing = waiting(remote, "--queue", "explained"), str(uuid.uuid4())
    told = remote("jobs", "explain", stdin=f"{job_id}\n")
    assert told.code == 0, told.err
    document = json.loads(told.out)
    assert (document["id"], document["ready"], document["reasons"][0]["code"]) == (job_id, False, "not-due")
    words = remote("jobs", "explain", job_id, "-o", "table")
    first, second, *_ = words.out.splitlines()
    assert (first.split()[0], first.endswith("waits, queue explained")) == (job_id, True)
    assert second.startswith("  x Due at ")
    assert "no live worker is known to serve the queue" in words.out.lower()
    assert remote("jobs", "explain", missing).code == 7
