"""Each request as a span: that of an API client goes on in their trace, that of a carrier in the
trace of what it is about."""

from collections.abc import Mapping
from contextlib import ExitStack

from flask import Flask, Response, g, request

from gateway import tracing

_ASKED_OFTEN = ("/health", "/metrics", "/docs")  # by machines: nothing comes of it
_CARRIERS = "/webhooks/"
_CLIENTS = "/api/"


def install(app: Flask) -> None:
    """Trace the requests of this application, if this process traces."""
    if tracing.on():
        app.before_request(_begin)
        app.after_request(_answered)
        app.teardown_request(_end)


def _begin() -> None:
    g.trace, g.trace_began, g.traced = ExitStack(), tracing.moment(), False
    if request.path.startswith(_ASKED_OFTEN):
        g.traced = True
    elif not request.path.startswith(_CARRIERS):
        ours = request.path.startswith(_CLIENTS)
        _open(request.headers.get("traceparent") if ours else None)


def join(origins: Mapping[str, str]) -> None:
    """A carrier's request belongs to the trace of the first thing that it tells of, if any is
    known. Before its events were stored nobody could know."""
    if "trace" in g and not g.traced:
        _open(next(iter(origins.values()), None))


def _open(parent: str | None) -> None:
    """The route's pattern stands for the address: a real path or query can hold personal data."""
    rule = request.url_rule.rule if request.url_rule else "-"
    method = request.method if request.url_rule else "-"
    facts = {"http.request.method": method, "http.route": rule, "request_id": g.request_id}
    g.traced = True
    g.trace.enter_context(
        tracing.span(f"{method} {rule}", "server", parent=parent, began=g.trace_began, **facts)
    )


def _answered(response: Response) -> Response:
    if not g.traced:
        _open(None)
    if not request.path.startswith(_ASKED_OFTEN):
        tracing.note(**{"http.response.status_code": response.status_code})
        if response.status_code >= 500:
            tracing.failed(str(response.status_code))
    return response


def _end(fault: BaseException | None) -> None:
    stack = g.pop("trace", None)
    if stack is not None:
        stack.close()
