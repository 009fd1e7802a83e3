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
    waits = remote("queues", "set", "shell", "--target-wait", "1m30s", "-o", "json").document["target_wait_s"]
    assert (waits, remote("queues", "set", "shell", "--unset", "target-wait").code) == (90.0, 0)
    assert (second.document["max_retries"], second.document["timeout_s"]) == (7, None)
    assert second.document["backoff"] == {"kind": "fixed", "base_s": 5.0, "jitter": 0.0}
    shown = remote("queues", "show", "shell", "-o", "json").document
    assert shown["target_wait_s"] is None
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


def test_a_queue_is_bounded_paused_and_resumed(remote: Run) -> None:
    """Limits that are named change and the others stay; a pause says why; what is no rate is told."""
    first = remote("queues", "limits", "bounded", "--max-running", "5", "--rate", "100/1m:20", "-o", "json")
    assert first.code == 0, first.err
    assert first.document["rate"] == {"limit": 100, "period_s": 60.0, "burst": 20}
    second = remote("queues", "limits", "bounded", "--max-depth", "9", "--unset", "rate", "-o", "json").document
    assert (second["max_running"], second["rate"], second["max_depth"]) == (5, None, 9)
    assert remote("queues", "limits", "bounded", "-o", "json").document == second
    assert remote("queues", "limits", "bounded", "--rate", "often").code == 2
    paused = remote("queues", "pause", "bounded", "--reason", "the provider is down", "--until", "30m", "-o", "json")
    assert paused.code == 0, paused.err
    assert paused.document["paused"]["reason"] == "the provider is down"
    assert remote("queues", "resume", "bounded", "-o", "json").document["paused"] is None
    assert remote("queues", "resume", "never.seen").code == 7


def test_what_a_queue_keeps_is_set_and_shown(remote: Run) -> None:
    """What is named changes, the rest stays, and `--unset` is the system's word again."""
    first = remote("queues", "retention", "kept", "--succeeded", "1h", "--dead", "90d", "-o", "json")
    assert first.code == 0, first.err
    assert [first.document[kept] for kept in ("succeeded_s", "cancelled_s", "dead_s")] == [3600.0, None, 7776000.0]
    second = remote("queues", "retention", "kept", "--results", "10m", "--unset", "dead", "-o", "json").document
    assert [second[kept] for kept in ("succeeded_s", "dead_s", "result_s")] == [3600.0, None, 600.0]
    assert remote("queues", "retention", "kept", "-o", "json").document == second
    assert remote("queues", "retention", "kept", "--unset", "results", "-o", "json").document["result_s"] is None
    assert remote("queues", "retention", "kept", "--dead", "soon").code == 2


def test_a_queue_is_purged_once_somebody_says_yes(remote: Run) -> None:
    """Nothing happens without a word; then what waits is cancelled."""
    queued = remote("enqueue", FAILS, "--queue", "purged", "--delay", "1h", "-o", "json")
    assert queued.code == 0, queued.err
    assert remote("queues", "purge", "purged").code == 2
    purged = remote("queues", "purge", "purged", "--yes", "-o", "json")
    assert purged.code == 0, purged.err
    assert (purged.document["status"], purged.document["done"]) == ("finished", 1)
    assert remote("jobs", "show", queued.document["id"], "-o", "json").document["status"] == "cancelled"


def test_a_queue_says_why_it_starts_nothing(remote: Run) -> None:
    """With its counts, to programs; one that nobody ever named is 7."""
    assert remote("enqueue", FAILS, "--queue", "quiet", "-o", "id").code == 0
    assert remote("queues", "pause", "quiet", "--reason", "for a test").code == 0
    told = remote("queues", "explain", "quiet", "-o", "json")
    assert told.code == 0, told.err
    assert (told.document["ready"], told.document["waiting"]["value"]) == (False, 1)
    assert told.document["reasons"][0]["paused"]["reason"] == "for a test"
    words = remote("queues", "explain", "quiet", "-o", "table")
    assert "waits: 1 waiting, 1 due, 0 running" in words.out
    assert "x The queue was paused" in words.out
    assert remote("queues", "explain", "never.seen").code == 7
