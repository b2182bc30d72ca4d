"""Bookings over HTTP, each with five reminders, beside bare Flask routes with the same rows."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.cli.embedded_redis import free_port
from gateway.http import create_app
from gateway.usecases import accounts
from tests.bench import load
from tests.bench.ground import Ground, Running, answers, ours, python
from tests.bench.report import Figure, held, median
from tests.statements import heard, queries
from tests.waiting import until

BENCH = "bookings"
ZONE = "Europe/Berlin"
BARE = "bare Flask route, rows by executemany"
EMPTY = "empty Flask route"
EACH = 1500  # requests of one round
CONNECTIONS = 16
REMINDERS = (5, 12)
BARE_WEB = Path(__file__).with_name("bare_bookings.py")


@dataclass
class Side:
    """One of those that are compared: its rounds."""

    running: Running
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)

    def drive(self, ground: Ground, bodies: list[bytes]) -> None:
        """One round: milliseconds of the processor for each request, ours and the database's."""
        headers = {"Content-Type": "application/json", **self.headers}
        wanted = [load.request("POST", self.path, headers, body) for body in bodies]
        before, stored = self.running.seconds(), ground.postgres_seconds()
        driven = load.drive(self.running.url, wanted, CONNECTIONS)
        self.rates.append(driven.rate)
        self.cpu.append((self.running.seconds() - before) / len(bodies) * 1000)
        self.database.append((ground.postgres_seconds() - stored) / len(bodies) * 1000)
        self.slowest.append(sorted(driven.latencies)[int(0.99 * len(bodies))] * 1000)


def run(ground: Ground) -> Iterator[Figure]:
    """All figures of bookings."""
    with ExitStack() as stack:
        database = ground.database()
        environ = ground.environ(database)
        with ground.connected(environ) as settings:
            key = _customer()[1]
            statements = {many: _statements(create_app(settings), key, many) for many in REMINDERS}
        app = stack.enter_context(ours("web", environ))
        bare = stack.enter_context(_bare(ground))
        sides = {
            "ours": Side(app, "/api/v1/bookings", {"Authorization": f"Bearer {key}"}),
            "bare": Side(bare, "/bookings"),
            "empty": Side(bare, "/empty"),
        }
        many = ground.chosen.size(EACH)
        for one in sides.values():
            one.drive(ground, _bodies("warm", CONNECTIONS * 20))
        for side in sides.values():
            for found in (side.rates, side.cpu, side.database, side.slowest):
                found.clear()
        for number in range(ground.chosen.rounds):
            for name, side in sides.items():
                side.drive(ground, _bodies(f"{number}-{name}", many))
    yield from _figures(sides["ours"], sides["bare"], sides["empty"])
    for reminders, count in statements.items():
        figure = Figure(BENCH, f"statements with {reminders} reminders", count, "statements")
        yield held(figure, "<=", 6)


def _figures(app: Side, bare: Side, empty: Side) -> Iterator[Figure]:
    rate = {"yardstick": BARE, "yardstick_value": _middle(bare.rates)}
    yield held(median(BENCH, "rate", "1/s", app.rates, **rate), ">=", 0.6, of_yardstick=True)
    rate = {"yardstick": EMPTY, "yardstick_value": _middle(empty.rates)}
    yield median(BENCH, "rate", "1/s", app.rates, **rate)
    for metric, of in (("CPU each", "cpu"), ("database's CPU each", "database"),
                       ("p99 at full load", "slowest")):  # fmt: skip
        theirs = {"yardstick": BARE, "yardstick_value": _middle(getattr(bare, of))}
        yield median(BENCH, metric, "ms", getattr(app, of), **theirs)


def _middle(found: list[float]) -> float | None:
    return median(BENCH, "", "", found).value


def _customer() -> tuple[str, str]:
    now = datetime.now(UTC)
    own = str(accounts.create_organization("Bench", ZONE, now).id)
    return own, accounts.create_key(own, "bench", "live", None, now)[1]


@contextmanager
def _bare(ground: Ground) -> Iterator[Running]:
    """The bare routes on a database of their own, with the same tables."""
    database = ground.database()
    with ground.connected(ground.environ(database)):
        own, _ = _customer()
    port = free_port()
    more = {"PORT": str(port), "PEER_DATABASE_URL": database, "ORGANIZATION": own}
    with python(BARE_WEB, ground.environ(database, **more)) as app:
        app.url = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{app.url}/alive"), "bare Flask", 90)
        yield app


def _bodies(run_: str, many: int, reminders: int = 5) -> list[bytes]:
    """Distinct bookings of distinct people, a month ahead."""
    starts_at = datetime.now(ZoneInfo(ZONE)).replace(microsecond=0) + timedelta(days=30)
    return [
        json.dumps({
            "external_id": f"{run_}-{number}", "starts_at": starts_at.isoformat(),
            "time_zone": ZONE, "duration_minutes": 45,
            "contact": {"external_id": f"{run_}-{number}", "name": "Ada Quill",
                        "phone": f"+4915{112000000 + number}", "locale": "de"},
            "service": {"id": "cut", "name": "Haircut", "price": "45.00 EUR"},
            "reminders": [{"kind": "before", "minutes": 60 * (one + 1), "channel": "voice",
                           "say": "See you soon!"} for one in range(reminders)],
        }).encode()
        for number in range(many)
    ]  # fmt: skip


def _statements(app: Any, key: str, reminders: int) -> int:
    """What one request sends to the database, its key's look-up among it, its beginning and commit
    not."""
    client, headers = app.test_client(), {"Authorization": f"Bearer {key}"}
    first, second = (json.loads(body) for body in _bodies(f"count-{reminders}", 2, reminders))
    client.post("/api/v1/bookings", json=first, headers=headers)
    with heard() as sent:
        answer = client.post("/api/v1/bookings", json=second, headers=headers)
    assert answer.status_code == 201, answer.text
    return len(queries(sent))
