"""Calls placed a second: reminders that fall due at one moment, through clock, broker, workers and
the Twilio SDK to a provider that costs nothing, the attempt's row before and its outcome after."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median as middle
from typing import Any

import psycopg

from gateway.models import base
from tests.bench import filling, peers
from tests.bench.ground import TOKEN, Ground, ours
from tests.bench.provider import provider
from tests.bench.report import Figure, held, median
from tests.cli.stacks import clean_env
from tests.waiting import until

BENCH = "calls"
USUAL = 5000
LONGEST = 300.0  # seconds for one round
CONCURRENCIES = (10, 50)
WARM = 50  # calls before those that count: clients, connections and prepared queries are made then


@dataclass(frozen=True)
class Round:
    """What one round of ours came to: processor time in ms a call."""

    per_second: float
    cpu_ms: float
    database_ms: float
    clock_ms: float


@dataclass
class Measured:
    """All rounds of everything, by name."""

    ours: list[Round] = field(default_factory=list)
    bare: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, list[peers.Ran]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def run(ground: Ground) -> Iterator[Figure]:
    """Ours and each yardstick in turn, round by round."""
    many, found = ground.chosen.size(USUAL), Measured()
    with provider(ground) as carrier:
        for _ in range(ground.chosen.rounds):
            found.ours.append(placed(ground, carrier.url, many))
            found.bare.append(_bare(ground, carrier.url, min(many, 1000)))
            for at_once in CONCURRENCIES:
                _bullmq(ground, carrier.url, many, at_once, found)
            for pool in peers.POOLS:
                _celery(ground, carrier.url, max(200, many // 2), pool, found)
    yield from _figures(found)


def placed(
    ground: Ground, carrier_url: str, many: int, processes: int = 2, channel: str = "voice",
    then: Callable[[dict[str, str]], None] | None = None, **more: str,
) -> Round:  # fmt: skip
    """Place so many due calls, or send messages, and say how that went; `then` is done while all
    of it still runs."""
    ground.redis.client().flushall()
    environ = ground.environ(
        ground.database(), TWILIO_API_BASE_URL=carrier_url, WORKER_PROCESSES=str(processes), **more
    )
    with ExitStack() as stack:
        stack.enter_context(ground.connected(environ))
        clock = stack.enter_context(ours("clock", environ))
        worker = stack.enter_context(ours("worker", environ))
        table = "call_log" if channel == "voice" else "message_log"
        counted = stack.enter_context(counter(environ["DATABASE_URL"], table))
        filling.reminders(WARM * processes, channel)
        filling.let_due(datetime.now(UTC))
        until(lambda: counted() >= WARM * processes, "the first ones", 60, pause=0.05)
        empty()
        filling.reminders(many, channel)
        before = (worker.seconds(), clock.seconds(), ground.postgres_seconds())
        begun = datetime.now(UTC) + timedelta(seconds=1)
        filling.let_due(begun)
        time.sleep(max(0.0, (begun - datetime.now(UTC)).total_seconds()))
        until(lambda: counted() >= many, f"{many} attempts", LONGEST, pause=0.05)
        took = (datetime.now(UTC) - begun).total_seconds()
        after = (worker.seconds(), clock.seconds(), ground.postgres_seconds())
        if then is not None:
            then(environ)
    spent = [(late - early) / many * 1000 for early, late in zip(before, after, strict=True)]
    return Round(many / took, spent[0] + spent[1], spent[2], spent[1])


def empty() -> None:
    """Nothing is left of those that warmed up."""
    names = "feed_entry, call_log, message_log, notification, booking, contact"
    base.db.execute_sql(f"TRUNCATE {names} CASCADE")


@contextmanager
def counter(url: str, table: str) -> Iterator[Any]:
    """How many attempts the provider took so far, over a connection of its own."""
    with psycopg.connect(url, autocommit=True) as connection:

        def taken() -> int:
            query = f"SELECT count(*) FROM {table} WHERE external_id IS NOT NULL"
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return int(row[0])

        yield taken


def _bare(ground: Ground, carrier_url: str, many: int) -> dict[str, Any]:
    ground.redis.client().flushall()
    environment = clean_env(
        BARE_DATABASE_URL=ground.bare_database(), BARE_REDIS_URL=ground.redis.url,
        PROVIDER_BASE_URL=carrier_url, TWILIO_AUTH_TOKEN=TOKEN,
    )  # fmt: skip
    script = Path(__file__).with_name("bare_calls.py")
    done = subprocess.run(
        [sys.executable, str(script), str(many)], env=environment, capture_output=True, text=True,
        timeout=LONGEST, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _bullmq(ground: Ground, carrier_url: str, many: int, at_once: int, found: Measured) -> None:
    name = f"BullMQ at {at_once}"
    try:
        ran = peers.node(ground, peers.environ(ground, carrier_url), "place.js", many, at_once)
    except peers.Missing as why:
        found.missing[name] = str(why)
    else:
        found.others.setdefault(name, []).append(ran)


def _celery(ground: Ground, carrier_url: str, many: int, pool: str, found: Measured) -> None:
    name = f"Celery, {pool}"
    try:
        ran = peers.place_by_celery(ground, peers.environ(ground, carrier_url), pool, many)
    except peers.Missing as why:
        found.missing[name] = str(why)
    else:
        found.others.setdefault(name, []).append(ran)


def _figures(found: Measured) -> Iterator[Figure]:
    rates = [one.per_second for one in found.ours]
    for name, goal in (("BullMQ", 1.0), ("Celery", 2.5)):
        best = 0.0
        for yardstick in sorted({*found.others, *found.missing}):
            if not yardstick.startswith(name):
                continue
            ran = found.others.get(yardstick, [])
            its = middle(one.told["calls_per_s"] for one in ran) if ran else None
            best = max(best, its or 0.0)
            note = found.missing.get(yardstick, "")
            yield median(
                BENCH, f"placed, beside {yardstick}", "calls/s", rates, yardstick=yardstick,
                yardstick_value=its, note=note,
            )  # fmt: skip
        figure = median(
            BENCH, f"placed, beside the best of {name}", "calls/s", rates, yardstick=name,
            yardstick_value=best or None, note="" if best else f"{name} did not run",
        )  # fmt: skip
        yield held(figure, ">=", goal, of_yardstick=True)
    bare = middle(one["sum_ms"] for one in found.bare)
    cpu = [one.cpu_ms for one in found.ours]
    steps = ", ".join(
        f"{name} {middle(one['ms'][name] for one in found.bare):.3f}"
        for name in found.bare[0]["ms"]
    )
    figure = median(
        BENCH, "processor per call, our processes", "ms", cpu, yardstick="sum of the bare steps",
        yardstick_value=bare, note=f"bare steps in ms: {steps}",
    )  # fmt: skip
    yield held(figure, "<=", 1.5, of_yardstick=True)
    yield median(BENCH, "… of which the clock", "ms", [one.clock_ms for one in found.ours])
    yield from _beside(found)


def _beside(found: Measured) -> Iterator[Figure]:
    """Processor time a call of the peers, and the database's for all."""
    cpu = [one.cpu_ms for one in found.ours]
    database = [one.database_ms for one in found.ours]
    yield median(BENCH, "processor per call, the database", "ms", database)
    for name, ran in sorted(found.others.items()):
        its = [
            one.told.get("cpu_ms_per_call") or (one.seconds or 0) / one.told["calls"] * 1000
            for one in ran
        ]
        stores = [one.database_seconds / one.told["calls"] * 1000 for one in ran]
        for what, mine, theirs in (("its processes", cpu, its), ("the database", database, stores)):
            yield median(
                BENCH, f"processor per call, {what}, beside {name}", "ms", mine, yardstick=name,
                yardstick_value=middle(theirs),
            )  # fmt: skip
