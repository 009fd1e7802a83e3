"""From the request that enqueues a job to the children of its run: one trace, whatever lies between."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.unit.worker.world import World

from equeue import Context, Discard, Tasks
from equeue.adapters.codec import MsgspecCodec
from equeue.adapters.system import SystemClock
from equeue.adapters.telemetry.joining import joined_trace
from equeue.adapters.telemetry.traces import OtelTracing
from equeue.application.middleware import spanned
from equeue.application.new_jobs import NewJobs
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus

OUTSIDE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept() -> InMemorySpanExporter:
    """Return where spans are kept once they have ended."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(kept: InMemorySpanExporter) -> OtelTracing:
    """Return tracing that keeps its spans."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return OtelTracing(provider.get_tracer("equeue"))


def family() -> Tasks:
    """Return a task that asks for a child, which asks for another, on the loop and from a thread."""
    tasks = Tasks()

    @tasks.task("family.grandchild")
    def grandchild() -> None: ...

    @tasks.task("family.child")
    def child(ctx: Context) -> None:
        ctx.enqueue(grandchild)

    @tasks.task("family.parent")
    async def parent(ctx: Context) -> None:
        await ctx.enqueue(child)

    @tasks.task("family.hopeless")
    async def hopeless() -> None:
        raise Discard("hopeless")

    return tasks


def lineage(kept: InMemorySpanExporter) -> list[tuple[str, str | None]]:
    """Return each span with the name of its parent, `None` for one whose parent is not ours."""
    spans: tuple[ReadableSpan, ...] = kept.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    return sorted((span.name, names.get(span.parent.span_id) if span.parent else None) for span in spans)


async def test_enqueue_job_and_children_are_one_tree(
    world: World, kept: InMemorySpanExporter, tracing: OtelTracing
) -> None:
    """Each run belongs to what enqueued it, and all of it to the trace that the caller came with."""
    await world.start(family(), tracing=tracing, middleware=(spanned(tracing),))
    traceparent = tracing.enqueue("family.parent", OUTSIDE)

    await world.enqueue_all([JobSpec("family.parent", traceparent=traceparent)])
    await world.until(lambda: len(kept.get_finished_spans()) == 4)

    assert lineage(kept) == [
        ("enqueue family.parent", None),
        ("run family.child", "run family.parent"),
        ("run family.grandchild", "run family.child"),
        ("run family.parent", "enqueue family.parent"),
    ]
    assert {f"{span.context.trace_id:032x}" for span in kept.get_finished_spans() if span.context} == {OUTSIDE[3:35]}


async def test_children_belong_to_the_trace_also_where_nobody_traces(world: World) -> None:
    """A worker without tracing passes on what it was given, so that others can go on."""
    await world.start(family())

    (parent,) = await world.enqueue_all([JobSpec("family.parent", traceparent=OUTSIDE)])
    await world.until(lambda: len(world.store.jobs) == 3)

    assert {job.traceparent for job in world.store.jobs.values()} == {OUTSIDE}
    assert world.job(parent).status is JobStatus.SUCCEEDED


async def test_a_failed_run_is_an_error_with_its_job(
    world: World, kept: InMemorySpanExporter, tracing: OtelTracing
) -> None:
    """The span names the job, so that one leads to the other."""
    await world.start(family(), tracing=tracing, middleware=(spanned(tracing),))

    job_id = await world.enqueue("family.hopeless")
    await world.until(lambda: bool(kept.get_finished_spans()))

    (span,) = kept.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["messaging.message.id"] == str(job_id)


def test_python_that_traces_is_joined(tracing: OtelTracing) -> None:
    """A job that is enqueued within somebody's span belongs to it, without a word about it."""
    compose = NewJobs(MsgspecCodec(), SystemClock(), joined_trace).make
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("somebody")

    assert compose("mail.send", (), {}).spec.traceparent is None
    with tracer.start_as_current_span("request") as span:
        told = compose("mail.send", (), {}).spec.traceparent
        assert told == tracing.current()

    assert trace.get_current_span() is not span
    assert told is not None
    assert told[36:52] == f"{span.get_span_context().span_id:016x}"


async def test_log_of_a_run_names_job_attempt_worker_and_trace(world: World) -> None:
    """Whatever a handler says can be found by its job, by who ran it, and by the request that it came from."""
    tasks = Tasks()

    @tasks.task("sample.talk")
    async def talk(ctx: Context) -> None:
        ctx.log.info("sample.said")

    worker = await world.start(tasks)
    (job_id,) = await world.enqueue_all([JobSpec("sample.talk", traceparent=OUTSIDE)])
    await world.until(lambda: "sample.said" in world.log.events())

    (line,) = [fields for event, fields in world.log.lines if event == "sample.said"]
    assert line["job_id"] == str(job_id)
    assert (line["task"], line["attempt"], line["trace_id"]) == ("sample.talk", 1, OUTSIDE[3:35])
    assert line["worker_id"]
    assert worker.vital().why == ""
