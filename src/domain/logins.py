"""How often passwords may be tried: by account, whoever tries, and by address, whichever account."""

from collections.abc import Mapping
from datetime import timedelta

import attrs

WINDOW = timedelta(minutes=15)
"""Attempts are counted from the first one for so long; then the count begins anew."""

PER_ACCOUNT = 10
PER_ADDRESS = 100
"""Many people may share one address."""


@attrs.frozen
class Tally:
    """How many attempts there were within the window, this one included, and how long the window still lasts."""

    attempts: int
    left: timedelta


@attrs.frozen
class Exceeded:
    """A limit that was passed, and how long it holds."""

    limit: int
    wait: timedelta


def exceeded(tallies: Mapping[str, Tally], limits: Mapping[str, int]) -> Exceeded | None:
    """Return the passed limit that holds longest; `None` if the attempt may go on."""
    passed = [
        Exceeded(limits[subject], tally.left) for subject, tally in tallies.items() if tally.attempts > limits[subject]
    ]
    return max(passed, key=lambda one: one.wait, default=None)
