"""Changes of many jobs from a shell: counted, asked about, carried out by whichever process comes, and told."""

import uuid

import pytest
from tests.integration.cli.conftest import Run

FAILS = "tour.always_fails"


def died(remote: Run, number: int, tag_queue: str) -> list[str]:
    """Return the ids of jobs that died in a queue of their own."""
    queued = [
        remote("enqueue", FAILS, "--retries", "0", "--queue", tag_queue, "--delay", "1h", "-o", "id")
        for _ in range(number)
    ]
    return [said.out.strip() for said in queued]


@pytest.fixture
def queue() -> str:
    """Give a queue that no worker serves and no other test uses."""
    return f"bulk-{uuid.uuid4().hex[:8]}"


def test_many_are_cancelled_and_retried(remote: Run, queue: str) -> None:
    """`--yes` does not ask; the answer is the operation once it has ended."""
    ids = died(remote, 3, queue)
    cancelled = remote("bulk", "cancel", "--queue", queue, "--reason", "enough", "--yes", "-o", "json")
    assert cancelled.code == 0, cancelled.err
    assert (cancelled.document["status"], cancelled.document["done"]) == ("finished", 3)
    retried = remote("bulk", "retry", "--queue", queue, "--created-after", "1h", "--yes", "-o", "json")
    assert retried.code == 0, retried.err
    assert retried.document["done"] == 3
    shown = [remote("jobs", "show", job_id, "-o", "json").document for job_id in ids]
    assert {(job["status"], job["retry_count"]) for job in shown} == {("queued", 0)}


def test_nobody_is_asked_where_nobody_can_answer(remote: Run, queue: str) -> None:
    """Without a terminal and without `--yes` nothing is done: 2, and the count is told."""
    died(remote, 2, queue)
    said = remote("bulk", "cancel", "--queue", queue)
    assert said.code == 2
    assert "Cancel 2 jobs?" in said.err
    assert remote("jobs", "list", "--queue", queue, "--status", "queued", "-o", "id").out.count("\n") == 2


def test_ids_come_from_a_pipe(remote: Run, queue: str) -> None:
    """What one command lists another one cancels."""
    ids = died(remote, 2, queue)
    said = remote("bulk", "cancel", "--yes", "-o", "json", stdin="\n".join(ids))
    assert said.code == 0, said.err
    assert said.document["done"] == 2
    assert sorted(said.document["filter"]["ids"]) == sorted(ids)


def test_no_job_meant_is_no_failure(remote: Run, queue: str) -> None:
    """Nothing to do is told, and is fine."""
    said = remote("dead", "retry", "--queue", queue, "--yes")
    assert said.code == 0
    assert "no job is meant" in said.err


def test_a_group_of_the_dead_is_retried(remote: Run) -> None:
    """By the fingerprint that their error carries."""
    dead = remote("enqueue", FAILS, "--retries", "0", "--wait", "-o", "json").document
    cause = dead["error"]["fingerprint"]
    said = remote("dead", "retry", "--group", cause, "--detach", "--yes", "-o", "json")
    assert said.code == 0, said.err
    assert said.document["filter"]["fingerprint"] == [cause]
    assert said.document["filter"]["status"] == ["dead"]
    listed = remote("bulk", "list", "-o", "id").out.split()
    assert said.document["id"] in listed
    assert remote("bulk", "show", said.document["id"]).code == 0


def test_abort_and_resume_of_what_has_ended_come_too_late(remote: Run, queue: str) -> None:
    """8, a conflict; an operation that is not there is 7."""
    died(remote, 1, queue)
    ended = remote("bulk", "cancel", "--queue", queue, "--yes", "-o", "id").out.strip()
    assert remote("bulk", "abort", ended).code == 8
    assert remote("bulk", "resume", ended).code == 8
    assert remote("bulk", "abort", str(uuid.uuid4())).code == 7
