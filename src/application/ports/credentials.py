"""Reading what a caller presents to prove who it is."""

from typing import Protocol

import attrs

from ...domain.ids import UUID


@attrs.frozen
class PresentedKey:
    """An API key as it was presented, its secret already hashed."""

    key_id: UUID
    secret_hash: bytes = attrs.field(repr=False)


class KeyReader(Protocol):
    """Knows how API keys are written."""

    def read(self, text: str) -> PresentedKey | None:
        """Return the key that `text` is in canonical form; `None` if it is no key at all."""
        ...

    def same(self, presented: PresentedKey, stored_hash: bytes) -> bool:
        """Tell whether the secrets are the same, in a time that does not depend on where they differ."""
        ...
