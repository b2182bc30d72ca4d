"""A cheap source of load: prebuilt requests over kept connections, in a process of its own.

As a program (it imports nothing of the gateway): `load.py FILE HOST PORT CONNECTIONS [RATE]`, where
FILE has the requests one after the other, each behind its length. Without RATE each connection
sends its next request as soon as the last one was answered; with it requests fall due at that rate
whatever becomes of those before, and one that finds no free connection is late, which counts.
"""

import json
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LONGEST = 300.0  # seconds after which a run is given up


@dataclass(frozen=True)
class Driven:
    """What came of it. `seconds` is from the first request to the last answer, `began` the moment
    of the first (time.time()), `latencies` each answer's seconds since its request was sent, or at
    a given rate since it fell due; `cpu` what the source of the load took itself, in seconds."""

    statuses: dict[str, int]
    seconds: float
    began: float
    latencies: list[float]
    cpu: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


def request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: hooks.example.com"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def drive(
    url: str, requests: Sequence[bytes], connections: int = 16, rate: float | None = None
) -> Driven:
    """Send them all, each once. Raises RuntimeError when not all of them were answered with 2xx."""
    at = urlsplit(url)
    with tempfile.NamedTemporaryFile(prefix="rb-load-") as file:
        for one in requests:
            file.write(struct.pack("!I", len(one)) + one)
        file.flush()
        words = [file.name, str(at.hostname), str(at.port), str(connections)]
        words += [str(rate)] if rate else []
        done = subprocess.run(
            [sys.executable, "-S", str(Path(__file__)), *words], capture_output=True, check=False
        )
    if done.returncode:
        raise RuntimeError(f"the load broke: {done.stderr[-500:].decode()}")
    driven = Driven(**json.loads(done.stdout))
    if strange := {code: n for code, n in driven.statuses.items() if not code.startswith("2")}:
        raise RuntimeError(f"answers to the load: {strange}")
    return driven


class Connection:
    """One kept connection with at most one request under way."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since = 0.0
        self._read = b""

    def send(self, wanted: bytes, since: float) -> None:
        """Send a request that counts from this moment on."""
        self.since = since
        self.socket.sendall(wanted)

    def answered(self) -> str | None:
        """Take what has come; the status once an answer is whole. Raises ConnectionError."""
        came = self.socket.recv(65536)
        if not came:
            raise ConnectionError("closed by the server")
        self._read += came
        head, mark, body = self._read.partition(b"\r\n\r\n")
        if not mark:
            return None
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            whole = body.endswith(b"0\r\n\r\n")
        else:
            _, named, rest = lower.partition(b"\r\ncontent-length:")
            whole = len(body) >= (int(rest.partition(b"\r\n")[0]) if named else 0)
        if not whole:
            return None
        self._read = b""
        return head[9:12].decode()


def run(wanted: deque[bytes], connections: list[Connection], rate: float | None) -> dict[str, Any]:
    """Send all and wait for all answers."""
    by_number = {one.socket.fileno(): one for one in connections}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    free, statuses, latencies = deque(connections), Counter[str](), list[float]()
    began, start = time.time(), time.perf_counter()
    total, sent = len(wanted), 0
    while len(latencies) < total:
        now = time.perf_counter()
        if now - start > LONGEST:
            raise TimeoutError(f"{len(latencies)} of {total} answers after {LONGEST} s")
        due = start + sent / rate if rate else now
        while wanted and free and due <= now:
            free.popleft().send(wanted.popleft(), due if rate else time.perf_counter())
            sent += 1
            due = start + sent / rate if rate else now
        wait = max(due - time.perf_counter(), 0) if rate and wanted and free else 1.0
        for number, _ in poll.poll(wait):
            one = by_number[number]
            status = one.answered()
            if status is not None:
                latencies.append(time.perf_counter() - one.since)
                statuses[status] += 1
                free.append(one)
    seconds = time.perf_counter() - start
    return {
        "statuses": dict(statuses), "seconds": seconds, "began": began,
        "latencies": latencies, "cpu": time.process_time(),
    }  # fmt: skip


def main() -> None:
    """Send what the file holds and tell how it went as JSON."""
    file, host, port, connections, *rate = sys.argv[1:]
    raw, wanted, place = Path(file).read_bytes(), deque[bytes](), 0
    while place < len(raw):
        (length,) = struct.unpack_from("!I", raw, place)
        wanted.append(raw[place + 4 : place + 4 + length])
        place += 4 + length
    opened = [Connection(host, int(port)) for _ in range(int(connections))]
    print(json.dumps(run(wanted, opened, float(rate[0]) if rate else None)))


if __name__ == "__main__":
    main()
