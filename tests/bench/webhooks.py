"""Signed voice callbacks of Twilio: verified, stored, acknowledged, applied to their calls."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.embedded_redis import free_port
from gateway.models.base import db
from gateway.usecases import accounts
from tests.bench import callbacks, peers
from tests.bench.callbacks import PUBLIC, Numbers
from tests.bench.ground import TOKEN, Ground, Running, answers, ours, python
from tests.bench.load import Driven, drive
from tests.bench.report import Figure, cut, held, median
from tests.cli.stacks import clean_env, descendants
from tests.waiting import until

NAME = "webhooks"
CONNECTIONS = 16
WARM = 200
BARE = "bare Flask, verify and insert"
EMPTY = "empty Flask route"
PEER = "BullMQ peer, web.js"
PGBENCH = "pgbench, the same row"
BURST = "stored and acknowledged in a burst"


@dataclass
class Served:
    """A web server under load, and what was seen of it."""

    web: Running
    url: str
    make: Callable[[int], bytes]
    numbers: Numbers
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # milliseconds each

    def drive(self, how_many: int, rate: float | None = None) -> Driven:
        """Tell it of the next calls."""
        made = [self.make(number) for number in self.numbers.take(how_many)]
        return drive(self.url, made, CONNECTIONS, rate)

    def round(self, how_many: int) -> None:
        """One closed loop, its figures kept."""
        before = self.web.seconds()
        self.rates.append(self.drive(how_many).rate)
        self.cpu.append((self.web.seconds() - before) / how_many * 1000)


@dataclass
class Seen:
    """What was seen of ours while it applied what it stored, round by round."""

    sustained: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    backlog: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)


def run(ground: Ground) -> Iterator[Figure]:
    """All candidates in turns, then ours at its half and at its whole rate."""
    how_many, rounds = ground.chosen.size(6000), ground.chosen.rounds
    most = WARM + how_many * (2 * rounds + 2)
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(_our_stack(ground, most))
        bare, empty = stack.enter_context(_bare_web(ground, most))
        peer, missing = _peer_web(ground, most, stack)
        others = [one for one in (bare, empty, peer) if one is not None]
        for one in (own.served, *others):
            one.drive(WARM)
        own.until_applied()
        seen, inserts = Seen(), list[float]()
        for _ in range(rounds):
            own.burst(how_many, seen)
            own.sustain(how_many, seen)
            for other in others:
                other.round(how_many)
            inserts.append(callbacks.by_pgbench(ground, how_many, CONNECTIONS))
        rivals = {BARE: bare.rates, EMPTY: empty.rates, PGBENCH: inserts}
        yield from _compared(own.served, seen, peer.rates if peer else [], missing)
        for name, rates in rivals.items():
            known = {"yardstick": name, "yardstick_value": _middle(rates)}
            figure = median(NAME, BURST, "1/s", own.served.rates, **known)
            yield held(figure, ">=", 0.8, of_yardstick=True) if name == BARE else figure
        yield from _cost(own.served, bare, seen)
        yield from _at_a_rate(own, _middle(seen.sustained), how_many)


def _compared(own: Served, seen: Seen, theirs: Sequence[float], missing: str) -> Iterator[Figure]:
    beside = {
        "yardstick": PEER, "yardstick_value": _middle(theirs) if theirs else None, "note": missing,
    }  # fmt: skip
    both = median(NAME, "sustained, stored and applied", "1/s", seen.sustained, **beside)
    yield held(both, ">=", 1.0, of_yardstick=True)
    yield median(NAME, "acknowledged while applying", "1/s", seen.acknowledged, **beside)
    burst = median(NAME, BURST, "1/s", own.rates, **beside)
    yield held(burst, ">=", 1.5, of_yardstick=True)


def _cost(own: Served, bare: Served, seen: Seen) -> Iterator[Figure]:
    yield median(NAME, "applied of a backlog", "1/s", seen.backlog)
    known = {"yardstick": BARE, "yardstick_value": _middle(bare.cpu)}
    yield median(NAME, "CPU of web per callback in a burst", "ms", own.cpu, **known)
    for name, cpu in seen.cpu.items():
        yield median(NAME, f"CPU of {name} per callback, until applied", "ms", cpu)


def _middle(found: Sequence[float]) -> float:
    return sorted(found)[len(found) // 2]


def _at_a_rate(own: "Own", rate: float, how_many: int) -> Iterator[Figure]:
    """How soon at a given rate, whatever becomes of the callbacks before."""
    half = own.served.drive(min(how_many, max(WARM, int(rate * 5))), rate / 2)
    own.until_applied()
    told = cut(half.latencies, 0.99) * 1000
    note = f"open loop at {rate / 2:.0f}/s"
    yield held(Figure(NAME, "p99 at half load", told, "ms", note=note), "<=", 25)
    middle = cut(half.latencies, 0.5) * 1000
    yield Figure(NAME, "median at half load", middle, "ms", note=note)
    began = datetime.now(UTC)
    own.served.drive(min(how_many, max(WARM, int(rate * 10))), rate * 0.9)
    own.until_applied()
    lag = Figure(NAME, "applied after, p95", cut(own.lags(began), 0.95), "s",
                 note=f"open loop at {rate * 0.9:.0f}/s, 0.9 of the sustained rate")  # fmt: skip
    yield held(lag, "<=", 1.0)


@dataclass
class Own:
    """Ours, with its workers and its database."""

    served: Served
    worker: Running
    clock: Running
    ground: Ground

    def burst(self, how_many: int, seen: Seen) -> None:
        """What is acknowledged while the workers rest; then they apply it."""
        with resting(self.worker):
            self.served.round(how_many)
            began = time.time()
        seen.backlog.append(how_many / (self.until_applied() - began))

    def sustain(self, how_many: int, seen: Seen) -> None:
        """What is stored and applied when all work."""
        before = self._seconds()
        driven = self.served.drive(how_many)
        seen.sustained.append(how_many / (self.until_applied() - driven.began))
        seen.acknowledged.append(driven.rate)
        for name, seconds in self._seconds().items():
            spent = (seconds - before[name]) / how_many * 1000
            seen.cpu.setdefault(name, []).append(spent)

    def _seconds(self) -> dict[str, float]:
        return {
            "web": self.served.web.seconds(), "worker": self.worker.seconds(),
            "clock": self.clock.seconds(), "PostgreSQL": self.ground.postgres_seconds(),
        }  # fmt: skip

    def until_applied(self) -> float:
        """Wait until nothing waits to be applied; that moment (time.time())."""
        left = "SELECT 1 FROM provider_event WHERE next_attempt_at IS NOT NULL LIMIT 1"
        until(lambda: db.execute_sql(left).fetchone() is None, "application", 300, 0.05)
        ended = time.time()
        strange = "SELECT count(*) FROM provider_event WHERE state <> 'applied'"
        assert db.execute_sql(strange).fetchone()[0] == 0, "events were not applied"
        return ended

    def lags(self, since: datetime) -> list[float]:
        """Seconds from the receipt to the application of what came since then."""
        asked = (
            "SELECT extract(epoch FROM applied_at - received_at)::float FROM provider_event"
            " WHERE received_at >= %s"
        )
        return [row[0] for row in db.execute_sql(asked, (since,)).fetchall()]


@contextlib.contextmanager
def resting(one: Running) -> Iterator[None]:
    """Have all its processes stand still."""
    pids = {one.process.pid, *descendants(one.process.pid)}
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def _our_stack(ground: Ground, calls: int) -> Iterator[Own]:
    environ = ground.environ(ground.database())
    with contextlib.ExitStack() as stack:
        stack.enter_context(ground.connected(environ))
        made = accounts.create_organization("Bench", "Europe/Berlin", datetime.now(UTC))
        callbacks.fill(str(made.id), calls)
        web, worker, clock = (
            stack.enter_context(ours(name, environ)) for name in ("web", "worker", "clock")
        )
        yield Own(Served(web, web.url, callbacks.to_ours, Numbers(calls)), worker, clock, ground)


@contextlib.contextmanager
def _bare_web(ground: Ground, calls: int) -> Iterator[tuple[Served, Served]]:
    port = free_port()
    environ = clean_env(
        PORT=str(port), PEER_DATABASE_URL=ground.database(), TWILIO_AUTH_TOKEN=TOKEN,
        PUBLIC_BASE_URL=PUBLIC,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with python(Path(__file__).with_name("bare_web.py"), environ) as running:
        until(lambda: answers(f"{url}/alive"), "the bare Flask application", 30)
        served = [
            Served(running, url, make, Numbers(calls))
            for make in (callbacks.to_bare, callbacks.to_empty)
        ]
        yield served[0], served[1]


def _peer_web(ground: Ground, calls: int, stack: contextlib.ExitStack) -> tuple[Served | None, str]:
    """The BullMQ peer's server, or why there is none."""
    port = free_port()
    try:
        environ = peers.environ(ground, PORT=str(port))
        peers.node(ground, environ, "seed.js", calls)
        running = stack.enter_context(peers.node_server(ground, environ, "web.js"))
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{url}/health"), "web.js", 30)
    except (peers.Missing, AssertionError) as missing:
        return None, f"{PEER}: {missing}"
    return Served(running, url, callbacks.to_peer, Numbers(calls)), ""
