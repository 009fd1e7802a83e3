"""Judging a payload by the schema that a task's workers declared, before the job is stored."""

from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from ...domain.errors import Violation
from ...domain.ids import Json


class PayloadSchemas(Protocol):
    """Judges payloads by JSON Schemas. The schemas are workers' words and may be anything at all."""

    def faults(self, schema: Json, payload: Json) -> Sequence[Violation]:
        """Return what in `payload` does not fit `schema`, with pointers into the payload; a few at most.

        Only what `application.payload_schema.relaxed` keeps of a schema is judged by, and a schema that cannot be read
        admits everything: whatever the worker itself would take is taken. `payload` is JSON that was looked at before.
        """
        ...


@attrs.frozen
class Unjudged:
    """Takes every payload: for where nothing declares tasks."""

    def faults(self, schema: Json, payload: Json) -> Sequence[Violation]:  # noqa: ARG002 - one shape for all
        """Find nothing."""
        return ()


UNJUDGED: Final = Unjudged()
