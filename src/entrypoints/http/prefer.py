"""`Prefer: wait=N` (RFC 7240): an answer that may come a little later and then says more."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
from litestar.datastructures import Headers

from ...domain.ids import JobId
from .departure import unless
from .endpoint import Answer, Call
from .services import HttpServices

LONGEST_S: Final = 55
"""Proxies commonly give up after a minute."""

_WAIT = re.compile(r'\s*wait\s*=\s*(?:"([0-9]{1,9})"|([0-9]{1,9}))\s*(?:;.*)?', re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"\s*wait\s*(?:[=;]|$)", re.IGNORECASE)


@attrs.frozen
class Wait:
    """How long the caller is ready to wait."""

    seconds: int

    @property
    def header(self) -> dict[str, str]:
        """What the answer says of it."""
        return {"Preference-Applied": f"wait={self.seconds}"}

    def applied(self, answer: Answer) -> Answer:
        """Return the answer, saying how long it would have waited."""
        return attrs.evolve(answer, headers={**answer.headers, **self.header})


def wait_of(headers: Mapping[str, str]) -> Wait | None:
    """Return how long the caller wants to wait, at most `LONGEST_S`; a malformed wish is none.

    The first `wait` counts, as RFC 7240 says.
    """
    for preference in _preferences(headers):
        if _NAME.match(preference):
            found = _WAIT.fullmatch(preference)
            return None if found is None else Wait(min(int(found[1] or found[2]), LONGEST_S))
    return None


async def until_ended(services: HttpServices, call: Call[Any, Any], job_id: JobId, wait: Wait) -> None:
    """Return once the job has ended, the time is over, the caller hung up, or this process is to stop."""
    patience = timedelta(seconds=wait.seconds)
    await unless(services.room.ended(job_id, patience), call.gone, services.drain.started.wait)


def _preferences(headers: Mapping[str, str]) -> list[str]:
    lines = headers.getall("prefer", []) if isinstance(headers, Headers) else [headers.get("prefer", "")]
    return [preference for line in lines for preference in line.split(",")]
