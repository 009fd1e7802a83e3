"""What `equeue worker` can be told on its command line, by real processes."""

from collections import Counter

from tests.integration.worker.processes import APP, scene


def test_the_banner_says_what_the_worker_will_do(database_url: str) -> None:
    """Queues with their weights, tasks, slots, lease, grace, backend, and when it ends."""
    options = ["-q", "mail=3", "-q", "default", "-c", "7", "--drain-timeout", "4", "--max-jobs", "9", "--burst"]
    with scene(database_url, EQUEUE_LEASE_S="20", EQUEUE_QUEUE_BACKEND="postgres") as here:
        worker = here.start(APP, *options)
        banner = worker.until_logged("worker.started")
        assert worker.wait() == 0
    assert banner["queues"] == ["mail=3", "default=1"]
    assert {"short.run", "noted.run", "http.request"} <= set(banner["tasks"])
    assert (banner["slots"], banner["lease_s"], banner["grace_s"], banner["backend"]) == (7, 20, 4, "postgres")
    assert (banner["max_jobs"], banner["ends"]) == (9, "once nothing is due")


def test_weights_share_out_the_claims(database_url: str) -> None:
    """While both have work, a queue of weight 3 has three jobs run for each one of the other."""
    with scene(database_url) as here:
        for queue in ("light", "heavy"):
            here.enqueue("noted.run", count=60, queue=queue)
        here.start(APP, "-q", "light=1", "-q", "heavy=3", "-c", "1", "--max-jobs", "40").wait()
        began = Counter(str(here.job(row.job_id)["queue"]) for row in here.ledger("began")[:40])
    assert 25 <= began["heavy"] <= 35
    assert 5 <= began["light"] <= 15


def test_without_weights_the_order_is_strict(database_url: str) -> None:
    """The first queue is emptied before the second is touched."""
    with scene(database_url) as here:
        for queue in ("second", "first"):
            here.enqueue("noted.run", count=5, queue=queue)
        here.start(APP, "-q", "first", "-q", "second", "-c", "1", "--burst").wait()
        began = [here.job(row.job_id)["queue"] for row in here.ledger("began")]
    assert began == ["first"] * 5 + ["second"] * 5


def test_a_weight_that_is_none_is_refused(database_url: str) -> None:
    """With words that help, before anything is connected to."""
    with scene(database_url) as here:
        worker = here.begin("worker", APP, "-q", "mail=much")
        assert worker.wait() == 2
        assert "NAME=WEIGHT" in "\n".join(worker.lines)


def test_an_endpoint_that_is_none_is_refused(database_url: str) -> None:
    """Told by the setting's name, as any other; not by a traceback once the worker runs."""
    with scene(database_url, EQUEUE_HTTP_ALLOW="exa mple.com:80") as here:
        worker = here.begin("worker", APP)
        assert worker.wait() == 2
        assert "EQUEUE_HTTP_ALLOW" in worker.lines[-1] or "EQUEUE_HTTP_ALLOW" in worker.lines[0]
        assert not any("Traceback" in line for line in worker.lines)


def test_the_memory_of_children_is_bounded_as_told(database_url: str) -> None:
    """By the option, which is also a setting."""
    with scene(database_url) as here:
        here.start("tests.integration.worker.isolated:tasks", "--child-memory", str(2**30))
        (job_id,) = here.enqueue("child.bound")
        here.until_ended([job_id])
        assert here.job(job_id)["result"] == 2**30
