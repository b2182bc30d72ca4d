"""Where traces and error reports go in tests: a collector of OpenTelemetry and an inbox of Sentry,
each a real HTTP server on loopback that keeps what it is sent."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span as it was exported; ids in hex, `parent` empty for the first of a trace."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    start: int
    end: int
    failed: bool
    process: str
    facts: dict[str, Any]
    events: int


@dataclass
class Inbox:
    """What one address was sent."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spans(self) -> list[Span]:
        """All spans, in the order in which they came."""
        with self.lock:
            bodies = list(self.bodies)
        return [span for body in bodies for span in _spans(body)]

    def events(self) -> list[dict[str, Any]]:
        """All error reports."""
        with self.lock:
            bodies = list(self.bodies)
        return [event for body in bodies for event in _events(body)]

    def everything(self) -> bytes:
        """All that came, as bytes to search in; protobuf keeps texts readable."""
        with self.lock:
            return b"\n".join(self.bodies)


@contextmanager
def listening() -> Iterator[Inbox]:
    """An inbox until the block ends. What is taken for Sentry is `dsn(inbox)`."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
            with inbox.lock:
                inbox.bodies.append(raw)
                inbox.paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    inbox = Inbox(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def dsn(inbox: Inbox) -> str:
    """The address by which Sentry's library knows an inbox."""
    return inbox.url.replace("http://", "http://0123456789abcdef@") + "/42"


def _spans(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for one in scope.spans:
                yield Span(
                    one.name,
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    one.kind,
                    one.start_time_unix_nano,
                    one.end_time_unix_nano,
                    one.status.code == 2,
                    about["service.instance.id"],
                    {fact.key: _plain(fact.value) for fact in one.attributes},
                    len(one.events),
                )


def _plain(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


def _events(envelope: bytes) -> Iterator[dict[str, Any]]:
    """The events of an envelope: a header, then for each item a header with its length and it."""
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        header, _, rest = rest.lstrip(b"\n").partition(b"\n")
        about = json.loads(header)
        length = about.get("length", len(rest.partition(b"\n")[0]))
        if about["type"] == "event":
            yield json.loads(rest[:length])
        rest = rest[length:]
