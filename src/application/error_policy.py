"""Which exceptions of a task's code are worth another try."""

import attrs

from ..domain.outcomes import Outcome, TimedOut

Exceptions = tuple[type[BaseException], ...]


@attrs.frozen
class ErrorPolicy:
    """What a task says of exceptions, subclasses included; what the handler says itself (`Retry`, …) goes before.

    With `retry_on` nothing else is tried again. `discard_on` wins where both name an exception. Running out of time
    counts as a `TimeoutError`. A process that died raised nothing and is tried again as the budget allows.
    """

    retry_on: Exceptions | None = None
    discard_on: Exceptions = ()

    def retries(self, raised: type[BaseException]) -> bool:
        """Tell whether a failure by an exception of this class may be tried again."""
        if issubclass(raised, self.discard_on):
            return False
        return self.retry_on is None or issubclass(raised, self.retry_on)

    def of_timeout(self, outcome: Outcome) -> Outcome:
        """Return the outcome of an attempt that was stopped for its timeout, as this policy has it."""
        if isinstance(outcome, TimedOut) and not self.retries(TimeoutError):
            return attrs.evolve(outcome, retryable=False)
        return outcome


ANY_ERROR = ErrorPolicy()
"""Every failure may be tried again."""
