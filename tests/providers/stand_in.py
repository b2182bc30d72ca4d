"""A carrier made of one listening socket: each test says what it does with a connection."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)


class Connection:
    """One accepted connection, with the ways to treat it well or badly."""

    def __init__(self, plain: socket.socket, owner: "StandIn") -> None:
        self.socket = plain
        self._owner = owner
        self._buffer = b""

    def read(self) -> Seen | None:
        """The next whole request, noted as arrived; None when the client went away."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (n.partition(":") for n in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        method, target, _ = first.split(" ", 2)
        seen = Seen(method, target, headers, body)
        self._owner.requests.append(seen)
        return seen

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """A correct HTTP answer."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait(self, seconds: float = 30.0) -> bool:
        """Until the test is over (True) or the time has passed."""
        return self._owner.over.wait(seconds)

    def _more(self) -> bool:
        received = self.socket.recv(65536)
        self._buffer += received
        return bool(received)


Act = Callable[[Connection], None]


@dataclass
class StandIn:
    """Listens on loopback until left; `act` runs in a thread of its own for each connection."""

    act: Act
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def posts(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.method == "POST"]

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(plain)
            self._start(lambda plain=plain: self._serve(plain))  # type: ignore[misc]

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError):
            self.act(Connection(plain, self))
        if plain.fileno() != -1:
            plain.close()


def answering(status: int, body: object = None, headers: dict[str, str] | None = None) -> Act:
    """Give the same answer to every request, with keep-alive; bytes are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def act(connection: Connection) -> None:
        while connection.read() is not None:
            connection.answer(status, content, headers)

    return act
