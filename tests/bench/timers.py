"""Lateness of timers: from the moment at which one is due to the moment at which it is done, and
written down as done, by the clock, the broker and the workers, while others wait.

A bare timer is the end of an offer that is over already: nothing is left to do but to see that, and
to write the timer down as done. It is what BullMQ's timers and Dramatiq's do here, which do nothing
and write nothing. An offer's end is the real thing: it frees the slot and looks who is next.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import peers
from tests.bench.ground import Ground
from tests.bench.report import Figure, cut, held, median
from tests.bench.timers_stack import Run, Stack, stack

NAME = "timers"
MINUTE, USUAL, MANY = 60.0, 10_000, 66_660
OTHERS = (10_000, 100_000, 1_000_000)
DELAYED = Path(__file__).with_name("dramatiq_delay.py")


def run(ground: Ground) -> Iterator[Figure]:
    """All figures of timers, PostgreSQL first."""
    seconds, usual = MINUTE * min(1.0, ground.chosen.scale), ground.chosen.size(USUAL)
    few = most = None
    for others in OTHERS:
        waiting = ground.chosen.size(others)
        with stack(ground, ground.database(), waiting) as running:
            most = running.due(usual, seconds)
            named = _named(waiting)
            yield from _usual(most, named, aimed=others == OTHERS[-1])
            if others == OTHERS[-1]:
                few = few or most
                yield from _against(ground, most, few, (usual, seconds))
                yield from _offers(running.due(usual, seconds, offers=True), named)
                yield from _dense(running.due(ground.chosen.size(MANY), seconds), named)
                yield from _burst(ground, running, named)
            elif few is None:
                few = most
    yield from _sqlite(ground, usual, seconds)
    yield from _dramatiq(ground, usual, seconds)


def _named(count: int) -> str:
    return f"{count:,} others"


def _usual(found: Run, named: str, *, aimed: bool) -> Iterator[Figure]:
    """167 a second with so many others pending."""
    median_ms = cut(found.late, 0.5)
    yield Figure(NAME, f"p50, 167/s, {named}", median_ms, "ms")
    p99 = Figure(NAME, f"p99, 167/s, {named}", found.p99, "ms", note=found.early)
    latest = Figure(NAME, f"latest, 167/s, {named}", max(found.late), "ms")
    yield held(p99, "<=", 40) if aimed else p99
    yield held(latest, "<=", 100) if aimed else latest
    yield Figure(NAME, f"processor, 167/s, {named}", found.cpu, "ms/timer")


def _against(ground: Ground, found: Run, few: Run, asked: tuple[int, float]) -> Iterator[Figure]:
    """The same beside ours with few others, and beside BullMQ's of this run."""
    size = ground.chosen.size
    metric = f"p99, 167/s, {_named(size(OTHERS[-1]))}"
    beside = _named(size(OTHERS[0]))
    yield held(Figure(NAME, metric, found.p99, "ms", beside, few.p99), "<=", 1.2, of_yardstick=True)
    for others in (OTHERS[0], OTHERS[-1]):
        ours_p99 = few.p99 if others == OTHERS[0] else found.p99
        metric = f"p99, 167/s, {_named(size(others))}"
        yardstick = "BullMQ timers.js"
        try:
            ground.redis.client().flushall()
            count, seconds = asked
            words = (count, round(seconds), size(others))
            late = peers.node(ground, peers.environ(ground), "timers.js", *words).told["late_ms"]
        except peers.Missing as missing:
            figure = Figure(NAME, metric, ours_p99, "ms", yardstick, note=str(missing))
        else:
            note = f"BullMQ's latest: {late['max']} ms"
            figure = Figure(NAME, metric, ours_p99, "ms", yardstick, late["p99"], note=note)
        yield held(figure, "<=", 1.0, of_yardstick=True)
    ground.redis.client().flushall()


def _offers(found: Run, named: str) -> Iterator[Figure]:
    what = f"offers' ends, 167/s, {named}"
    yield Figure(NAME, f"p50, {what}", cut(found.late, 0.5), "ms")
    yield held(Figure(NAME, f"p99, {what}", found.p99, "ms", note=found.early), "<=", 40)
    yield held(Figure(NAME, f"latest, {what}", max(found.late), "ms"), "<=", 100)
    yield Figure(NAME, f"processor, {what}", found.cpu, "ms/timer")


def _dense(found: Run, named: str) -> Iterator[Figure]:
    """A million timers of fifteen minutes: 1,111 a second."""
    what = f"1,111/s, {named}"
    yield Figure(NAME, f"p50, {what}", cut(found.late, 0.5), "ms")
    yield held(Figure(NAME, f"p99, {what}", found.p99, "ms", note=found.early), "<=", 50)
    yield held(Figure(NAME, f"within 100 ms, {what}", found.within(100), "%"), ">=", 99.9)
    yield Figure(NAME, f"processor, {what}", found.cpu, "ms/timer")


def _burst(ground: Ground, running: Stack, named: str) -> Iterator[Figure]:
    """As many as a minute has, in one instant."""
    runs = [running.due(ground.chosen.size(USUAL), 0.0) for _ in range(ground.chosen.rounds)]
    taken = [max(one.late) / 1000 for one in runs]
    count = ground.chosen.size(USUAL)
    figure = median(NAME, f"{count:,} at one instant, {named}", "s", taken)
    yield held(figure, "<=", 0.6)
    cpu = [one.cpu for one in runs]
    yield median(NAME, f"processor, {count:,} at one instant", "ms/timer", cpu)


def _sqlite(ground: Ground, usual: int, seconds: float) -> Iterator[Figure]:
    url = f"sqlite:///{ground.folder}/timers.db"
    with stack(ground, url, ground.chosen.size(OTHERS[0])) as running:
        found = running.due(usual, seconds)
    what = f"SQLite, 167/s, {_named(ground.chosen.size(OTHERS[0]))}"
    yield Figure(NAME, f"p99, {what}", found.p99, "ms", note=found.early)
    yield held(Figure(NAME, f"within 100 ms, {what}", found.within(100), "%"), ">=", 99.5)
    yield Figure(NAME, f"processor, {what}", found.cpu, "ms/timer")


def _dramatiq(ground: Ground, usual: int, seconds: float) -> Iterator[Figure]:
    """Dramatiq's own delay, with nothing else waiting and with ten thousand others."""
    for others in (0, OTHERS[0]):
        waiting = ground.chosen.size(others) if others else 0
        metric = f"p99, 167/s, Dramatiq's delay, {_named(waiting)}"
        ground.redis.client().flushall()
        words = [usual, seconds, waiting]
        given = [sys.executable, str(DELAYED), ground.redis.url, *map(str, words)]
        done = subprocess.run(given, capture_output=True, text=True, timeout=600, check=True)
        told = json.loads(done.stdout.splitlines()[-1])
        note = "" if told["done"] == usual else f"{usual - told['done']} of {usual} never came"
        yield Figure(NAME, metric, told["p99"], "ms", note=note)
    ground.redis.client().flushall()
