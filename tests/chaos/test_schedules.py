"""A schedule of four fire times a second, five workers, one frozen, and a PostgreSQL that crashes: each fires once."""

import signal
from pathlib import Path

from tests.chaos.owned import Own
from tests.chaos.rounds import report, rounds
from tests.chaos.stage import Stage, stage

WORKERS = 5
SCHEDULE = """
insert into equeue.schedules (name, every_s, task, queue, overlap, catch_up, catch_up_limit, next_at, max_retries)
values ('chaos', 0.25, 'chaos.stamp', 'chaos', 'queue', 'all', 1000, now() + interval '0.25 s', 1000)
"""
MISSED = """
select count(*)
from equeue.schedules as s
cross join generate_series(1, %s) as turn
where not exists (
  select from equeue.schedule_fires as f
  where f.schedule_id = s.id and f.fire_at = s.anchor + turn * interval '0.25 s'
)
"""
LOST = "select count(*) from equeue.schedule_fires as f where not exists (select from equeue.jobs where id = f.job_id)"
DOUBLE = "select count(*) - count(distinct fire_at) from equeue.schedule_fires"


def test_each_fire_time_makes_one_job_whatever_happens(own: Own, tmp_path: Path) -> None:
    """No turn is missing, none came twice, and each has its job, which ran."""
    number = rounds(120, 40)
    with stage(own.url, tmp_path, EQUEUE_LEASE_S="5", EQUEUE_HEARTBEAT_S="1") as here:
        for _ in range(WORKERS):
            here.start_named()
        here.database.execute(SCHEDULE)
        here.until(lambda: fired(here) >= number // 4)
        frozen = here.workers[0]
        frozen.tell(signal.SIGSTOP)
        own.restart("immediate", 1.0)
        here.database.close()
        here.reconnect()
        here.until(lambda: fired(here) >= number * 3 // 4, 90)
        frozen.tell(signal.SIGCONT)
        here.until(lambda: fired(here) >= number, 90)
        here.database.execute("update equeue.schedules set paused_at = now()")
        total = fired(here)
        assert [here.number(question) for question in (LOST, DOUBLE)] == [0, 0]
        assert here.number(MISSED, number) == 0
        assert here.number("select count(*) from equeue.jobs") == total
        here.until(lambda: here.counts() == {"succeeded": total}, 60)
        assert all(worker.alive for worker in here.workers)
    report("four fire times a second, five workers, a crash and a freeze", fire_times=total, missed=0, twice=0)


def fired(here: Stage) -> int:
    """Return how many fire times made a job."""
    return here.number("select count(*) from equeue.schedule_fires")
