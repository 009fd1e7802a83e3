"""A thread that tells workers of committed jobs, on a connection of its own, so that no caller ever waits for it.

A hint harms nobody by going missing: workers look into the database every few seconds anyway. So whatever goes wrong
in here is dropped.
"""

import atexit
import os
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import psycopg
from psycopg import pq

from .questions import numbered, ringing_alone

PAUSE_S: Final = 0.005
"""What comes within this after a hint is told together: NOTIFY serialises commits."""

LINGER_S: Final = 1.0
"""How long the connection is kept for the next hint. DROP DATABASE waits five seconds for such as these to go."""

QUIET_S: Final = 0.02
"""After so long without a hint a caller may tell within its own commit; more often, commits would queue up."""

PARTING_S: Final = 1.0
"""How long the end of the process waits for hints that are still to be sent."""


class Ringer:
    """Rings at one database. Those hints that come while one is being sent are sent together, next."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = {"connect_timeout": 5, **parameters, "autocommit": True, "application_name": "equeue ring"}
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._rung_at = -QUIET_S

    def expect(self) -> None:
        """Open the connection, for there will soon be something to tell."""
        with self._changed:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="equeue-ring", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter is on its way out
                    self._thread = None

    def give_turn(self) -> bool:
        """Tell whether the caller may tell workers itself, within its own transaction, for long nobody was told."""
        now, before = time.monotonic(), self._rung_at
        self._rung_at = now
        return now - before > QUIET_S

    def ring(self, queues: Collection[str]) -> None:
        """Tell workers of `queues` as soon as may be; returns at once."""
        if self._waiting.issuperset(queues) and self._thread is not None:
            return  # what waits is taken before it is told, so these are told after now
        with self._changed:
            self._waiting.update(queues)
            self._changed.notify()
        self.expect()

    def close(self) -> None:
        """Send what waits, and give the connection back."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(PARTING_S)

    def forget(self) -> None:
        """Know nothing of a parent process's thread, nor of its lock."""
        self._changed = threading.Condition()
        self._waiting, self._thread = set(), None

    def _run(self) -> None:
        try:
            with psycopg.connect(**self._parameters) as connection:
                while queues := self._next():
                    _say(connection, queues)
                    time.sleep(PAUSE_S)
        except (psycopg.Error, OSError):
            with self._changed:
                self._waiting, self._thread = set(), None

    def _next(self) -> set[str]:
        """Return what there is to tell; nothing once the connection is no longer worth keeping."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing, LINGER_S)
            queues, self._waiting = self._waiting, set()
            if not queues:
                self._thread = None
        return queues


def _say(connection: "psycopg.Connection[Any]", queues: Collection[str]) -> None:
    """Ring by libpq's own blocking call: next to nothing of it holds the interpreter's lock, which callers want."""
    question = ringing_alone(queues)
    answer = connection.pgconn.exec_params(numbered(question), [question.documents["queues"].encode()])
    if answer.status != pq.ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError(answer.error_message.decode(errors="replace"))


_ringers: dict[frozenset[tuple[str, Any]], Ringer] = {}


def ringer_at(parameters: Mapping[str, Any]) -> Ringer:
    """Return this process's ringer at the database that these connection parameters lead to."""
    return _ringers.setdefault(frozenset(parameters.items()), Ringer(parameters))


def ringer_beside(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> Ringer:
    """Return this process's ringer at the database that `connection` leads to."""
    return ringer_at({**connection.info.get_parameters(), "password": connection.info.password})


def _close_all() -> None:
    for ringer in list(_ringers.values()):
        ringer.close()


def _forget_all() -> None:
    for ringer in _ringers.values():
        ringer.forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
