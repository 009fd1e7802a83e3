"""Hypothesis strategies for the domain's values."""

from hypothesis import strategies as st
from tests.builders import a_claim

from equeue.domain.lease import Claim
from equeue.domain.outcomes import (
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    JobError,
    Lapsed,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from equeue.domain.retry import LONGEST, MAX_RETRIES, Backoff, Exponential, Fixed

any_text = st.text(st.one_of(st.characters(), st.sampled_from("\x00\ud800\udbff\udc00\udfff\ufeff\ufffe🐘\n")))
"""Text as it comes out of strangers' exceptions: NUL, halves of surrogates, marks and all."""

chances = st.floats(0.0, 1.0, exclude_max=True)
any_delays = st.timedeltas()
"""Every `timedelta` that Python can hold, negative ones too."""

waits = st.floats(0.0, LONGEST.total_seconds())
fixed_backoffs: st.SearchStrategy[Backoff] = st.builds(Fixed, base=waits, jitter=st.floats(0.0, 1.0))
exponential_backoffs: st.SearchStrategy[Backoff] = st.builds(
    Exponential, base=waits, factor=st.floats(1.0, 1_000.0), cap=waits, jitter=st.floats(0.0, 1.0)
)
backoffs = fixed_backoffs | exponential_backoffs
"""Every backoff within bounds."""

errors = st.builds(JobError.of, any_text, any_text)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Succeeded, st.sampled_from((b"null", b'{"n": 1}'))),
    st.builds(Failed, errors, st.none() | any_delays, st.booleans()),
    st.builds(TimedOut, errors),
    st.builds(Crashed, errors),
    st.builds(Discarded, errors),
    st.builds(Snoozed, any_delays),
    st.just(Released()),
    st.just(CancelAcknowledged()),
    st.just(Lapsed()),
)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Draw a claim as a store may hand it out."""
    max_retries = draw(st.integers(0, MAX_RETRIES))
    return a_claim(
        max_retries=max_retries,
        retry_count=draw(st.integers(0, max_retries)),
        lapse_count=draw(st.integers(0, 3)),
        begun=draw(st.booleans()),
        cancel_requested=draw(st.booleans()),
        backoff=draw(st.none() | backoffs),
    )
