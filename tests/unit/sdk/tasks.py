"""Tasks that the tests make jobs of."""

from datetime import timedelta

import attrs

from equeue import Context, Exponential, Tasks

tasks = Tasks()


@attrs.frozen
class Address:
    """Something that is more than a plain JSON type."""

    street: str
    number: int


@tasks.task("email.send", queue="email", max_retries=7, backoff=Exponential(base=3, cap=90), timeout=45)
async def send(ctx: Context, user_id: int, lang: str = "en", pad: str = "") -> None:
    """Take a context and plain types."""
    del ctx, user_id, lang, pad


@tasks.task("report.build", timeout=timedelta(minutes=2))
def build(month: str, to: Address | None = None) -> str:
    """Take no context."""
    del to
    return month


def stranger(user_id: int) -> None:
    """Be no task."""
    del user_id
