"""The trace that the caller's own code is in, where that code uses OpenTelemetry; we do not import it."""

import sys


def joined_trace() -> str | None:
    """Return the running span as `traceparent`, if anybody in this process has begun one."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    known = trace.get_current_span().get_span_context()
    if not known.is_valid:
        return None
    return f"00-{known.trace_id:032x}-{known.span_id:016x}-{int(known.trace_flags):02x}"
