"""One outbound exchange at socket level: how far it got, and when it must be over.

A socket's time-outs count from one byte to the next, so a carrier that drips could hold a thread
for minutes. Here a timer shuts the socket down at the deadline, whatever the thread waits for. The
connections also know whether a byte of the request may have left: that alone tells "never sent"
from "unknown".
"""

import ipaddress
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_NAP = 2.0  # seconds for which the thread of the deadlines sleeps while there is none

_Address = tuple[Any, ...]


class Exchange:
    """A request on its way. `stage` is resolve, connect, tls or sent; from `sent` on the carrier
    may have it. Deadlines are seconds of the monotonic clock."""

    def __init__(self, deadline: float, connect_seconds: float, *, placing: bool) -> None:
        self.deadline = deadline
        self.connect_seconds = connect_seconds
        self.placing = placing
        self.stage = "resolve"
        self.overdue = False
        self._may = _current.may if placing else None
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Exchange":
        _current.exchange = self
        _deadlines.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _deadlines.drop(self)
        self.release()
        _current.exchange = None

    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()

    @property
    def late(self) -> bool:
        """Whether it should not be sent any more: the process may have been frozen, and what is to
        be placed be somebody else's by now."""
        return self.remaining() <= 0 or (self._may is not None and not self._may())

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the deadline. A duplicate of the descriptor is kept, since
        TLS and http.client each detach or close the object they were given."""
        with self._lock:
            if self._socket is None:
                self._socket = socket.socket(fileno=os.dup(connection.fileno()))
            overdue = self.overdue
        if overdue:
            self.cut()

    def release(self) -> None:
        """The connection is no longer ours: another thread may take it from the pool."""
        with self._lock:
            watched, self._socket = self._socket, None
        if watched is not None:
            watched.close()

    def cut(self) -> None:
        """Its time is over: shut its connection down."""
        with self._lock:
            self.overdue = True
            if self._socket is not None:
                with suppress(OSError):  # it may be down already
                    self._socket.shutdown(socket.SHUT_RDWR)


class _Deadlines:
    """One thread of a process that cuts every exchange whose deadline has come: a timer for each
    would be a thread for each."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[Exchange] = set()
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def add(self, exchange: Exchange) -> None:
        with self._changed:
            self._open.add(exchange)
            if self._thread is None or not self._thread.is_alive():  # as in a forked process
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif exchange.deadline < self._wakes_at:
                self._changed.notify()

    def drop(self, exchange: Exchange) -> None:
        with self._changed:
            self._open.discard(exchange)

    def _run(self) -> None:
        while True:
            with self._changed:
                over = [one for one in self._open if one.remaining() <= 0]
                self._open.difference_update(over)
                now = time.monotonic()
                first = min((one.deadline for one in self._open), default=now + _NAP)
                if not over:
                    self._wakes_at = first
                    self._changed.wait(max(0.0, first - now))
            for one in over:
                one.cut()


_deadlines = _Deadlines()


class _Current(threading.local):
    exchange: Exchange | None = None
    may: Callable[[], bool] | None = None


_current = _Current()


@contextmanager
def placing_while(may: Callable[[], bool]) -> Iterator[None]:
    """What this thread places inside the block leaves only as long as it may. It is asked for
    right before the first byte."""
    _current.may = may
    try:
        yield
    finally:
        _current.may = None


def _exchange() -> Exchange:
    if _current.exchange is None:
        raise RuntimeError("a connection is used outside an exchange")
    return _current.exchange


def _resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """The addresses of a host. The system's resolver can't be interrupted, so names are looked up
    in a thread of their own that is left behind when it takes too long."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    answers: queue.SimpleQueue[list[_Address] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except Exception as error:  # noqa: BLE001 - raised again by the one who waits
            answers.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise TimeoutError("name not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def open_socket(host: str, port: int) -> socket.socket:
    """A TCP connection to the first address that answers, each being given the connect time. It is
    watched by this thread's exchange. Raises OSError."""
    exchange = _exchange()
    exchange.stage = "resolve"
    if exchange.late:
        raise TimeoutError("too late to connect")
    addresses = _resolve(host, port, exchange.remaining())
    exchange.stage = "connect"
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.001, min(exchange.connect_seconds, exchange.remaining())))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(address)
            exchange.watch(connection)
            exchange.stage = "tls"
            return connection
        except OSError as error:
            connection.close()
            failure = error
    raise failure
