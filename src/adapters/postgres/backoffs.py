"""Backoffs as the database keeps them."""

import json

from ...domain.ids import Json
from ...domain.retry import Backoff, Exponential, Fixed


def backoff_facts(backoff: Backoff | None) -> dict[str, str | float] | None:
    """Return what a column holds of a backoff; its durations are named after their unit."""
    if backoff is None:
        return None
    facts: dict[str, str | float] = {"kind": backoff.kind, "base_s": backoff.base, "jitter": backoff.jitter}
    return facts | {"factor": backoff.factor, "cap_s": backoff.cap} if isinstance(backoff, Exponential) else facts


def backoff_document(backoff: Backoff | None) -> str | None:
    """Return the same as text."""
    return None if backoff is None else json.dumps(backoff_facts(backoff))


def backoff_of(document: Json | str | None) -> Backoff | None:
    """Return the backoff that a column holds."""
    if document is None:
        return None
    facts = json.loads(document)
    if facts["kind"] == Fixed.kind:
        return Fixed(facts["base_s"], facts.get("jitter", Fixed().jitter))
    usual = Exponential()
    return Exponential(
        facts["base_s"],
        facts.get("factor", usual.factor),
        facts.get("cap_s", usual.cap),
        facts.get("jitter", usual.jitter),
    )
