"""The edge behind the real server, spoken to in raw bytes: what a test client can't send."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY, Account, Configure
from tests.http.callbacks import Sent, twilio
from tests.http.conftest import SETTINGS
from tests.http.stage import BOOKINGS, booking
from tests.servers import RedisServer

ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """gunicorn on a socket of its own."""

    path: Path
    account: Account

    def say(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes, read one answer: status, headers in lower case, body."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(self.path))
            line.sendall(raw)
            with line.makefile("rb") as answer:
                status = int(answer.readline().split()[1])
                headers = {}
                while (header := answer.readline().strip()) != b"":
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                return status, headers, answer.read(int(headers.get("content-length", 0)))

    def send(self, sent: Sent, *extra: str, target: str | None = None) -> int:
        """Send a callback as it would come over the wire; `extra` are further header lines."""
        lines = [f"POST {target or sent.path} HTTP/1.1", "Connection: close",
                 f"Content-Length: {len(sent.body)}", f"Content-Type: {sent.content_type}",
                 *(f"{name}: {value}" for name, value in sent.headers.items()), *extra]  # fmt: skip
        if not any(line.startswith("Host:") for line in extra):
            lines.append("Host: hooks.example.com")
        return self.say("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sent.body)[0]


@pytest.fixture
def served(
    configure: Configure, open_account: object, database_url: str, redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:  # fmt: skip
    """The Procfile's web process."""
    configure(**SETTINGS)
    account: Account = open_account("Salon")  # type: ignore[operator]
    path = tmp_path_factory.mktemp("web") / "s"
    environ = {"PATH": os.environ["PATH"], "WEB_PROCESSES": "1", **SETTINGS,
               "DATABASE_URL": database_url, "REDIS_URL": redis_server.url,
               "SECRET_KEY": SECRET_KEY}  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", "gateway/cli/gunicorn_conf.py"]
    process = subprocess.Popen([*command, "--bind", f"unix:{path}"], cwd=ROOT, env=environ)
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield Served(path, account)
    finally:
        process.terminate()
        process.wait(20)


def test_callbacks_are_verified_over_the_address_as_it_was_sent(
    served: Served, subtests: pytest.Subtests
) -> None:
    signature = twilio().headers["X-Twilio-Signature"]
    odd = twilio("/webhooks/twilio/voice?attempt=cl_1&name=Zo%c3%ab+a%2Bb&&=x&e=")
    written = twilio("/webhooks/twilio/%76oice?x=1")
    otherwise = twilio().but(path=twilio().path.replace("voice", "%76oice"))
    absolute = "http://evil.example" + twilio().path
    forwarded = ("X-Forwarded-Proto: http", "X-Forwarded-Host: a.b")
    statuses: dict[str, tuple[int, int]] = {
        "an authentic callback": (served.send(twilio()), 204),
        "its duplicate": (served.send(twilio()), 204),
        "an odd query, kept as it is": (served.send(odd), 204),
        "a path written another way, as signed": (served.send(written), 204),
        "a path written another way than signed": (served.send(otherwise), 401),
        "an absolute address": (served.send(twilio(), target=absolute), 204),
        "two signatures": (served.send(twilio(), f"X-Twilio-Signature: {signature}"), 401),
        "forwarding headers": (served.send(twilio(), *forwarded), 204),
        "another host": (served.send(twilio(), "Host: evil.example"), 204),
        "an impossible host": (served.send(twilio(), "Host: a:99999"), 204),
    }
    for name, (status, expected) in statuses.items():
        with subtests.test(name):
            assert status == expected


def _chunked(raw: bytes) -> bytes:
    parts = [raw[at : at + 8000] for at in range(0, len(raw), 8000)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def _measured(raw: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(raw) + raw


def test_bodies_and_headers_are_bounded_on_the_wire(
    served: Served, subtests: pytest.Subtests
) -> None:
    head = (
        f"POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {served.account.test_key}\r\n"
    ).encode()
    typed = head + b"Content-Type: application/json\r\n"
    body = json.dumps(booking()).encode()
    big = json.dumps(booking(metadata={"a": "x" * 70_000})).encode()
    requests = {
        "B012 chunked": (typed + _chunked(body), {201}),
        "B012 chunked, too large": (typed + _chunked(big), {413}),
        "B012 too large": (typed + _measured(big), {413}),
        "B013 no type": (head + _measured(body), {415}),
        "B036 two lengths": (typed + b"Content-Length: 1\r\n" + _measured(body), {400}),
        "B036 length and chunked": (typed + b"Content-Length: 5\r\n" + _chunked(b""), {400}),
        "B036 101 headers": (head + b"X-A: b\r\n" * 101 + b"\r\n", {400, 431}),
        "B030 not ASCII": (typed + "Idempotency-Key: é\r\n".encode() + _measured(body), {400}),
    }
    for name, (raw, expected) in requests.items():
        with subtests.test(name):
            status, headers, answer = served.say(raw)

            assert status in expected
            if headers["content-type"].startswith("application/problem"):
                assert json.loads(answer)["status"] == status
