"""The provider that costs next to nothing: every POST is taken and gets a fresh SID. nginx by the
peers' configuration where both are there, else a server of our own: `python -m
tests.bench.provider PORT`."""

import asyncio
import contextlib
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator

from gateway.cli.embedded_redis import free_port
from tests.bench.ground import PROVIDER_PORT, Ground, Running, running
from tests.cli.stacks import clean_env, command
from tests.waiting import until

_NGINX = ("nginx", "/usr/sbin/nginx")
_ANSWERS = (
    (b"/Calls.json", '{"sid":"CA%s","status":"queued","direction":"outbound-api"}'),
    (b"/Messages.json", '{"sid":"SM%s","status":"queued","direction":"outbound-api"}'),
    (b"/calls", '{"call_id":"%s","status":"queued"}'),
)


@contextlib.contextmanager
def provider(ground: Ground) -> Iterator[Running]:
    """It, at the address `url`, until the block ends."""
    port = free_port()
    with running(_words(ground, port), clean_env()) as one:
        one.url = f"http://127.0.0.1:{port}"
        until(lambda: _listens(port), "the provider", 10)
        yield one


def _words(ground: Ground, port: int) -> list[str]:
    program = next(filter(None, map(shutil.which, _NGINX)), None)
    if program is None or ground.chosen.peers is None:
        return [command()[0], "-m", "tests.bench.provider", str(port)]
    folder = ground.folder / f"nginx-{port}"
    folder.mkdir()
    told = (ground.chosen.peers / "bullmq" / "nginx.conf").read_text()
    (folder / "nginx.conf").write_text(told.replace(f":{PROVIDER_PORT};", f":{port};"))
    return [program, "-p", str(folder), "-c", "nginx.conf"]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class _Connection(asyncio.Protocol):
    """One connection: whole requests in, answers out, kept open."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self._out: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._out = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._seen[:end]).lower()
            _, found, rest = head.partition(b"content-length:")
            length = int(rest.split(b"\r\n", 1)[0]) if found else 0
            if len(self._seen) < end + 4 + length:
                return
            path = bytes(self._seen[:end]).split(b" ", 2)[1].partition(b"?")[0]
            del self._seen[: end + 4 + length]
            self._answer(path)

    def _answer(self, path: bytes) -> None:
        body = next((words for last, words in _ANSWERS if path.endswith(last)), "")
        told = (body % secrets.token_hex(16) if body else "").encode()
        status = "201 Created" if body else "404 Not Found"
        assert self._out is not None
        self._out.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(told)}\r\n\r\n".encode()
            + told
        )


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
