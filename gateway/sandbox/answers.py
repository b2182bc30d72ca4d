"""The strange ways in which a placement request may be answered, or not."""

import json
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
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


def created(body: bytes) -> Response:
    """201 with a JSON body."""
    return Response(body, 201, content_type="application/json")


def answer(
    behaviour: Behaviour, body: bytes, dialect: Dialect, scheduler: Scheduler, hang_seconds: float
) -> Response:
    """The answer that the behaviour asks for; `body` is what an orderly 201 would have carried."""
    wires = {
        Answer.HANG: lambda: _hang(scheduler, behaviour.seconds or hang_seconds),
        Answer.SLOW: lambda: _slow(scheduler, body, behaviour.seconds or SLOW_SECONDS),
        Answer.DRIP: lambda: _drip(scheduler, body, behaviour.seconds or DRIP_SECONDS),
        Answer.RESET: lambda: _wire(_reset, _failed),
        Answer.CLOSE: lambda: _wire(_close, _failed),
        Answer.TRUNCATED: lambda: _truncated(body),
        Answer.GARBAGE: lambda: _wire(_babble, _failed),
    }
    wire = wires.get(behaviour.answer)
    return wire() if wire else _spoken(behaviour, body, dialect)


def _spoken(behaviour: Behaviour, body: bytes, dialect: Dialect) -> Response:
    match behaviour.answer:
        case Answer.ERROR_502:
            return Response(HTML.format("502 Bad Gateway"), 502, content_type="text/html")
        case Answer.HTML:
            return Response(HTML.format("Created"), 201, content_type="text/html")
        case Answer.EMPTY:
            return Response(b"", 201, content_type="application/json")
        case Answer.REDIRECT:
            return Response(b"", 307, headers={"Location": f"{request.path}?moved=true"})
        case Answer.REJECTED:
            return dialect(400, behaviour.code or 21211, "The request was rejected")
    if behaviour.answer not in _REFUSALS:
        return created(body)
    response = dialect(*_REFUSALS[behaviour.answer])
    if behaviour.retry_after is not None:
        response.headers["Retry-After"] = behaviour.retry_after
    return response


def _failed() -> Response:
    return Response(json.dumps({"detail": "no socket to act on"}), 500, mimetype="application/json")


def _head(length: int) -> bytes:
    lines = ("HTTP/1.1 201 Created", "Content-Type: application/json", "Connection: close")
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode("ascii")


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


def _slow(scheduler: Scheduler, body: bytes, seconds: float) -> Response:
    def late(connection: socket.socket) -> None:
        if _say(connection, _head(len(body)) + body):
            _close(connection)

    def wait() -> Response:
        Event().wait(seconds)
        return created(body)

    return _wire(lambda own: scheduler.after(seconds, lambda: late(own)), wait)


def _drip(scheduler: Scheduler, body: bytes, seconds: float) -> Response:
    def drop(connection: socket.socket, at: int) -> None:
        if at == len(body):
            _close(connection)
        elif _say(connection, body[at : at + 1]):
            scheduler.after(seconds, lambda: drop(connection, at + 1))

    def start(connection: socket.socket) -> None:
        if _say(connection, _head(len(body))):
            scheduler.after(seconds, lambda: drop(connection, 0))

    def drops() -> Iterator[bytes]:
        for at in range(len(body)):
            Event().wait(seconds)
            yield body[at : at + 1]

    return _wire(
        start,
        lambda: Response(drops(), 201, {"Content-Length": str(len(body))}, "application/json"),
    )


def _truncated(body: bytes) -> Response:
    half = body[: len(body) // 2]

    def cut(connection: socket.socket) -> None:
        if _say(connection, _head(len(body)) + half):
            _close(connection)

    length = {"Content-Length": str(len(body))}
    return _wire(cut, lambda: Response([half], 201, length, "application/json"))
