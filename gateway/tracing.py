"""Traces by OpenTelemetry, for an installation that has the extra `otel` and names a collector.

One trace follows one request from the API through the clock, the broker, a worker and the carrier,
and by its callbacks back. Off, which is usual, nothing of the library is imported and a span is
one comparison. Spans carry ids and words from fixed lists, never what people said or are called.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from gateway import redaction
from gateway.settings import Settings

SECONDS = 5.0  # that a collector has to take a batch
_NOTHING: AbstractContextManager[None] = nullcontext()
_endpoint: str | None = None
_provider: Any = None
_tracer: Any = None
_building = threading.Lock()


def start(configured: Settings) -> None:
    """Trace from now on, or no more, as these settings say. The library reads the other OTEL_…
    variables of its specification by itself."""
    global _endpoint
    wanted = configured.otel_exporter_otlp_endpoint
    if wanted != _endpoint:
        stop()
        _endpoint = wanted


def _ready() -> Any:
    """This process's tracer. It is made with its first span: the library hangs in a process that
    was forked from one which has it, as the web's are."""
    if _tracer is None:
        with _building:
            if _tracer is None:
                _build()
    return _tracer


def _build() -> None:
    global _provider, _tracer
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    process = {"service.instance.id": f"{socket.gethostname()}-{os.getpid()}"}
    ours = Resource({"service.name": "ringback", **process})
    _provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    exporter = OTLPSpanExporter(endpoint=f"{_endpoint}/v1/traces", timeout=SECONDS)
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _provider.get_tracer("ringback")


def stop() -> None:
    """Send what is left and trace no more."""
    global _provider, _tracer, _endpoint
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = _endpoint = None


def on() -> bool:
    """Whether this process traces."""
    return _endpoint is not None


def moment() -> int:
    """This moment for `began`: real nanoseconds since 1970, as the library counts them."""
    return time.time_ns()


def span(
    name: str,
    kind: str = "internal",
    *,
    parent: str | None = None,
    began: int | None = None,
    root: bool = True,
    **facts: Any,
) -> AbstractContextManager[None]:
    """A span around a block: a child of `parent` (a W3C traceparent), else of the span around it,
    else the beginning of a trace, unless `root` is False: then there is none. `kind` is internal,
    server, client, producer or consumer. `facts` are ids and words from fixed lists; a name without
    a dot is one of ours. Of an exception only its type is told."""
    if _endpoint is None or not (root or parent or here()):
        return _NOTHING
    return _span(name, kind, parent, began, facts)


@contextmanager
def _span(
    name: str, kind: str, parent: str | None, began: int | None, facts: dict[str, Any]
) -> Iterator[None]:
    from opentelemetry import context, trace

    made = _ready().start_span(
        name,
        context=_context_of(parent),
        kind=trace.SpanKind[kind.upper()],
        start_time=began,
        attributes=_attributes(facts),
    )
    token = context.attach(trace.set_span_in_context(made))
    try:
        yield
    except BaseException as fault:
        made.set_attribute("error.type", type(fault).__name__)
        made.set_status(trace.StatusCode.ERROR)
        raise
    finally:
        context.detach(token)
        made.end()


def _context_of(parent: str | None) -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if parent is None:
        return None
    from opentelemetry.context import Context

    # Into an empty one: a parent that can't be read is none, and not the span around this one.
    return TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())


def _attributes(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name if "." in name else f"ringback.{name}": redaction.value(name, given)
        for name, given in facts.items()
        if given is not None
    }


def note(**facts: Any) -> None:
    """Tell more of the span around this; as in `span`."""
    if _endpoint is not None:
        from opentelemetry import trace

        trace.get_current_span().set_attributes(_attributes(facts))


def failed(kind: str) -> None:
    """The span around this came to nothing, for a reason of this name."""
    if _endpoint is not None:
        from opentelemetry import trace

        trace.get_current_span().set_attribute("error.type", kind)
        trace.get_current_span().set_status(trace.StatusCode.ERROR)


def here() -> str | None:
    """The traceparent (W3C Trace Context, level 1) of the span around this; None when there is
    none. It is what travels in rows, messages and requests."""
    if _endpoint is None:
        return None
    from opentelemetry import trace

    at = trace.get_current_span().get_span_context()
    if not at.is_valid:
        return None
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{int(at.trace_flags):02x}"


def name_trace(
    logger: Any, method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: lines inside a span name its trace."""
    at = here()
    if at is not None:
        line["trace_id"] = at.split("-")[1]
    return line
