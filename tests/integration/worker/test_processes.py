"""Real worker processes on a real database: what signals, kills and careless handlers do to jobs."""

import signal

from tests.integration.worker.processes import scene

LEASE = {"EQUEUE_LEASE_S": "1", "EQUEUE_HEARTBEAT_S": "0.3", "EQUEUE_CANCEL_GRACE_S": "0.5"}


def test_a_worker_runs_what_plain_sql_enqueued(database_url: str) -> None:
    """Async and plain functions alike, and what they return is kept."""
    with scene(database_url) as here:
        here.start()
        (quick,) = here.enqueue("short.run", '{"n": 41}')
        (threaded,) = here.enqueue("threaded.run")
        here.until_ended([quick, threaded])
        assert here.job(quick)["result"] == 42
        assert here.job(threaded)["result"] == f"{threaded}:1"


def test_a_stopped_worker_lets_running_jobs_end_and_gives_the_rest_back(database_url: str) -> None:
    """SIGTERM under load: nothing is lost, nobody is charged, nothing waits for a lease to run out, exit 0."""
    with scene(database_url, EQUEUE_DRAIN_GRACE_S="5", EQUEUE_CONCURRENCY="5") as here:
        worker = here.start()
        ids = here.enqueue("noted.run", '{"seconds": 0.3}', count=40)
        here.until(lambda: len(here.ledger("ended")) >= 7)
        worker.tell(signal.SIGTERM)
        assert worker.wait(10) == 0
        assert set(here.counts()) <= {"queued", "succeeded"}
        assert here.counts()["queued"] > 0
        here.start()
        here.until_ended(ids)
        charged = here.database.execute("select count(*) as n from equeue.jobs where retry_count > 0").fetchone()
        assert charged == {"n": 0}
        assert len({row.job_id for row in here.ledger("ended")}) == len(here.ledger("ended")) == 40


def test_a_handler_that_outlives_the_grace_is_given_back(database_url: str) -> None:
    """It is cancelled, its job is due at once and not charged, and the worker exits within its grace."""
    with scene(database_url, EQUEUE_DRAIN_GRACE_S="1") as here:
        worker = here.start()
        (job_id,) = here.enqueue("noted.run", '{"seconds": 60}')
        here.until(lambda: here.ledger("began"))
        worker.tell(signal.SIGTERM)
        assert worker.wait(10) == 0
        job = here.job(job_id)
        assert (job["status"], job["retry_count"], job["attempt"]) == ("queued", 0, 1)
        assert [row.what for row in here.ledger()] == ["began", "cancelled"]
        assert [attempt["outcome"] for attempt in here.attempts(job_id)] == ["released"]


def test_a_second_signal_hurries(database_url: str) -> None:
    """Whoever cannot wait for the grace says so twice."""
    with scene(database_url, EQUEUE_DRAIN_GRACE_S="60") as here:
        worker = here.start()
        (job_id,) = here.enqueue("noted.run", '{"seconds": 60}')
        here.until(lambda: here.ledger("began"))
        worker.tell(signal.SIGINT)
        worker.until_logged("worker.draining")
        worker.tell(signal.SIGINT)
        assert worker.wait(15) == 0
        assert here.job(job_id)["status"] == "queued"


def test_a_killed_workers_jobs_run_again(database_url: str) -> None:
    """Kill -9 is noticed when the lease runs out, and the crash is on record."""
    with scene(database_url, **LEASE) as here:
        victim = here.start()
        (job_id,) = here.enqueue("noted.run", '{"seconds": 1.5}')
        here.until(lambda: here.ledger("began"))
        victim.tell(signal.SIGKILL)
        here.start()
        here.until(lambda: len(here.ledger("began")) == 2)
        here.until_ended([job_id])
        job = here.job(job_id)
        assert (job["status"], job["result"], job["retry_count"]) == ("succeeded", f"{job_id}:3", 1)
        assert [attempt["outcome"] for attempt in here.attempts(job_id)] == ["crashed"]


