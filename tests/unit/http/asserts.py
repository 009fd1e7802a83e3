"""What must hold of every refusal."""

from typing import Any

from equeue.entrypoints.http.problems import KINDS


def is_problem(answer: Any, code: str | None = None) -> dict[str, Any]:
    """Assert that `answer` is a whole problem document (RFC 9457), of kind `code` if that is given; return it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "instance"} <= document.keys()
    assert document["status"] == answer.status_code == KINDS[document["code"]].status
    assert document["type"] == f"/problems/{document['code']}"
    assert document["instance"] == answer.headers["x-request-id"]
    assert "Traceback" not in document["detail"]
    if code is not None:
        assert document["code"] == code, document
    return document


def pointers(document: dict[str, Any]) -> list[str]:
    """Return the fields at fault."""
    return [error["pointer"] for error in document["errors"]]
