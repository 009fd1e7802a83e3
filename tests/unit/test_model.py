"""The stores in memory against the oracle, step by step."""

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.contract.memory_world import memory_world_on
from tests.model.machine import JobsMachine
from tests.model.sides import Side, TickingClock

BOUNDED = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def test_memory_does_what_the_oracle_says() -> None:
    """Whatever people, workers and time do, memory answers and holds what the plain dicts say."""
    with asyncio.Runner() as runner:

        class InMemory(JobsMachine):
            begin = staticmethod(lambda: [Side("memory", memory_world_on(TickingClock()))])

        InMemory.runner = runner
        run_state_machine_as_test(InMemory, settings=BOUNDED)
        assert InMemory.steps >= BOUNDED.max_examples
