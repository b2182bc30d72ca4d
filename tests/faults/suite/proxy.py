"""A TCP proxy that can be slow, deaf, closed, or swallow the answer to one word."""

import asyncio
import contextlib
import functools
import socket
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST
_PIECE = 64 * 1024


@functools.cache
def _everybodys_loop() -> asyncio.AbstractEventLoop:
    """The loop of all proxies of the process, which outlives each of them: a connection whose loop
    has ended is left to the garbage collector, which complains in whatever test runs then."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="proxies", daemon=True).start()
    return loop


class Proxy:
    """Forwards a loopback port to a server: a port of this machine or a Unix socket. Attributes may
    be set at any time from any thread: `latency` delays every piece both ways by so many seconds,
    `deaf` swallows everything, `silence_after` is a word of the client's, passed on, after which
    the server's answers on that connection are swallowed; `silenced` counts these."""

    def __init__(self, upstream: int | Path) -> None:
        self.latency, self.deaf = 0.0, False
        self.silence_after: bytes | None = None
        self.silenced = 0
        self._upstream = upstream
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None
        # Bound for good, so that nobody takes the port while it refuses.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port: int = self._reserved.getsockname()[1]
        self.accept()

    def accept(self) -> None:
        """Listen."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Refuse connections from now on and reset those that there are."""
        self._do(self._stop_listening())
        self.cut()

    def cut(self) -> None:
        """Reset every present connection."""
        self._do(self._reset_all())

    def close(self) -> None:
        """End it."""
        self.refuse()
        self._reserved.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, _everybodys_loop()).result(10)

    async def _listen(self) -> None:
        if self._accepting is None:
            door = socket.socket()
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            door.bind(("127.0.0.1", self.port))
            door.listen(512)
            door.setblocking(False)
            self._accepting = asyncio.create_task(self._take_all(door))

    async def _take_all(self, door: socket.socket) -> None:
        with door:
            while True:
                near, _ = await asyncio.get_running_loop().sock_accept(door)
                serving = asyncio.create_task(self._serve(near))
                self._serving.add(serving)
                serving.add_done_callback(self._serving.discard)

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
            self._accepting = None

    async def _reset_all(self) -> None:
        for pair in list(self._pairs):
            _abort(pair)

    async def _serve(self, near: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=near)
        try:
            if isinstance(self._upstream, int):
                far_reader, far = await asyncio.open_connection("127.0.0.1", self._upstream)
            else:
                far_reader, far = await asyncio.open_unix_connection(self._upstream)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far)
        if self._accepting is None:  # refused meanwhile
            _abort(pair)
            return
        self._pairs.add(pair)
        hushed = asyncio.Event()
        try:
            out = asyncio.create_task(self._pump(reader, far, hushed, ours=True))
            back = asyncio.create_task(self._pump(far_reader, writer, hushed, ours=False))
            await asyncio.wait({out, back}, return_when=asyncio.FIRST_COMPLETED)
            for task in (out, back):
                task.cancel()
        finally:
            self._pairs.discard(pair)
            for side in pair:
                side.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hushed: asyncio.Event,
        *,
        ours: bool,
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                if self.latency:
                    await asyncio.sleep(self.latency)
                if self.deaf or (hushed.is_set() and not ours):
                    continue
                word = self.silence_after
                if ours and word is not None and word in piece and not hushed.is_set():
                    hushed.set()
                    self.silenced += 1
                writer.write(piece)
                await writer.drain()


def _abort(pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter]) -> None:
    for side in pair:
        opened = side.get_extra_info("socket")
        if opened is not None and opened.family == socket.AF_INET:
            with contextlib.suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        side.transport.abort()
