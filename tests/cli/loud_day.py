"""A day on a real stack that talks as much as it can, with everything that can go wrong for people
whose names, numbers and words are easy to find again."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import servers
from tests.cli.stacks import Api, Up, up
from tests.collectors import Inbox, dsn, listening
from tests.waiting import until

NAME, WORDS, MAIL = "Zyxwv Canary", "CANARY-wubbalubba", "canary@example.com"
# Every number of the day begins with it; the address's own part stands for the rest.
TRACES = ("202555", "202 555", "Zyxwv", "wubbalubba", "canary@", "canary%40")
ANSWERED, THRICE, FORGED, BUSY = (f"+1202555{last}" for last in ("0139", "0104", "0130", "0120"))


@dataclass
class Day:
    """What was left behind, by where it was found."""

    folder: Path
    bodies: list[str] = field(default_factory=list)
    redis: list[str] = field(default_factory=list)
    metrics: str = ""
    traces: bytes = b""
    reports: bytes = b""
    spans: int = 0

    def written(self) -> dict[str, bytes]:
        """What every process wrote, by file; the database and the sandbox's ledger are not logs."""
        kept = [path for path in self.folder.rglob("*") if path.is_file()]
        own = ("ringback.db", "sandbox-ledger")
        return {path.name: path.read_bytes() for path in kept if not path.name.startswith(own)}


def booking(phone: str, **changes: Any) -> dict[str, Any]:
    """One whose reminder is due in five seconds: the clock rings for it, however long it takes to
    book it."""
    starts = datetime.now(UTC) + timedelta(minutes=5, seconds=5)
    return {
        "starts_at": starts.isoformat(),
        "contact": {"name": NAME, "phone": phone, "email": MAIL},
        "reminders": [{"kind": "before", "minutes": 5, "say": WORDS}],
        "metadata": {"note": WORDS},
        **changes,
    }


@contextlib.contextmanager
def lived(folder: Path) -> Iterator[Day]:
    """Live through the day; what it left is there inside the block."""
    day = Day(folder / "data")
    with (
        servers.start_redis(folder / "redis-server") as store,
        listening() as collector,
        listening() as sentry,
    ):
        settings = {
            "LOG_LEVEL": "DEBUG",
            "REDIS_URL": store.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "300",
            "SENTRY_DSN": dsn(sentry),
            "RETRY_VOICE_SECONDS": "0.5,1",
        }
        with _watched(store, day), up(day.folder, **settings) as stack:
            _live(stack, day)
            day.redis += _dump(store)
        _keep(day, collector, sentry)
    yield day


def _live(stack: Up, day: Day) -> None:
    api, door = stack.api, stack.ready["sandbox"]
    api.keep_no_quiet_hours()
    fault = {"behaviour": "error_503", "next": 1}
    api.http.post(f"{door}/sandbox/faults", json=fault).raise_for_status()
    first = _book(api, ANSWERED)
    until(lambda: _tried(api, first), "the call that fails at first", 60, 0.2)
    others = [_book(api, phone) for phone in (THRICE, FORGED, BUSY)]
    written = _book(api, ANSWERED, reminders=[
        {"kind": "before", "minutes": 5, "channel": "sms", "text": WORDS},
        {"kind": "before", "minutes": 5, "channel": "email", "text": WORDS, "subject": WORDS},
    ])  # fmt: skip
    day.bodies += _refused(api)
    heard = first["reminders"][0]["id"]
    until(lambda: api.completed(heard), "the call", 90, 0.2)
    until(lambda: all(_tried(api, one) for one in [*others, written]), "the others", 90, 0.2)
    said = {"from": ANSWERED, "to": "+15005550006", "text": WORDS}
    api.http.post(f"{door}/sandbox/inbound", json=said).raise_for_status()
    until(lambda: "webhook duplicate ignored" in _web_log(day), "a duplicate", 40, 0.2)
    until(lambda: "webhook invalid" in _web_log(day), "a forged callback", 40, 0.2)
    day.metrics = api.http.get(f"{api.base}/metrics").text


def _web_log(day: Day) -> str:
    return (day.folder / "logs/web.log").read_text()


def _book(api: Api, phone: str, **changes: Any) -> dict[str, Any]:
    answer = api.http.post(f"{api.base}/api/v1/bookings", json=booking(phone, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _tried(api: Api, made: dict[str, Any]) -> bool:
    """Whether each reminder of a booking has left."""
    answer = api.http.get(f"{api.base}/api/v1/bookings/{made['id']}/reminders")
    return all(one["attempts"] for one in answer.json()["data"])


def _refused(api: Api) -> list[str]:
    """Requests that go wrong in every layer; the bodies of their answers."""
    said = {"to": ANSWERED, "say": WORDS}
    odd = booking(ANSWERED, contact={"name": NAME, "phone": f"{ANSWERED}1234567"})
    wrong: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/bookings", odd),
        ("POST", "/api/v1/bookings", booking(ANSWERED, starts_at=ANSWERED, nonsense=WORDS)),
        ("POST", "/api/v1/calls", {**said, "say": [ANSWERED]}),
        ("GET", f"/api/v1/calls?phone={ANSWERED}&from={NAME}", None),
        ("GET", f"/api/v1/calls/{ANSWERED}", None),
        ("GET", f"/nowhere/{ANSWERED}?q={WORDS}", None),
        ("POST", f"/webhooks/twilio/voice?attempt={ANSWERED}", None),
        ("POST", "/webhooks/call-status", {"call_id": WORDS, "status": ANSWERED}),
    ]
    # Personal data in headers that the gateway itself takes up.
    headers = {"X-Request-Id": ANSWERED.lstrip("+"), "traceparent": WORDS}
    answers = [
        api.http.request(how, api.base + path, json=body, headers={**headers, "User-Agent": MAIL})
        for how, path, body in wrong
    ]
    assert all(400 <= answer.status_code < 500 for answer in answers)
    # The request's own id is given back, whatever the client made it of.
    return [answer.text.replace(ANSWERED.lstrip("+"), "", 1) for answer in answers]


@contextlib.contextmanager
def _watched(store: servers.RedisServer, day: Day) -> Iterator[None]:
    """Write down every command that Redis gets, until the block ends, in its own words: binary is
    escaped, texts are readable."""
    parts = urlsplit(store.url)
    heard = bytearray()
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.sendall(f"AUTH {parts.password}\r\nMONITOR\r\n".encode())

        def watch() -> None:
            while piece := line.recv(65536):
                heard.extend(piece)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        yield
        line.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    day.redis += heard.decode().splitlines()


def _dump(store: servers.RedisServer) -> list[str]:
    """All that Redis holds, as it would be written to disk."""
    client = store.client()
    found = [repr((key, client.dump(key))) for key in client.scan_iter()]
    client.close()
    return found


def _keep(day: Day, collector: Inbox, sentry: Inbox) -> None:
    day.traces, day.spans = collector.everything(), len(collector.spans())
    day.reports = sentry.everything()
