"""Tasks that the tests enqueue."""

from equeue import Context, Exponential, Tasks

tasks = Tasks()


@tasks.task("email.send", queue="email", max_retries=7, backoff=Exponential(base=3, cap=90), timeout=45)
async def send(ctx: Context, user_id: int, lang: str = "en", numbers: list[int] | None = None) -> None:
    """Stand for work."""
    del ctx, user_id, lang, numbers


SWELLING = [1] * 360_000
"""About 0.7 MB as it is sent, and more than the megabyte allowed as PostgreSQL writes it, with a blank behind each."""
