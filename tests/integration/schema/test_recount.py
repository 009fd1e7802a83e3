"""Jobs that died uncounted are counted by the migration that looks for them, and no job twice."""

import psycopg
from tests.integration.schema.rows import AN_ERROR

from equeue.adapters.postgres.revisions import Revisions

DEAD = f"""
    insert into equeue.jobs (task, status, finished_at, error)
    select 'a.b', 'dead', now(), {AN_ERROR} from generate_series(1, 3)
"""
COUNTED = """
    select (select coalesce(sum(jobs), 0) from equeue.dead_letter_groups)
      + (select coalesce(sum(change), 0) from equeue.dead_letter_changes)
"""


def test_the_recount_counts_what_was_missed_and_nothing_twice(database_url: str) -> None:
    """Six lie dead of which the trigger saw three: after the recount six are counted, and so after a second one."""
    (script,) = [script for script in Revisions().after(None) if script.revision == "0005"]
    recount = script.module.RECOUNT.encode()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs disable trigger user")
        connection.execute(DEAD.encode())
        connection.execute("alter table equeue.jobs enable trigger user")
        connection.execute(DEAD.encode())
        assert connection.execute(COUNTED).fetchone() == (3,)
        for _ in range(2):
            connection.execute(recount)
            assert connection.execute(COUNTED).fetchone() == (6,)
