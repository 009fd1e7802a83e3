"""The database runs a job again exactly when the domain said, to the microsecond."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import OOPS, a_birth
from tests.contract.conftest import OpenWorld
from tests.strategies import backoffs, chances

from equeue.domain.outcomes import Failed
from equeue.domain.retry import Backoff, delay_before
from equeue.domain.settlement import settle


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policies=st.lists(st.tuples(backoffs, chances), min_size=1, max_size=10))
async def test_a_retry_is_due_when_the_domain_said(
    open_world: OpenWorld, policies: list[tuple[Backoff, float]]
) -> None:
    """A set of failures, each with a policy and a chance of its own: due at the settle's instant plus the wait."""
    async with open_world() as world:
        claims = [await world.claimed(a_birth(backoff=backoff, max_retries=1)) for backoff, _ in policies]
        decisions = [
            settle(claim, Failed(OOPS), backoff, jitter=chance)
            for claim, (backoff, chance) in zip(claims, policies, strict=True)
        ]
        await world.leases.settle(decisions)
        for claim, (backoff, chance), decision in zip(claims, policies, decisions, strict=True):
            (attempt,) = await world.attempts(claim.job_id)
            job = await world.job(claim.job_id)
            assert job.run_at - attempt.finished_at == decision.delay == delay_before(backoff, 0, jitter=chance)
            assert job.backoff == backoff
