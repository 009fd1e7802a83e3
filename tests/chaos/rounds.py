"""How often a fault is repeated: a few times beside the other suites, as often as the promise says in `make chaos`."""

import os

ROUNDS = "EQUEUE_CHAOS_ROUNDS"
"""Unset: a few. `full`: what each promise names. Or a number."""


def rounds(promised: int, few: int) -> int:
    """Return how many rounds to run of a fault whose promise names `promised`."""
    given = os.environ.get(ROUNDS)
    if not given:
        return few
    return promised if given == "full" else int(given)


def timed() -> bool:
    """Tell whether times may be judged: only where nothing but this runs on the machine."""
    return os.environ.get(ROUNDS) == "full"


def report(what: str, **figures: object) -> None:
    """Print what a proof measured; `pytest -s` or a failure shows it."""
    words = ", ".join(f"{name.replace('_', ' ')} {_short(figure)}" for name, figure in figures.items())
    print(f"\nchaos: {what}: {words}", flush=True)  # noqa: T201 - the figures are what it is run for


def _short(figure: object) -> str:
    return f"{figure:.1f}" if isinstance(figure, float) else str(figure)
