"""What a handler writes by `ctx.transaction()` commits with its success: exactly once, whatever happens."""

import json
import random
import signal
from uuid import UUID

from tests.integration.worker.processes import Scene, scene

LEASE = {"EQUEUE_LEASE_S": "1", "EQUEUE_HEARTBEAT_S": "0.3"}
KILLS = 5


def bookings(here: Scene) -> list[tuple[int, UUID, int]]:
    """Return what was booked: account, job and lease token."""
    rows = here.database.execute("select account, job_id, token from bookings order by account").fetchall()
    return [(row["account"], row["job_id"], row["token"]) for row in rows]


def book(here: Scene, account: int, **payload: object) -> UUID:
    """Enqueue one booking."""
    (job_id,) = here.enqueue("booking.run", json.dumps({"account": account, **payload}))
    return job_id


def test_a_booking_is_made_with_the_success(database_url: str) -> None:
    """With its child, and under the token that the job has."""
    with scene(database_url) as here:
        here.start()
        job_id = book(here, 1)
        here.until_ended([job_id])
        assert bookings(here) == [(1, job_id, 1)]
        children = here.database.execute("select task from equeue.jobs where parent_id = %s", (job_id,)).fetchall()
        assert children == [{"task": "short.run"}]


def test_a_failed_attempt_books_nothing(database_url: str) -> None:
    """The retry does, once."""
    with scene(database_url) as here:
        here.start()
        job_id = book(here, 1, fail=True)
        here.until_ended([job_id])
        assert bookings(here) == [(1, job_id, 2)]


def test_a_broken_rule_fails_the_attempt(database_url: str) -> None:
    """At once, or only at the commit: the reason is recorded and nothing is booked."""
    with scene(database_url) as here:
        here.start()
        refused = book(here, 0)
        first, second = book(here, 7), None
        here.until_ended([first])
        second = book(here, 7)
        here.until_ended([refused, second], 60)
        assert [here.job(job_id)["status"] for job_id in (refused, second)] == ["dead", "dead"]
        assert "account_is_open" in here.job(refused)["error"]["message"]
        assert "once" in here.job(second)["error"]["message"]
        assert bookings(here) == [(7, first, 1)]


def test_a_cancelled_booking_is_undone(database_url: str) -> None:
    """The handler was between its block and its end."""
    with scene(database_url) as here:
        worker = here.start(EQUEUE_DRAIN_GRACE_S="0.5")
        job_id = book(here, 1, linger=60)
        here.until(lambda: here.ledger("booked"))
        worker.tell(signal.SIGTERM)
        assert worker.wait() == 0
        assert (bookings(here), here.job(job_id)["status"]) == ([], "queued")


def test_killed_workers_book_each_account_once(database_url: str) -> None:
    """Kill -9 again and again, at any moment between the block and the commit."""
    accounts, chance = list(range(1, 41)), random.Random(2026)
    with scene(database_url, **LEASE, EQUEUE_CONCURRENCY="4") as here:
        ids = {book(here, account, linger=chance.uniform(0, 0.2)): account for account in accounts}
        here.database.execute("update equeue.jobs set max_retries = 100 where task = 'booking.run'")
        for _ in range(KILLS):
            victim = here.start()
            seen = len(here.ledger("booked"))
            here.until(lambda: len(here.ledger("booked")) >= seen + 5 or len(bookings(here)) == len(accounts))  # noqa: B023
            victim.tell(signal.SIGKILL)
        here.start()
        here.until_ended(list(ids), 60)
        assert [(account, job_id) for account, job_id, _ in bookings(here)] == [
            (account, job_id) for job_id, account in sorted(ids.items(), key=lambda each: each[1])
        ]
        results = {job_id: here.job(job_id)["result"] for job_id in ids}
        assert {f"{job_id}:{token}" for _, job_id, token in bookings(here)} == set(results.values())
        receipts = here.database.execute("select count(*) as n from equeue.jobs where task = 'short.run'").fetchone()
        assert receipts == {"n": len(accounts)}


def test_a_stopped_process_that_wakes_up_books_nothing(database_url: str) -> None:
    """Its transaction was open all the while; the fence refuses it, and what it wrote goes with it."""
    with scene(database_url, **LEASE) as here:
        here.database.execute("alter table bookings drop constraint once")  # so that nothing but the fence is at work
        zombie = here.start()
        job_id = book(here, 1, linger=0.5)
        here.until(lambda: here.ledger("booked"))
        zombie.tell(signal.SIGSTOP)
        here.start()
        here.until_ended([job_id])
        zombie.tell(signal.SIGCONT)
        zombie.until_logged("job.lease_lost")
        zombie.tell(signal.SIGTERM)
        zombie.wait()
        assert bookings(here) == [(1, job_id, 3)]
