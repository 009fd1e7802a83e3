"""Queues and dead letters from a shell: set what holds, and see what killed whom."""

import json

from tests.integration.cli.conftest import Run

FAILS = "tour.always_fails"


def test_a_queue_is_set_and_shown(remote: Run) -> None:
    """What is named changes, the rest stays, and `--unset` gives a setting back."""
    first = remote("queues", "set", "shell", "--retries", "7", "--timeout", "1m30s", "-o", "json")
    assert first.code == 0, first.err
    assert (first.document["max_retries"], first.document["timeout_s"]) == (7, 90.0)
    hook = ("--on-dead", "http.request", "--on-dead-payload", '{"url": "https://example.org", "body": "$job"}')
    second = remote("queues", "set", "shell", "--backoff", "fixed:5s", *hook, "--unset", "timeout", "-o", "json")
    assert second.code == 0, second.err
    assert (second.document["max_retries"], second.document["timeout_s"]) == (7, None)
    assert second.document["backoff"] == {"kind": "fixed", "base_s": 5.0, "jitter": 0.0}
    shown = remote("queues", "show", "shell", "-o", "json").document
    assert shown["on_dead"] == {"task": "http.request", "payload": {"url": "https://example.org", "body": "$job"}}
    assert "shell" in remote("queues", "list", "-o", "id").out.split()
    queued = remote(
        "enqueue", "http.request", "url=https://example.org", "--queue", "shell", "--delay", "1h", "-o", "json"
    )
    assert queued.code == 0, queued.err
    assert queued.document["max_retries"] == 7


def test_queues_are_shown_with_what_they_hold(remote: Run) -> None:
    """Counts in the list and for one queue, and the last hour there."""
    remote("enqueue", "no.such.task", "--queue", "figures.shell", "--delay", "1h")
    remote("enqueue", "no.such.task", "--queue", "figures.shell")
    listed = {queue["name"]: queue for queue in json.loads(remote("queues", "list", "-o", "json").out)}
    assert [listed["figures.shell"][name] for name in ("ready", "scheduled", "running", "dead")] == [1, 1, 0, 0]
    shown = remote("queues", "show", "figures.shell", "-o", "json")
    assert shown.code == 0, shown.err
    assert (shown.document["ready"], shown.document["done_per_minute"], shown.document["wait_p50_s"]) == (1, 0, None)


def test_what_is_wrong_is_told(remote: Run) -> None:
    """A setting out of bounds 1, a payload without its task 2, an unknown queue 7."""
    assert remote("queues", "set", "shell", "--retries", "5000").code == 1
    assert remote("queues", "set", "shell", "--on-dead-payload", "{}").code == 2
    assert remote("queues", "show", "never.seen").code == 7


def test_dead_letters_are_grouped(remote: Run) -> None:
    """Jobs that died of one cause are one line, with their number."""
    for _ in range(2):
        assert remote("enqueue", FAILS, "--retries", "0", "--wait").code == 5
    said = remote("dead", "groups", "--task", FAILS, "-o", "json")
    assert said.code == 0, said.err
    (group,) = json.loads(said.out)
    assert group["jobs"] >= 2
    assert (group["crashes"], group["tasks"]) == (False, [FAILS])
    assert remote("dead", "groups", "--task", FAILS, "-o", "id").out.strip() == group["fingerprint"]
