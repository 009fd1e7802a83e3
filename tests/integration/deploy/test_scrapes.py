"""Metrics while jobs flow: every page parses, nothing counts backwards, and in the end the sums are the jobs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.integration.deploy.pods import PATIENCE_S
from tests.integration.deploy.scraping import Page, Scraper, falls
from tests.integration.worker.processes import APP, Scene
from tests.ports import free_port

from equeue.entrypoints.sdk.api import Api

SHORT = 100
BOOKED = 20
"""Each of them fails once, is tried again, and leaves a child."""

RIGHT = {
    "attempts": SHORT + 3 * BOOKED,
    "succeeded": SHORT + 2 * BOOKED,
    "put back": BOOKED,
    "waits": SHORT + 3 * BOOKED,
    "runs": SHORT + 3 * BOOKED,
    "running": 0,
    "held": 0,
    "unwritten": 0,
}


def sums(page: Page) -> dict[str, float]:
    """Return what a worker counted, and what it has in hand."""
    return {
        "attempts": page.total("equeue_attempts_total"),
        "succeeded": page.total("equeue_attempts_total", outcome="succeeded", status="succeeded"),
        "put back": page.total("equeue_attempts_total", outcome="failed", status="queued"),
        "waits": page.total("equeue_wait_seconds_count"),
        "runs": page.total("equeue_run_seconds_count"),
        "running": page.gauge("equeue_worker_running"),
        "held": page.gauge("equeue_worker_held"),
        "unwritten": page.gauge("equeue_worker_unwritten"),
    }


def documents() -> Iterator[dict[str, object]]:
    """Give what is enqueued."""
    for account in range(1, BOOKED + 1):
        yield {"task": "booking.run", "payload": {"account": account, "fail": True}}
        for _ in range(SHORT // BOOKED):
            yield {"task": "short.run"}


def test_every_page_under_load_parses_and_the_sums_are_the_jobs(stage: Scene, key: str) -> None:
    """What was answered, tried, put back and ended is counted once each, whenever the pages are read."""
    port, probes = free_port(), free_port()
    api = stage.begin("api", "--port", str(port))
    worker = stage.begin("worker", APP, EQUEUE_PROBE_PORT=str(probes))
    api.until_logged("http.serving", PATIENCE_S)
    worker.until_logged("worker.started", PATIENCE_S)

    of_api, of_worker = (Scraper(f"http://127.0.0.1:{each}/metrics") for each in (port, probes))
    with of_api, of_worker, Api(f"http://127.0.0.1:{port}", key) as client, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda document: client.post("/jobs", document), documents()))
        stage.until(lambda: stage.counts() == {"succeeded": SHORT + 2 * BOOKED}, PATIENCE_S)
        stage.until(lambda: sums(of_worker.read()) == RIGHT, PATIENCE_S)
        last = of_api.read()

    assert last.total("equeue_http_requests_total", method="POST", route="/api/v1/jobs", status="201") == SHORT + BOOKED
    assert last.total("equeue_http_request_seconds_count", method="POST") == SHORT + BOOKED
    assert (last.gauge("equeue_jobs_ready"), last.gauge("equeue_jobs_running")) == (0, 0)
    assert min(len(of_api.pages), len(of_worker.pages)) > 5
    assert falls(of_api.pages) + falls(of_worker.pages) == []
