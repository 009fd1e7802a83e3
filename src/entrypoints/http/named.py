"""Ids of things in paths and queries."""

from collections.abc import Mapping

from ...domain.errors import DomainError
from ...domain.ids import UUID
from . import wire
from .problems import Problem


def path_id(parameters: Mapping[str, str], name: str, missing: DomainError) -> UUID:
    """Return the id in the path; raise `missing` for what is no canonical UUID, and so names nothing."""
    text = parameters.get(name, "")
    try:
        found = UUID(text)
    except ValueError:
        raise missing from None
    if str(found) != text.lower():
        raise missing
    return found


def query_id(name: str, text: str | None) -> UUID | None:
    """Return the id in a query parameter; raise `Problem` for what is no UUID."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        field = wire.FieldProblem(detail="must be a UUID", code="invalid", parameter=name)
        raise Problem("invalid-parameter", f"The parameter '{name}' must be a UUID.", errors=(field,)) from None
