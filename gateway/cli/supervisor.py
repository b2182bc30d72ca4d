"""Keeps the children of a stack running, and ends them in order."""

import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType

from gateway.cli.children import Child, adopt_orphans
from gateway.cli.main import Stopped
from gateway.cli.reporter import Reporter

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
_STARTS = 2  # further tries for a child that ends before all was healthy
_STEADY_SECONDS = 15.0  # a child that lived this long starts its delays anew
_GRACE_SECONDS = 30.0
_TICK = 0.1


class Interrupted(Exception):
    """A signal asked the stack to stop while it was waiting for something."""


class Supervisor:
    """Children in the order of their start; the first ones are ended last."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.children: list[Child] = []
        self.signals = 0
        self.settled = False  # once all was healthy, restarts are news and go on for ever
        self._due: dict[str, float] = {}

    def listen(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP as the wish to stop; a second one kills."""
        adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._heard)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def start(self, child: Child) -> None:
        """Start a child and watch it from now on."""
        self.children.append(child)
        child.start()

    def tick(self) -> None:
        """Restart what died, each after its delay; waits a moment. Raises Interrupted, or Stopped
        for a child that does not even start."""
        for child in self.children:
            if child.name in self._due:
                if time.monotonic() >= self._due[child.name]:
                    self._restart(child)
            elif not child.running:
                self._schedule(child)
        if self.signals:
            raise Interrupted
        time.sleep(_TICK)

    def _schedule(self, child: Child) -> None:
        status = child.status
        child.sweep()
        if time.monotonic() - child.started_at > _STEADY_SECONDS:
            child.restarts = 0
        if not self.settled and child.restarts >= _STARTS:
            last = child.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Stopped(f"{child.name} does not start: {''.join(last)} (see {child.log})")
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**child.restarts)
        child.restarts += 1
        self._due[child.name] = time.monotonic() + delay
        self.reporter.note(f"{child.name} ended with status {status}; see {child.log}")

    def _restart(self, child: Child) -> None:
        del self._due[child.name]
        child.start()
        fields = {"process": child.name, "pid": child.pid, "restarts": child.restarts}
        if not self.settled:
            return
        self.reporter.event("restarted", f"{child.name} restarted", **fields)

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Tick until it is ready. Raises Stopped when it isn't in time, Interrupted on a signal."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise Stopped(f"{what} did not become ready within {seconds:g} s")
            self.tick()

    def stop(self, stages: Sequence[Sequence[str]]) -> None:
        """End the children stage by stage: SIGTERM to the leaders of a stage, wait for them, kill
        what is left of their groups. Children that no stage names go last, in one stage."""
        named = {name for stage in stages for name in stage}
        rest = [child.name for child in self.children if child.name not in named]
        for stage in [*stages, rest]:
            self._end([child for child in self.children if child.name in stage])
        self.children.clear()
        self._due.clear()

    def _end(self, children: Sequence[Child]) -> None:
        before = self.signals
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + _GRACE_SECONDS
        while any(child.running for child in children):
            impatient = self.signals > max(before, 1)
            if impatient or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for child in children:
            child.sweep()
