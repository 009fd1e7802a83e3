"""What the API or the way to it may answer instead of what was asked."""

from collections.abc import Mapping
from typing import Any


class NotReachable(Exception):
    """The API does not answer: is it running, and at this URL? Set EQUEUE_URL if it is elsewhere."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no answer from {url} ({why}): is the API running there? EQUEUE_URL says where to look")
        self.url = url


class Refused(Exception):
    """The API answered with a problem (RFC 9457); its `code` is the stable word for the kind of problem."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = problem
        detail = str(problem.get("detail") or problem.get("title") or f"status {status}")
        super().__init__("\n".join([detail, *map(_field, problem.get("errors") or ())]))


def _field(error: Mapping[str, Any]) -> str:
    return f"  {error.get('pointer') or error.get('parameter') or '/'}: {error.get('detail', '')}"
