"""Any number of each: two webs, two clocks and four workers split by queue on one database and one
Redis, some of them killed under load; and a second clock that stands by on SQLite."""

import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.embedded_redis import free_port
from tests.client import Api
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.faults import tally
from tests.faults.conftest import Scene, SetScene
from tests.stack import special
from tests.waiting import until

CALLS = 400
SERVED = {"voice": ["voice"], "events": ["events", "background"]}
PLACES, APPLIES, RINGS = "call triggered", "provider event processed", "due reminders found"


class Fleet:
    """Processes of one scene, each with a log of its own."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene, self.pids = scene, dict[str, int]()
        self._folder = folder

    def start(self, name: str, *roles: str, **order: object) -> None:
        """Start one under a name; one of the same name goes on in the same log."""
        log = str(self._folder / f"{name}.log")
        self.pids[name] = self.scene.crew.start(*roles, log=log, **order)

    def kill(self, name: str) -> None:
        """SIGKILL it."""
        self.scene.crew.end(self.pids.pop(name))

    def did(self, name: str, what: str) -> int:
        """How often it said so."""
        log = self._folder / f"{name}.log"
        return log.read_text().count(f'"{what}"') if log.exists() else 0


@ON_POSTGRESQL
@pytest.mark.row("C8")
@pytest.mark.row("A4")
def test_two_webs_two_clocks_and_four_workers_place_each_call_once_though_some_are_killed(
    set_scene: SetScene, tmp_path: Path
) -> None:
    scene = set_scene(
        UNKNOWN_LOOKUP_SECONDS="0.5,1.5,4",  # a provider that can be asked: each fate is known
        sandbox={"ring_seconds": 0.01, "talk_seconds": 0.01},
        PROVIDER_DEADLINE_SECONDS="5",
        CLAIM_LEASE_SECONDS="2",
        SENDING_LEASE_SECONDS="8",
    )
    fleet = Fleet(scene, tmp_path)
    scene.stack.web.stop()  # it is one of the two from here on, in a process of its own
    ports = {"web-1": scene.stack.web.port, "web-2": free_port()}
    for name, port in ports.items():
        fleet.start(name, "web", port=port)
    parts = ("clock-1", "clock-2", "voice-1", "voice-2", "events-1", "events-2")
    for name in parts:
        _start(fleet, name)
    key = scene.stack.account.test_key
    apis = [Api(f"http://127.0.0.1:{port}", key) for port in ports.values()]

    tally.ask(apis, range(150))
    # Without one clock only the other can ring for what is due later.
    for first, name in ((150, "voice-1"), (200, "clock-1"), (250, "clock-2")):
        fleet.kill(name)
        tally.ask(apis, range(first, first + 50), timedelta(seconds=1.5))
        _start(fleet, name)
    fleet.kill("web-1")
    fleet.start("web-1", "web", port=ports["web-1"])
    tally.ask(apis, range(300, 325))
    fleet.kill("events-1")
    tally.ask(apis, range(325, CALLS))
    _start(fleet, "events-1")

    outcomes = tally.check(scene.stack, CALLS)
    assert outcomes["reached"] >= CALLS - 2, "a kill leaves at most what was in its two threads"
    assert set(outcomes) <= {"reached", "unknown"}
    _each_took_part(fleet, [*ports, *parts])


def _start(fleet: Fleet, name: str) -> None:
    role = name.partition("-")[0]
    if role == "clock":
        fleet.start(name, "clock")
    else:
        fleet.start(name, "worker", queues=SERVED[role])


def _each_took_part(fleet: Fleet, names: list[str]) -> None:
    wanted = {"web": "request", "clock": RINGS, "voice": PLACES, "events": APPLIES}
    did = {name: fleet.did(name, wanted[name.partition("-")[0]]) for name in names}
    assert all(did.values()), did
    for name in names:
        role = name.partition("-")[0]
        strange = {"voice": APPLIES, "events": PLACES}.get(role)
        assert not strange or fleet.did(name, strange) == 0, f"{name} did another queue's work"


@ON_SQLITE
@pytest.mark.row("C8")
def test_on_sqlite_a_second_clock_stands_by_and_takes_over_when_the_first_is_killed(
    scene: Scene, tmp_path: Path
) -> None:
    fleet = Fleet(scene, tmp_path)
    fleet.start("worker", "worker")
    fleet.start("first", "clock")
    until(lambda: fleet.did("first", "clock active"), "the first clock", 40)
    fleet.start("second", "clock")
    made = scene.stack.api.call(special("0141"))["id"]
    assert scene.stack.outcome(made) == "reached"
    assert fleet.did("second", "clock active") == 0
    fleet.kill("first")
    until(lambda: fleet.did("second", "clock active"), "the second clock", 40)
    later = [scene.stack.api.call(special(f"014{n}"))["id"] for n in (2, 3)]
    assert Counter(scene.stack.outcome(one) for one in later) == {"reached": 2}
    assert len(scene.stack.sandbox.placed()) == 3
    assert fleet.scene.crew.status(fleet.pids["second"]) is None
    fleet.scene.crew.end(fleet.pids["second"], signal.SIGTERM)
