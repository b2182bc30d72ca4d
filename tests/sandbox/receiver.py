"""A small HTTP server that keeps what it is sent, as the gateway's webhooks would get it."""

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from time import monotonic
from urllib.parse import parse_qsl

Reply = tuple[int, str]


@dataclass(frozen=True)
class Received:
    """One request as it was on the wire; header names are lower-case."""

    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def __getitem__(self, name: str) -> str:
        return self.params[name]


class Receiver:
    """Answers 204 unless `reply` says otherwise; `reply` is called with each request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.content_type = "text/xml"
        self.reply: Callable[[Received], Reply] = lambda request: (204, "")
        self._news = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(receiver.url + self.path, headers, body)
                status, text = receiver.reply(request)
                receiver.keep(request)
                self.send_response(status)
                self.send_header("Content-Type", receiver.content_type)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST  # noqa: N815 - the library looks for this name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def keep(self, request: Received) -> None:
        with self._news:
            self.received.append(request)
            self._news.notify_all()

    def wait_for(self, count: int, within: float = 20.0) -> list[Received]:
        """The requests so far, once there are this many; AssertionError if they do not come."""
        deadline = monotonic() + within
        with self._news:
            while len(self.received) < count:
                left = deadline - monotonic()
                assert left > 0, f"{len(self.received)} of {count} callbacks came"
                self._news.wait(left)
            return list(self.received)

    def stays_at(self, count: int, seconds: float) -> bool:
        """True if no further request comes for so long."""
        with self._news:
            return not self._news.wait_for(lambda: len(self.received) > count, seconds)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
