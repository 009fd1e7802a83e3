"""Structured logs by structlog: lines for people on a terminal, JSON elsewhere; always on standard error."""

import logging
import sys
from typing import Any, Literal, TextIO, cast

from .without import without

with without("rich"):  # structlog draws tracebacks with it if it is there: 4 MB and 50 modules in each process
    import structlog

from ...application.ports.telemetry import Log

Shape = Literal["auto", "console", "json"]


def configure_logs(level: str = "info", shape: Shape = "auto", stream: TextIO | None = None) -> None:
    """Set up this process's logs once; libraries that use the standard `logging` come out in the same shape."""
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared = _processors()
    renderer = _renderer(shape, out)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))  # what libraries tell at length is not ours to repeat


def get_log(**fields: object) -> Log:
    """Return a log whose every line carries `fields`."""
    return cast("Log", structlog.get_logger(**fields))


def _processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _renderer(shape: Shape, out: TextIO) -> Any:
    if shape == "console" or (shape == "auto" and out.isatty()):
        return structlog.dev.ConsoleRenderer(colors=out.isatty())
    return _Json()


class _Json:
    """One JSON object a line; every control character in it is escaped, so no field can forge a line."""

    def __init__(self) -> None:
        self._traceback = structlog.processors.ExceptionRenderer()
        self._render = structlog.processors.JSONRenderer(default=repr)

    def __call__(self, logger: Any, method: str, event: Any) -> str | bytes:
        return self._render(logger, method, self._traceback(logger, method, event))
