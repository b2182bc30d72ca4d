"""A Redis that is reached by TLS only: a TLS endpoint in front of a plain server of this run, since
the embedded one is built without. What arrives is decrypted and passed on, and back likewise."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import RedisServer

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = str(CERTIFICATES / "authority.pem")
STRANGER = str(CERTIFICATES / "stranger.pem")


@dataclass
class TlsRedis:
    """`url` begins with rediss://. `handshakes` that came to their end, `refused` that did not."""

    url: str
    port: int
    handshakes: int = 0
    refused: int = 0


@contextlib.contextmanager
def tls_in_front(server: RedisServer, certificate: str = "server") -> Iterator[TlsRedis]:
    """Serve the Redis behind this certificate on a port of localhost until the block ends."""
    loop = asyncio.new_event_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    entry, _, place = server.url.removeprefix("redis://").rpartition("@")
    tls = TlsRedis("", 0)

    def complain(loop: asyncio.AbstractEventLoop, what: dict[str, object]) -> None:
        tls.refused += isinstance(what.get("exception"), ssl.SSLError)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls.handshakes += 1
        await _pass_on(reader, writer, int(place.partition(":")[2].partition("/")[0]))

    loop.set_exception_handler(complain)
    front = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    tls.port = front.sockets[0].getsockname()[1]
    tls.url = f"rediss://{entry}@localhost:{tls.port}/0"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield tls
    finally:
        asyncio.run_coroutine_threadsafe(_end(front), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _end(front: asyncio.Server) -> None:
    front.close()
    # From Python 3.13 on. A connection still open when its loop ends is left to the garbage
    # collector, which in 3.13.0 complains in whatever test runs then.
    abort_all = getattr(front, "abort_clients", None)
    if abort_all is not None:
        abort_all()
    mine = asyncio.current_task()
    passing = [task for task in asyncio.all_tasks() if task is not mine]
    for task in passing:
        task.cancel()
    await asyncio.gather(*passing, return_exceptions=True)
    await asyncio.sleep(0)  # what was aborted hears of it
