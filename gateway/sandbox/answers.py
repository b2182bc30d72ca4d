"""The strange ways in which a placement request may be answered, or not."""

import json
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Event
from typing import Any, Protocol

from flask import Response, request

from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.schedule import Scheduler

DRIP_SECONDS = 0.4
SLOW_SECONDS = 8.0
SILENT = frozenset({Answer.HANG, Answer.RESET, Answer.CLOSE})
_REFUSALS = {
    Answer.ERROR_500: (500, 20500, "An internal server error has occurred"),
    Answer.ERROR_503: (503, 20503, "Service unavailable"),
    Answer.THROTTLED: (429, 20429, "Too many requests"),
    Answer.UNAUTHORIZED: (401, 20003, "Authenticate"),
}
HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class Dialect(Protocol):
    """How one provider words its refusals."""

    def __call__(self, status: int, code: int, message: str) -> Response: ...


class Wire(Response):
    """An answer made on the bare connection, as far as the server hands it over.

    gunicorn does (`gunicorn.socket`). The connection is then taken from the server, which is told
    to forget it, so no thread of it waits. Under another server `instead` answers.
    """

    act: Callable[[socket.socket], None]
    instead: Callable[[], Response]

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        served: socket.socket | None = environ.get("gunicorn.socket")
        if served is None:
            return self.instead()(environ, start_response)
        own = served.dup()
        served.close()
        self.act(own)
        raise StopIteration


def _wire(act: Callable[[socket.socket], None], instead: Callable[[], Response]) -> Response:
    response = Wire()
    response.act, response.instead = act, instead
    return response


@dataclass(frozen=True, slots=True)
class Orderly:
    """The answer that a placement gets when nothing strange happens to it."""

    body: bytes
    status: int = 201
    headers: tuple[tuple[str, str], ...] = ()

    def spoken(self) -> Response:
        """As a response with a JSON body."""
        response = Response(self.body, self.status, content_type="application/json")
        response.headers.extend(self.headers)
        return response

    def head(self) -> bytes:
        """What goes over the bare connection before the body."""
        phrase = HTTPStatus(self.status).phrase
        lines = (
            f"HTTP/1.1 {self.status} {phrase}",
            "Content-Type: application/json",
            "Connection: close",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")


def answer(
    behaviour: Behaviour,
    orderly: bytes | Orderly,
    dialect: Dialect,
    scheduler: Scheduler,
    hang_seconds: float,
) -> Response:
    """The answer that the behaviour asks for; `orderly` is what it would have been without, bare
    bytes being the body of a 201."""
    if isinstance(orderly, bytes):
        orderly = Orderly(orderly)
    wires = {
        Answer.HANG: lambda: _hang(scheduler, behaviour.seconds or hang_seconds),
        Answer.SLOW: lambda: _slow(scheduler, orderly, behaviour.seconds or SLOW_SECONDS),
        Answer.DRIP: lambda: _drip(scheduler, orderly, behaviour.seconds or DRIP_SECONDS),
        Answer.RESET: lambda: _wire(_reset, _failed),
        Answer.CLOSE: lambda: _wire(_close, _failed),
        Answer.TRUNCATED: lambda: _truncated(orderly),
        Answer.GARBAGE: lambda: _wire(_babble, _failed),
    }
    wire = wires.get(behaviour.answer)
    return wire() if wire else _spoken(behaviour, orderly, dialect)


def _spoken(behaviour: Behaviour, orderly: Orderly, dialect: Dialect) -> Response:
    match behaviour.answer:
        case Answer.ERROR_502:
            return Response(HTML.format("502 Bad Gateway"), 502, content_type="text/html")
        case Answer.HTML:
            html = HTML.format(HTTPStatus(orderly.status).phrase)
            return Response(html, orderly.status, content_type="text/html")
        case Answer.EMPTY:
            return Response(b"", orderly.status, content_type="application/json")
        case Answer.REDIRECT:
            return Response(b"", 307, headers={"Location": f"{request.path}?moved=true"})
        case Answer.REJECTED:
            return dialect(400, behaviour.code or 21211, "The request was rejected")
    if behaviour.answer not in _REFUSALS:
        return orderly.spoken()
    response = dialect(*_REFUSALS[behaviour.answer])
    if behaviour.retry_after is not None:
        response.headers["Retry-After"] = behaviour.retry_after
    return response


def _failed() -> Response:
    return Response(json.dumps({"detail": "no socket to act on"}), 500, mimetype="application/json")


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _say(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.setblocking(False)
        connection.sendall(data)
    except OSError:
        connection.close()
        return False
    return True


def _babble(connection: socket.socket) -> None:
    if _say(connection, b"\x16\x03 this is no answer\r\n\r\n"):
        _close(connection)


def _hang(scheduler: Scheduler, seconds: float) -> Response:
    def wait() -> Response:
        Event().wait(seconds)
        return _failed()

    return _wire(lambda own: scheduler.after(seconds, lambda: _close(own)), wait)


def _slow(scheduler: Scheduler, orderly: Orderly, seconds: float) -> Response:
    def late(connection: socket.socket) -> None:
        if _say(connection, orderly.head() + orderly.body):
            _close(connection)

    def wait() -> Response:
        Event().wait(seconds)
        return orderly.spoken()

    return _wire(lambda own: scheduler.after(seconds, lambda: late(own)), wait)


def _drip(scheduler: Scheduler, orderly: Orderly, seconds: float) -> Response:
    body = orderly.body

    def drop(connection: socket.socket, at: int) -> None:
        if at == len(body):
            _close(connection)
        elif _say(connection, body[at : at + 1]):
            scheduler.after(seconds, lambda: drop(connection, at + 1))

    def start(connection: socket.socket) -> None:
        if _say(connection, orderly.head()):
            scheduler.after(seconds, lambda: drop(connection, 0))

    def drops() -> Iterator[bytes]:
        for at in range(len(body)):
            Event().wait(seconds)
            yield body[at : at + 1]

    return _wire(start, lambda: _partly(orderly, drops()))


def _truncated(orderly: Orderly) -> Response:
    half = orderly.body[: len(orderly.body) // 2]

    def cut(connection: socket.socket) -> None:
        if _say(connection, orderly.head() + half):
            _close(connection)

    return _wire(cut, lambda: _partly(orderly, [half]))


def _partly(orderly: Orderly, pieces: Iterable[bytes]) -> Response:
    headers = (*orderly.headers, ("Content-Length", str(len(orderly.body))))
    return Response(pieces, orderly.status, list(headers), content_type="application/json")
