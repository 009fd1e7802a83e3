"""Memory and PostgreSQL together against the oracle, step by step; EQUEUE_SOAK_S makes a long run of it."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from tests.contract.memory_world import memory_world_on
from tests.contract.postgres_world import emptied, postgres_world
from tests.model.machine import JobsMachine
from tests.model.sides import PostgresSide, Side, TickingClock

from equeue.adapters.postgres.engine import create_engine

SOAK_S = float(os.environ.get("EQUEUE_SOAK_S", "0"))
EXAMPLES = 250
STEPS = 50
BOUNDED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.soak
@pytest.mark.timeout(900 + SOAK_S)
@pytest.mark.parametrize("half", [1, 2])
def test_memory_and_postgres_do_what_the_oracle_says(
    half: int, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever people, workers and time do, both stores answer and hold what the plain dicts say."""
    started = time.monotonic()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(stack.enter_async_context(postgres_world(database_url)))
        engine = create_engine(database_url, pool_size=1)
        stack.push_async_callback(engine.dispose)
        connection = runner.run(AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row))
        stack.push_async_callback(connection.close)

        def begin() -> Sequence[Side]:
            runner.run(emptied(engine))
            return [
                Side("memory", memory_world_on(TickingClock())),
                PostgresSide("postgres", world, connection=connection),
            ]

        class Both(JobsMachine):
            pass

        Both.begin, Both.runner = staticmethod(begin), runner
        try:
            run_state_machine_as_test(Both, settings=BOUNDED)
            while time.monotonic() - started < SOAK_S:
                run_state_machine_as_test(Both, settings=BOUNDED)
        finally:
            runner.run(stack.aclose())
    assert Both.steps > EXAMPLES
    if not SOAK_S:
        return
    with capsys.disabled():
        took = time.monotonic() - started
        sys.stderr.write(f"\nmodel {half}: {Both.steps} steps in {took:.0f} s without a difference\n")
