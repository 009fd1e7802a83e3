"""A table of jobs as plain dicts, which answers the SDK's questions and can be made to fail."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import attrs

from equeue.adapters.postgres.insertion import DECLARED, FRESH, HOLDERS, STORE, Query, Rows
from equeue.domain.errors import InvalidJob, Unavailable, Violation
from equeue.entrypoints.sdk.flight import Pause
from equeue.entrypoints.sdk.questions import FRESH_TOLD

Step = Query | Pause
LOST = Unavailable("the connection broke")


@attrs.define
class Table:
    """What is stored, and what was asked for."""

    rows: dict[UUID, dict[str, Any]] = attrs.field(factory=dict)
    declared: dict[str, tuple[Any, ...]] = attrs.field(factory=dict)
    asked: list[Step] = attrs.field(factory=list)
    answers_to_lose: int = 0
    questions_to_lose: int = 0
    bell_is_stuck: bool = False
    meanwhile: Callable[[], object] = lambda: None

    def ask(self, step: Step) -> Rows:
        """Answer one question; a payload that says so is refused."""
        self.asked.append(step)
        if isinstance(step, Pause):
            return ()
        if self.questions_to_lose:
            self.questions_to_lose -= 1
            raise LOST
        answer = self._answer(step)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise LOST
        return answer

    @property
    def inserts(self) -> list[int]:
        """How many rows each INSERT carried."""
        queries = [step for step in self.asked if isinstance(step, Query) and step.statement in (FRESH, STORE)]
        return [len(json.loads(query.documents["jobs"])) for query in queries]

    @property
    def pauses(self) -> list[float]:
        """How long each pause was."""
        return [step.seconds for step in self.asked if isinstance(step, Pause)]

    def _answer(self, query: Query) -> Rows:
        documents = {name: json.loads(text) for name, text in query.documents.items()}
        if query.statement == FRESH_TOLD:
            if self.bell_is_stuck:
                raise InvalidJob((Violation("", "too many notifications"),))
            return [(row_id, "") for row_id in self._store(documents["jobs"], strict=True)]
        if query.statement in (FRESH, STORE):
            return [(row_id,) for row_id in self._store(documents["jobs"], strict=query.statement == FRESH)]
        if query.statement == HOLDERS:
            self.meanwhile()
            return list(self._holders({UUID(text) for text in documents["ids"]}, documents["slots"]))
        assert query.statement == DECLARED
        return [self.declared[name] for name in documents["tasks"] if name in self.declared]

    def _store(self, rows: list[dict[str, Any]], *, strict: bool) -> list[UUID]:
        for row in rows:
            if "poison" in row["payload"]:
                raise InvalidJob((Violation("/payload", "cannot be stored"),))
        slots = {row.get("unique_slot") for row in self.rows.values()} - {None}
        stored: list[UUID] = []
        for row in rows:
            row_id, slot = UUID(row["id"]), row.get("unique_slot")
            if row_id not in self.rows and slot not in slots:
                self.rows[row_id] = row
                stored.append(row_id)
                slots |= {slot} - {None}
            elif strict:
                raise AssertionError(f"a row stands in the way of {row}")
        return stored

    def _holders(self, ids: set[UUID], slots: list[str]) -> Iterable[tuple[UUID, str | None]]:
        for row_id, row in self.rows.items():
            if row_id in ids or row.get("unique_slot") in slots:
                yield row_id, row.get("unique_slot")
