"""Traces by OpenTelemetry, the extra `equeue[otel]`; where they go is said by OpenTelemetry's own variables."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ...domain.lease import Claim

_FORMAT = TraceContextTextMapPropagator()
_HEADER = "traceparent"


class OtelTracing:
    """A `Tracing` on a tracer. Attributes follow OpenTelemetry's conventions for messaging."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def enqueue(self, task: str, parent: str | None) -> str | None:
        """Make a span of no length: what it stands for is told by the request around it."""
        context = _FORMAT.extract({_HEADER: parent} if parent else {})
        facts = {"messaging.system": "equeue", "messaging.operation.type": "create", "equeue.task": task}
        span = self._tracer.start_span(f"enqueue {task}", context, SpanKind.PRODUCER, facts)
        span.end()
        return _told(span) or parent

    @contextmanager
    def run(self, claim: Claim) -> Iterator[Span]:
        """Make a span of one run; an exception ends it as an error."""
        context = _FORMAT.extract({_HEADER: claim.traceparent} if claim.traceparent else {})
        facts: dict[str, str | int] = {
            "messaging.system": "equeue",
            "messaging.operation.type": "process",
            "messaging.destination.name": claim.queue,
            "messaging.message.id": str(claim.job_id),
            "equeue.task": claim.task,
            "equeue.attempt": claim.attempt,
            "equeue.worker_id": str(claim.worker_id),
        }
        with self._tracer.start_as_current_span(f"run {claim.task}", context, SpanKind.CONSUMER, facts) as span:
            yield span

    def current(self) -> str | None:
        """Return the span that this context is in."""
        return current_traceparent()


def current_traceparent() -> str | None:
    """Return the span that this context is in, whoever began it."""
    return _told(trace.get_current_span())


def open_tracing(service: str) -> tuple[OtelTracing, TracerProvider | None]:
    """Return tracing by the provider that the process has set up, else by one of our own, to be shut down."""
    known = trace.get_tracer_provider()
    if isinstance(known, TracerProvider):
        return OtelTracing(known.get_tracer("equeue")), None
    named = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracing(provider.get_tracer("equeue")), provider


def _told(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    _FORMAT.inject(carrier, trace.set_span_in_context(span))
    return carrier.get(_HEADER)
