"""Where jobs go instead of a database while a test says so."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from ...application.new_jobs import EnqueuedJob, NewJob
from ...domain.ids import JobId

Store: TypeAlias = Callable[[Sequence[NewJob]], list[EnqueuedJob]]
Withdraw: TypeAlias = Callable[[Iterable[JobId]], None]

_diversions: "list[Diversion]" = []


class Diversion:
    """Takes every job that this process enqueues, whatever session or producer it is enqueued through."""

    def __init__(self, store: Store, withdraw: Withdraw) -> None:
        self.store = store
        self._withdraw = withdraw

    def store_in(self, into: Any, jobs: Sequence[NewJob]) -> list[EnqueuedJob]:
        """Store jobs, and withdraw them if the transaction of `into` is one of SQLAlchemy's and is rolled back."""
        answers = self.store(jobs)
        target = _listenable(into)
        if target is not None:
            created = [answer.id for answer in answers if answer.created]
            _on_rollback(target, lambda: self._withdraw(created))
        return answers


def diversion() -> Diversion | None:
    """Return where jobs go, if not into a database."""
    return _diversions[-1] if _diversions else None


@contextmanager
def diverted(to: Diversion) -> Iterator[None]:
    """Divert every job within the block, in all threads of this process."""
    _diversions.append(to)
    try:
        yield
    finally:
        _diversions.remove(to)


def is_async(into: Any) -> bool:
    """Tell whether an enqueue into `into` is awaited."""
    return hasattr(into, "__aenter__")


def _listenable(into: Any) -> Any:
    """Return the session or connection whose transaction decides, `None` for what is not SQLAlchemy's."""
    sqlalchemy, orm = sys.modules.get("sqlalchemy"), sys.modules.get("sqlalchemy.orm")
    if sqlalchemy is None:
        return None
    while hasattr(into, "registry"):  # scoped sessions stand for the session of the scope
        into = into.registry()
    into = getattr(into, "sync_session", None) or getattr(into, "sync_connection", None) or into
    kinds = (sqlalchemy.Connection, *((orm.Session,) if orm else ()))
    return into if isinstance(into, kinds) else None


def _on_rollback(target: Any, then: Callable[[], None]) -> None:
    """Call `then` if the transaction that is open on `target` is rolled back; a commit makes it final."""
    from sqlalchemy import Connection, event  # noqa: PLC0415 - there already, or there were no target

    over = False

    def ended(*_: Any) -> None:
        nonlocal over
        over = True

    def rolled_back(*_: Any) -> None:
        if not over:
            then()
        ended()

    if not target.in_transaction():
        target.begin()
    committed, undone = ("commit", "rollback") if isinstance(target, Connection) else ("after_commit", "after_rollback")
    event.listen(target, committed, ended)
    event.listen(target, undone, rolled_back)
