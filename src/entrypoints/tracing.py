"""Opens tracing, where the settings want it and the extra `equeue[otel]` is installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..application.ports.tracing import UNTRACED, Tracing
from .settings import BadSetting, Settings


@contextmanager
def tracing(settings: Settings, service: str) -> Iterator[Tracing]:
    """Give tracing for one process; what it has not sent yet is sent at the end. Raises `BadSetting`."""
    if not settings.traces:
        yield UNTRACED
        return
    try:
        from ..adapters.telemetry.traces import open_tracing  # noqa: PLC0415 - 20 MB for those who want them
    except ImportError as missing:
        problem = f"is on, and {missing.name} is not installed"
        raise BadSetting("EQUEUE_TRACES", problem, "Run: pip install 'equeue[otel]'") from None
    opened, provider = open_tracing(service)
    try:
        yield opened
    finally:
        if provider is not None:
            provider.shutdown()
