"""Callers behind a balancer that knows which pods are ready, and asks another one when one does not answer."""

import itertools
import json
import threading
import urllib.error
import urllib.request
import uuid
from typing import Protocol

TRIES = 8
PAUSE_S = 0.2
ELSEWHERE = frozenset({502, 503, 504})


class Serving(Protocol):
    """An API that a balancer knows."""

    @property
    def url(self) -> str:
        """Where it serves."""
        ...


class Load:
    """Enqueues jobs through the balancer, one after the other, until told to stop; every answer is remembered."""

    def __init__(self, key: str, task: str, payload: dict[str, object]) -> None:
        self._key = key
        self._body = json.dumps({"task": task, "payload": payload}).encode()
        self._ready: tuple[Serving, ...] = ()
        self._turn = itertools.count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: list[str] = []
        self.failed: list[str] = []

    def send_to(self, *apis: Serving) -> None:
        """Send to these from here on: what Kubernetes calls endpoints."""
        self._ready = apis

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the request under way."""
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            answer = self._through_balancer(str(uuid.uuid4()))
            (self.failed if answer.startswith("!") else self.acknowledged).append(answer)

    def _through_balancer(self, idempotency_key: str) -> str:
        told = "! nobody was ready"
        for _ in range(TRIES):
            apis = self._ready
            told = self._ask(apis[next(self._turn) % len(apis)], idempotency_key)
            if not told.startswith("!"):
                return told
            self._stop.wait(PAUSE_S)
        return told

    def _ask(self, api: Serving, idempotency_key: str) -> str:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{api.url}/api/v1/jobs", self._body, headers | {"Idempotency-Key": idempotency_key}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return str(json.load(answer)["job"]["id"])
        except urllib.error.HTTPError as refused:
            return f"! {refused.code}" if refused.code in ELSEWHERE else f"!! {refused.code} {refused.read()!r}"
        except OSError as cut:
            return f"! {cut!r}"
