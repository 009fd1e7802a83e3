"""How numbers, instants and lengths of time are said to people."""

from datetime import datetime, timedelta


def jobs(number: int) -> str:
    """Return so many jobs in words."""
    return "1 job" if number == 1 else f"{number} jobs"


def moment(instant: datetime, now: datetime) -> str:
    """Return an instant, in UTC, with how far away it is."""
    away = instant - now
    told = f"in {length(away)}" if away > timedelta(0) else f"{length(-away)} ago"
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC ({told})"


def length(span: timedelta) -> str:
    """Return a length of time in the two units that matter: 3 d 4 h, 5 min 20 s, 0.5 s."""
    if span < timedelta(seconds=10):
        return f"{span.total_seconds():.1f}".removesuffix(".0") + " s"
    left, told = int(span.total_seconds()), list[str]()
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        told += [f"{count} {unit}"] if count else []
    return " ".join(told[:2])
