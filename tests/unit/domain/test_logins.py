"""Which limit an attempt to log in has passed."""

from tests.builders import minutes

from equeue.domain.logins import Exceeded, Tally, exceeded

LIMITS = {"account": 10, "address": 100}


def test_attempts_up_to_the_limit_go_on() -> None:
    """The tenth is looked at, the eleventh is not."""
    assert exceeded({"account": Tally(10, minutes(5)), "address": Tally(100, minutes(5))}, LIMITS) is None
    assert exceeded({"account": Tally(11, minutes(5)), "address": Tally(1, minutes(9))}, LIMITS) == Exceeded(
        10, minutes(5)
    )
    assert exceeded({"account": Tally(1, minutes(9)), "address": Tally(101, minutes(5))}, LIMITS) == Exceeded(
        100, minutes(5)
    )


def test_the_limit_that_holds_longest_is_told() -> None:
    """Who waits so long need not come back in vain."""
    both = {"account": Tally(11, minutes(5)), "address": Tally(101, minutes(9))}
    assert exceeded(both, LIMITS) == Exceeded(100, minutes(9))
