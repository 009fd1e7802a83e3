"""Whether a process should get work or traffic now, and what stands in the way."""

from collections.abc import Mapping

import attrs


@attrs.frozen
class Check:
    """One thing looked at; `detail` says in words what is wrong, and what helps."""

    ok: bool
    detail: str = ""


@attrs.frozen
class Readiness:
    """The database answers, its schema fits this build, hints flow."""

    database: Check
    schema: Check
    queue: Check

    @property
    def ready(self) -> bool:
        """Tell whether work can be done; hints are not needed for that."""
        return self.database.ok and self.schema.ok

    @property
    def degraded(self) -> bool:
        """Tell whether work is done, but picked up later than it could be."""
        return self.ready and not self.queue.ok

    def checks(self) -> Mapping[str, Check]:
        """Return each check by its name."""
        return {"database": self.database, "schema": self.schema, "queue": self.queue}
