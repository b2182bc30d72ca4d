"""Connections to carriers, kept between requests: the standard library's, with nothing around them
that a placement does not need. Each belongs to one exchange at a time, which watches it."""

import http.client
import select
import socket
import ssl
import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping
from functools import cache
from urllib.parse import SplitResult, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gateway import failpoints
from gateway.providers.wire import Exchange, open_socket

IDLE_SECONDS = 2.0  # after which a carrier may close a connection at the very moment it is used
KEPT = 80  # of one carrier
_ENDS = {"http": 80, "https": 443}
_BREAKS = str.maketrans("", "", "\r\n\x00")


class Broken(Exception):
    """The answer is none: too large, cut off, or not to be read."""


class Connection:
    """One connection to one address. Not to be shared between threads."""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self._tls, self._host, self._port = scheme == "https", host, port
        self._socket: socket.socket | None = None
        self._rests_since = 0.0

    def ask(
        self, exchange: Exchange, head: bytes, body: bytes, method: str, most: int
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read the whole answer of at most so many bytes: its status, headers in
        lower case, and body. The exchange knows how far it got. Raises Broken, OSError and
        http.client.HTTPException; then the connection has to be closed."""
        connection = self._connected(exchange)
        exchange.watch(connection)
        if exchange.late:
            raise TimeoutError("too late to send")
        connection.settimeout(max(0.001, exchange.remaining()))
        exchange.stage = "sent"  # from the first byte on the carrier may know
        connection.sendall(head + body)
        if exchange.placing:
            failpoints.hit("worker.after_send")
        with http.client.HTTPResponse(connection, method=method) as answer:
            answer.begin()
            if answer.status < 200:
                raise Broken  # the answer itself is still to come, and would go to another request
            told = answer.read(most + 1)
            if answer.length or len(told) > most:
                raise Broken
            headers: dict[str, str] = {}
            for name, value in answer.headers.items():
                key = name.lower()
                headers[key] = f"{headers[key]}, {value}" if key in headers else value
            ends = answer.will_close
        if exchange.overdue:
            raise TimeoutError  # what looks like an end was our own cut
        if ends:
            self.close()
        self._rests_since = time.monotonic()
        return answer.status, headers, _plain(told, headers, most)

    def _connected(self, exchange: Exchange) -> socket.socket:
        if self._socket is not None and not self._is_fit(self._socket):
            self.close()
        if self._socket is None:
            made = open_socket(self._host, self._port)
            self._socket = made
            if self._tls:
                made.settimeout(max(0.001, min(exchange.connect_seconds, exchange.remaining())))
                self._socket = _tls().wrap_socket(made, server_hostname=self._host)
        return self._socket

    def _is_fit(self, connection: socket.socket) -> bool:
        """Whether it may be used again. One that has something to be read was closed, or is out of
        step."""
        if time.monotonic() - self._rests_since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    @property
    def kept(self) -> bool:
        """Whether it is open."""
        return self._socket is not None

    def close(self) -> None:
        """Use it no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Connections:
    """The connections of one transport, by address. Safe to share between threads."""

    def __init__(self) -> None:
        self._resting: dict[tuple[str, str, int], deque[Connection]] = {}
        self._changing = threading.Lock()

    def request(
        self, exchange: Exchange, method: str, url: str, headers: Mapping[str, str], body: bytes,
        most: int,
    ) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
        """As `Connection.ask`, by a connection that rests or a new one."""
        parts = urlsplit(url)
        address = parts.scheme, parts.hostname or "", parts.port or _ENDS[parts.scheme]
        with self._changing:
            resting = self._resting.setdefault(address, deque(maxlen=KEPT))
            connection = resting.pop() if resting else None
        connection = connection or Connection(*address)
        head = _head(method, parts, headers, len(body))
        try:
            answer = connection.ask(exchange, head, body, method, most)
        except BaseException:
            connection.close()  # half-read: never used again
            raise
        exchange.release()  # before another thread may take it
        if connection.kept:
            resting.append(connection)
        return answer


def _head(method: str, parts: SplitResult, headers: Mapping[str, str], length: int) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}".translate(_BREAKS) for name, value in headers.items()]
    if length or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _plain(body: bytes, headers: Mapping[str, str], most: int) -> bytes:
    """The body as it was before it was packed, though nobody asked for that."""
    packed = headers.get("content-encoding", "").strip().lower()
    if packed not in ("gzip", "x-gzip", "deflate") or not body:
        return body
    opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = opened.decompress(body, most + 1)
    except zlib.error:
        raise Broken from None
    if len(plain) > most or not opened.eof:
        raise Broken
    return plain


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