def test_a_stopped_process_that_wakes_up_changes_nothing(database_url: str) -> None:
    """SIGSTOP past the lease: the new owner's result stays, the old handler is cancelled, its write is refused."""
    with scene(database_url, **LEASE) as here:
        zombie = here.start()
        (job_id,) = here.enqueue("noted.run", '{"seconds": 0.5}')
        here.until(lambda: here.ledger("began"))
        zombie.tell(signal.SIGSTOP)
        heir = here.start()
        here.until(lambda: here.ledger("ended"))
        here.until_ended([job_id])
        settled = here.job(job_id)
        zombie.tell(signal.SIGCONT)
        zombie.until_logged("job.lease_lost")
        assert here.job(job_id) == settled
        assert settled["result"] == f"{job_id}:3"
        assert {row.pid for row in here.ledger("ended") if row.token == 3} == {heir.pid}


def test_a_handler_that_blocks_the_loop_keeps_its_lease(database_url: str) -> None:
    """Heartbeats have a thread of their own: three leases long the loop stands still, and the job runs once."""
    with scene(database_url, **LEASE) as here:
        here.start()
        here.start()
        (job_id,) = here.enqueue("blocking.run", '{"seconds": 3.2}')
        here.until_ended([job_id])
        assert here.job(job_id)["result"] == f"{job_id}:1"
        assert [row.what for row in here.ledger()] == ["began", "ended"]
        blocked = [line for each in here.workers for line in each.events() if line["event"] == "loop.blocked"]
        assert "time.sleep(seconds)" in blocked[0]["stack"]


def test_a_handler_that_never_lets_go_of_the_loop_times_out(database_url: str) -> None:
    """It cannot be cancelled, so its process ends: it is recorded as timed out, its neighbours are not charged."""
    with scene(database_url, **LEASE) as here:
        worker = here.start()
        (neighbour,) = here.enqueue("noted.run", '{"seconds": 2}')
        here.until(lambda: here.ledger("began"))
        (job_id,) = here.enqueue("spinning.run", timeout_s=0.5, max_retries=0)
        assert worker.wait() == 70
        assert here.job(job_id)["status"] == "dead"
        assert [attempt["outcome"] for attempt in here.attempts(job_id)] == ["timed_out"]
        here.start()
        here.until_ended([neighbour])
        assert (here.job(neighbour)["status"], here.job(neighbour)["retry_count"]) == ("succeeded", 0)


def test_a_thread_that_never_stops_loses_its_slot(database_url: str) -> None:
    """It is reported as stuck, its job dies of its timeouts, and the worker goes on and still exits."""
    with scene(database_url, **LEASE, EQUEUE_CONCURRENCY="1") as here:
        worker = here.start()
        (job_id,) = here.enqueue("spinning.thread", timeout_s=0.3, max_retries=1)
        here.until_ended([job_id])
        assert [attempt["outcome"] for attempt in here.attempts(job_id)] == ["timed_out", "timed_out"]
        here.until_ended(here.enqueue("threaded.run"))
        assert [line["event"] for line in worker.events()].count("handler.stuck") == 2
        worker.tell(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_a_job_that_kills_its_worker_ends_dead(database_url: str) -> None:
    """However often it is tried and restarted, the budget bounds it, and its neighbours end well."""
    with scene(database_url, **LEASE) as here:
        neighbours = here.enqueue("short.run", count=200)
        (poison,) = here.enqueue("exiting.run", max_retries=2)
        lives = 0
        while here.job(poison)["status"] != "dead":
            lives += 1
            here.start()
            here.until(lambda: here.job(poison)["status"] == "dead" or not here.workers[-1].alive)
        assert lives <= 5
        here.until_ended(neighbours)
        assert here.counts() == {"succeeded": 200, "dead": 1}
        assert {attempt["outcome"] for attempt in here.attempts(poison)} == {"crashed"}


def test_a_database_that_drops_connections_costs_nothing(database_url: str) -> None:
    """Backends are terminated again and again: every job ends once, and hints flow again afterwards."""
    with scene(database_url, EQUEUE_POLL_S="5") as here:
        worker = here.start()
        ids = here.enqueue("short.run", count=3_000)
        for _ in range(20):
            here.database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        here.until_ended(ids)
        assert here.counts() == {"succeeded": 3_000}
        assert worker.alive
