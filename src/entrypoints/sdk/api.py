"""The API over HTTP, as plain JSON documents."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx2

from .refusals import NotReachable, Refused

Document: TypeAlias = dict[str, Any]
Query: TypeAlias = Mapping[str, str | int | Sequence[str]]

BASE = "/api/v1"
PATIENCE_S = 30.0
TRIES = 3
PAUSE_S = 0.2
LARGEST_PAGE = 200


class Api:
    """Calls one API with one key. A request that a broken connection cut off is repeated; an enqueue counts once."""

    def __init__(self, url: str, key: str | None = None, *, patience_s: float = PATIENCE_S) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url.rstrip("/")
        self._client = httpx2.Client(base_url=self._url, headers=headers, timeout=patience_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None) -> Document:
        """Return the document at `path`, below the API's base."""
        return self._send("GET", path, query=query)

    def post(
        self, path: str, body: Document | None = None, *, key: str | None = None, again: bool | None = None
    ) -> Document:
        """Send `body`; with an idempotency `key`, repeats of it are answered like the first.

        `again` says whether it may be sent twice where a connection broke; without it, if it has a key.
        """
        headers = {"Idempotency-Key": key} if key else {}
        return self._send("POST", path, body=body or {}, headers=headers, again=again or key is not None)

    def delete(self, path: str) -> Document:
        """Delete what is at `path`."""
        return self._send("DELETE", path, again=False)

    def edit(self, job_id: str, changes: Document) -> Document:
        """Change a queued job, as a merge patch on what it is now; return the answer, `{outcome, job}`."""
        etag = self.job(job_id)["etag"]
        return self._send("PATCH", f"/jobs/{job_id}", body=changes, headers={"If-Match": f'"{etag}"'}, again=False)

    def rerun(self, job_id: str, changes: Document, *, key: str | None = None) -> Document:
        """Enqueue a copy of a job with these members of its own; return the answer, `{outcome, job}`."""
        return self.post(f"/jobs/{job_id}/rerun", changes, key=key or str(uuid.uuid4()))

    def enqueue(self, job: Document, *, key: str | None = None) -> Document:
        """Enqueue one job and return the answer, `{outcome, job}`."""
        return self.post("/jobs", job, key=key or str(uuid.uuid4()))

    def enqueue_all(self, jobs: Sequence[Document], *, key: str | None = None) -> list[Document]:
        """Enqueue up to 1,000 jobs, all or none, and return what came of each."""
        items: list[Document] = self.post("/jobs/bulk", {"jobs": list(jobs)}, key=key or str(uuid.uuid4()))["items"]
        return items

    def job(self, job_id: str, *, wait_s: int = 0) -> Document:
        """Return one job; once it has ended, if that is within `wait_s` (less than the client's own patience)."""
        headers = {"Prefer": f"wait={wait_s}"} if wait_s else None
        return self._send("GET", f"/jobs/{job_id}", headers=headers)

    def jobs(self, query: Query, *, page: int = LARGEST_PAGE) -> Iterator[Document]:
        """Yield jobs, newest first, over as many pages as there are."""
        return self.items("/jobs", {**query, "limit": page})

    def items(self, path: str, query: Query) -> Iterator[Document]:
        """Yield what a list holds, over as many pages as there are."""
        cursor: dict[str, str] = {}
        while True:
            answer = self.get(path, {**query, **cursor})
            yield from answer["items"]
            if not answer.get("has_more"):
                return
            cursor = {"cursor": answer["next_cursor"]}

    def pieces(self, path: str, query: Query) -> Iterator[bytes]:
        """Yield what a stream brings; raise `NotReachable` if it breaks off, which is never taken for its end."""
        try:
            with self._client.stream("GET", BASE + path, params=query) as answer:
                if not answer.is_success:
                    answer.read()
                    _document(answer)
                yield from answer.iter_bytes()
        except httpx2.TransportError as trouble:
            raise NotReachable(self._url, str(trouble) or type(trouble).__name__) from trouble

    def dead_letter_groups(self, query: Query, *, page: int = LARGEST_PAGE) -> Iterator[Document]:
        """Yield groups of dead letters, the latest death first, over as many pages as there are."""
        return self.items("/dead-letters/groups", {**query, "limit": page})

    def queues(self) -> list[Document]:
        """Return every queue that anybody speaks of."""
        items: list[Document] = self.get("/queues")["items"]
        return items

    def set_queue(self, name: str, changes: Document) -> Document:
        """Change what is named of a queue's settings, as a merge patch, and return them all."""
        return self._send("PATCH", f"/queues/{name}", body=changes, headers={"If-Match": "*"}, again=True)

    def schedules(self, *, page: int = LARGEST_PAGE) -> Iterator[Document]:
        """Yield schedules by name, over as many pages as there are."""
        behind: dict[str, str] = {}
        while True:
            answer = self.get("/schedules", {"limit": page, **behind})
            yield from answer["items"]
            if not answer["has_more"]:
                return
            behind = {"after": answer["next_after"]}

    def is_ready(self) -> bool:
        """Tell whether the API answers and can do its work."""
        try:
            return self._client.get("/health/ready").status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = True,
    ) -> Document:
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._client.request(method, BASE + path, params=query, json=body, headers=headers)
            except httpx2.TransportError as trouble:
                # What may not be done twice is only sent again if it was never sent.
                harmless = again or isinstance(trouble, httpx2.ConnectError)
                if attempt == TRIES or not harmless or isinstance(trouble, httpx2.UnsupportedProtocol):
                    raise NotReachable(self._url, str(trouble) or type(trouble).__name__) from trouble
                time.sleep(PAUSE_S * attempt)
            else:
                return _document(answer)
        raise AssertionError("unreachable")


def _document(answer: httpx2.Response) -> Document:
    try:
        document = json.loads(answer.content or b"{}")
    except ValueError:
        document = {"detail": f"{answer.url} does not answer as eQueue's API does"}
        raise Refused(answer.status_code, document) from None
    if not answer.is_success:
        raise Refused(answer.status_code, document if isinstance(document, dict) else {})
    return dict(document)
