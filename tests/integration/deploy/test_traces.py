"""Traces as processes send them: from somebody's request through the API and the worker to a child job."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.integration.deploy.pods import PATIENCE_S
from tests.integration.worker.processes import APP, Scene
from tests.ports import free_port

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@attrs.frozen
class Sent:
    """One span as it arrived, and which service sent it."""

    service: str
    name: str
    trace: str
    id: str
    parent: str


class Collector:
    """What an OpenTelemetry collector receives."""

    def __init__(self) -> None:
        self.spans: list[Sent] = []

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = [a.value.string_value for a in group.resource.attributes if a.key == "service.name"]
            self.spans += [
                Sent(service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                for scope in group.scope_spans
                for span in scope.spans
            ]

    def lineage(self) -> set[tuple[str, str, str]]:
        """Return each span's service and name, with the name of its parent."""
        names = {span.id: span.name for span in self.spans} | {CALLER: "caller"}
        return {(span.service, span.name, names.get(span.parent, "nobody")) for span in self.spans}


@contextmanager
def collecting(collector: Collector) -> Iterator[str]:
    """Give the address at which `collector` listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def ask(port: int, key: str) -> None:
    """Enqueue a job that leaves a child, within a trace of the caller's."""
    body = json.dumps({"task": "booking.run", "payload": {"account": 1}}).encode()
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "traceparent": f"00-{TRACE}-{CALLER}-01",
    }
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/jobs", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


@pytest.fixture
def collector() -> Collector:
    """Return a collector that has nothing yet."""
    return Collector()


def test_request_job_and_child_arrive_as_one_tree(stage: Scene, key: str, collector: Collector) -> None:
    """Three spans of two processes, in the caller's trace, each below what caused it."""
    port = free_port()
    with collecting(collector) as endpoint:
        sent = {
            "EQUEUE_TRACES": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        api = stage.begin("api", "--port", str(port), cwd=None, **sent)
        worker = stage.begin("worker", APP, cwd=None, **sent)
        api.until_logged("http.serving", PATIENCE_S)
        worker.until_logged("worker.started", PATIENCE_S)
        ask(port, key)
        stage.until(lambda: len(collector.spans) == 3, PATIENCE_S)

    assert collector.lineage() == {
        ("equeue-api", "enqueue booking.run", "caller"),
        ("equeue-worker", "run booking.run", "enqueue booking.run"),
        ("equeue-worker", "run short.run", "run booking.run"),
    }
    assert {span.trace for span in collector.spans} == {TRACE}
