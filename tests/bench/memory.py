"""Memory: of each of our processes under load, and what one pending notification takes up."""

import json
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from gateway.models.base import db
from gateway.usecases import accounts
from tests.bench import callbacks, filling, load, peers
from tests.bench.ground import Ground, Running, ours
from tests.bench.provider import provider
from tests.bench.report import Figure, held

NAME = "memory"
MINUTES, SLICE = 20.0, 20.0  # of load, and seconds of it between two looks
RATES = {"callbacks": 30, "calls": 10, "pages": 2}  # requests a second
PENDING = 1_000_000
SETTLED = 8.0  # seconds in which clock and workers did all that they do at rest
MEGABYTE = 1e6
QUIET = {"SILENT_CALL_LOOKUP_SECONDS": "86400"}  # the provider knows nothing of its calls


def run(ground: Ground) -> Iterator[Figure]:
    """All figures of memory."""
    yield from _pending(ground)
    yield from _processes(ground)


def _pending(ground: Ground) -> Iterator[Figure]:
    """What a million pending notifications take up, in the database and in Redis."""
    many = ground.chosen.size(PENDING)
    environ = ground.environ(ground.database())
    without = _redis_at_rest(ground, environ)
    with ground.connected(environ):
        before = _size("notification")
        filling.reminders(many)
        grown = _size("notification") - before
        parts = _parts(grown)
    within = _redis_at_rest(ground, environ)
    what = "each pending notification"
    yield held(Figure(NAME, what, grown / many, "bytes", note=parts), "<=", 1024)
    note = f"{without} bytes with none, {within} with {many:,}"
    beside = (within - without) / many
    yield held(Figure(NAME, f"{what}, Redis", beside, "bytes", note=note), "<=", 1)
    yardstick, all_ = "BullMQ's delayed job, Redis", f"{what}, database and Redis"
    try:
        theirs = _bullmq(ground, ground.chosen.size(PENDING // 5))
    except peers.Missing as missing:
        told = str(missing)
        yield Figure(NAME, all_, grown / many + beside, "bytes", yardstick, note=told)
    else:
        yield Figure(NAME, all_, grown / many + beside, "bytes", yardstick, theirs)


def _size(table: str) -> int:
    return int(db.execute_sql("SELECT pg_total_relation_size(%s)", (table,)).fetchone()[0])


def _parts(grown: int) -> str:
    """The table and its largest indexes, per cent of all."""
    found = db.execute_sql(
        "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE oid = 'notification'::regclass"
        " OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'notification'::regclass)"
        " ORDER BY 2 DESC LIMIT 6"
    ).fetchall()
    return ", ".join(f"{name} {100 * size / grown:.0f} %" for name, size in found)


def _redis_at_rest(ground: Ground, environ: dict[str, str]) -> int:
    """Bytes that Redis uses while clock and workers have nothing to do."""
    ground.redis.client().flushall()
    with ours("clock", environ), ours("worker", environ):
        time.sleep(SETTLED)
        return min(_used(ground) for _ in range(10))


def _used(ground: Ground) -> int:
    time.sleep(0.1)
    memory: Any = ground.redis.client().info("memory")
    return int(memory["used_memory"])


def _bullmq(ground: Ground, many: int) -> float:
    """Bytes of Redis for each of its delayed jobs. Raises Missing."""
    peers.bullmq(ground)
    ground.redis.client().flushall()
    before, most, fault = _used(ground), 0, []

    def add() -> None:
        try:
            peers.node(ground, peers.environ(ground), "timers.js", 1, 1, many)
        except peers.Missing as missing:
            fault.append(missing)

    adding = threading.Thread(target=add)
    adding.start()
    while adding.is_alive():
        most = max(most, _used(ground))
    ground.redis.client().flushall()
    if fault:
        raise fault[0]
    return (most - before) / many


def _processes(ground: Ground) -> Iterator[Figure]:
    """Web, worker and clock under callbacks, calls that leave at once, and pages of them."""
    slices = max(4, round(60 * MINUTES * ground.chosen.scale / SLICE))
    seen: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        carrier = stack.enter_context(provider(ground))
        given = {**QUIET, "TWILIO_API_BASE_URL": carrier.url}
        environ = ground.environ(ground.database(), **given)
        key = _customer(ground, environ, slices)
        of = {name: stack.enter_context(ours(name, environ)) for name in ("web", "worker", "clock")}
        for number in range(slices):
            load.drive(of["web"].url, _requests(key, number), rate=sum(RATES.values()))
            _look(of, seen)
    minutes = slices * SLICE / 60
    for name, found in seen.items():
        note = f"{minutes:.0f} minutes, {sum(RATES.values())} requests a second"
        figure = Figure(NAME, f"{name}, most of a process", max(found), "MB", note=note)
        yield held(figure, "<=", 150)
    for name, found in seen.items():
        # What is made once at the beginning is no growth.
        early, late = found[len(found) // 4 : len(found) // 2], found[-max(1, len(found) // 4) :]
        figure = Figure(
            NAME, f"{name}, end of the load", statistics.mean(late), "MB", "its second quarter",
            statistics.mean(early),
        )  # fmt: skip
        yield held(figure, "<=", 1.05, of_yardstick=True)


def _look(of: dict[str, Running], seen: dict[str, list[float]]) -> None:
    for name, one in of.items():
        seen[name].append(max(one.resident().values()) / MEGABYTE)


def _customer(ground: Ground, environ: dict[str, str], slices: int) -> str:
    """An organization with calls under way; its key."""
    now = datetime.now(UTC)
    with ground.connected(environ):
        own = str(accounts.create_organization("Bench", "Europe/Berlin", now).id)
        callbacks.fill(own, round(slices * SLICE * RATES["callbacks"]))
        return accounts.create_key(own, "bench", "live", None, now)[1]


def _requests(key: str, number: int) -> list[bytes]:
    """The load of one slice, mixed."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    per_second = []
    for second in range(round(SLICE)):
        first = (number * round(SLICE) + second) * RATES["callbacks"]
        some = [callbacks.to_ours(first + one + 1) for one in range(RATES["callbacks"])]
        for one in range(RATES["calls"]):
            place = first + one
            body = {"to": f"+4915112{place % 1_000_000:06}", "say": f"Order {place} is ready."}
            some.append(load.request("POST", "/api/v1/calls", headers, json.dumps(body).encode()))
        some += [load.request("GET", "/api/v1/calls?limit=50", headers, b"")] * RATES["pages"]
        per_second += some
    return per_second
