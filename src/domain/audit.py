"""What is remembered of the acts of people and keys: who did what to what, and what it was before and after."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import attrs

from .ids import UUID, UserId
from .outcomes import storable

Fact: TypeAlias = str | int | float | bool | datetime | Sequence[str] | None
Facts: TypeAlias = Mapping[str, Fact]

NO_FACTS: Facts = MappingProxyType({})
FACT_CHARS = 200
"""Longest text of a fact that is kept."""
FACT_ITEMS = 20
"""So many members of a list are kept, and how many there were."""


class ActorKind(StrEnum):
    """What acted."""

    USER = "user"
    KEY = "key"
    SYSTEM = "system"


@attrs.frozen
class Actor:
    """Who acts, and in which request: a person, perhaps through a key, or eQueue itself (neither is named then)."""

    user_id: UserId | None = None
    key_id: UUID | None = None
    request_id: str | None = None

    @property
    def kind(self) -> ActorKind:
        """What it is."""
        if self.user_id is None:
            return ActorKind.SYSTEM
        return ActorKind.USER if self.key_id is None else ActorKind.KEY


SYSTEM = Actor()


@attrs.frozen(kw_only=True)
class Act:
    """One act on one thing. `action` reads `job.cancel`; `target_kind` and `target_id` name the thing.

    `before` and `after` hold the facts that changed, and only those; never a payload, a result or a secret.
    """

    actor: Actor
    action: str
    target_kind: str
    target_id: str
    before: Facts = NO_FACTS
    after: Facts = NO_FACTS


@attrs.frozen(kw_only=True)
class AuditEntry:
    """An act as it is remembered."""

    id: UUID
    at: datetime
    act: Act


def bounded(facts: Facts) -> dict[str, Fact]:
    """Return `facts` as they can be kept: instants as text, and no text or list longer than anybody reads."""
    return {name: _bounded(fact) for name, fact in facts.items()}


def _bounded(fact: Fact) -> Fact:
    match fact:
        case str():
            return _clipped(fact)
        case datetime():
            return fact.astimezone(UTC).isoformat()
        case Sequence():
            kept = [_clipped(item) for item in fact[:FACT_ITEMS]]
            left = len(fact) - len(kept)
            return [*kept, f"… and {left} more"] if left else kept
        case _:
            return fact


def _clipped(text: str) -> str:
    text = storable(text)
    return text if len(text) <= FACT_CHARS else f"{text[: FACT_CHARS - 1]}…"
