"""Log lines: structured, with ids and never with personal data; JSON outside a terminal."""

import logging
import sys
import traceback
from typing import Any

import structlog

from gateway import redaction, tracing

_QUIET = ("twilio.http_client", "urllib3", "peewee", "werkzeug")


def places(error: BaseException) -> list[str]:
    """Where an exception went through, without what it says: that may hold personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


def _without_words(
    logger: Any, method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Instead of an exception's text and traceback its type and the places it went through."""
    fault = line.pop("exc_info", None)
    line.pop("stack_info", None)
    if isinstance(fault, tuple):
        fault = fault[1]
    elif fault is True:
        fault = sys.exc_info()[1]
    if isinstance(fault, BaseException):
        line.setdefault("error", type(fault).__name__)
        line.setdefault("places", places(fault))
    return line


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    tracing.name_trace,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_words,
]


def configure(level: str) -> None:
    """Send every logger's lines, ours and the libraries', through one renderer to stderr."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:  # these log URLs, arguments or statements, which hold personal data
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs a failed job's exception with its text; our middleware says so without.
    logging.getLogger("dramatiq.worker").setLevel(logging.CRITICAL)
    logging.getLogger("dramatiq").setLevel(logging.WARNING)


def _formatter() -> logging.Formatter:
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redaction.redact,
            renderer,
        ],
    )
