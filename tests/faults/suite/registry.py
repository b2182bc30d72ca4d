"""How a fault is written down: a name, where it comes from, and what is done under load."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.suite.databases import Postgres, Sqlite
from tests.faults.suite.load import SPREAD, Load
from tests.faults.suite.stage import Stage

BOTH = ("sqlite", "postgresql")


@dataclass
class Scene:
    """What a fault may use: the stack, the load that runs, dice that the seed decides."""

    stage: Stage
    load: Load
    dice: random.Random
    seconds: float = SPREAD  # how long the client goes on asking
    struck: int = 0  # how often the fault really took place
    _never: threading.Event = field(default_factory=threading.Event, repr=False)

    def hold(self, seconds: float) -> None:
        """Let the fault last."""
        self._never.wait(seconds)

    @property
    def postgres(self) -> Postgres:
        """The server, for faults that only PostgreSQL knows."""
        assert isinstance(self.stage.database, Postgres)
        return self.stage.database

    @property
    def sqlite(self) -> Sqlite:
        """The file, for faults that only SQLite knows."""
        assert isinstance(self.stage.database, Sqlite)
        return self.stage.database


Strike = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """`strike` does it and returns when it is over; the engine then heals whatever is left.
    `source` is the row of the study it comes from, or `own`. With `residual` one duplicate passes
    if the gateway flagged it (the window that docs/faults.md names)."""

    name: str
    about: str
    source: str
    strike: Strike
    databases: tuple[str, ...] = BOTH
    residual: bool = False
    proxied: bool = False  # needs the proxies before database and Redis
    listed: bool = True  # part of the run without names
    size: int = 220
    spread: float = SPREAD  # seconds over which the client asks


FAULTS: dict[str, Fault] = {}


def add(fault: Fault) -> None:
    """Register it. Raises ValueError if the name is taken."""
    if fault.name in FAULTS:
        raise ValueError(f"two faults are named {fault.name}")
    FAULTS[fault.name] = fault


def fault(
    source: str,
    about: str,
    *,
    databases: tuple[str, ...] = BOTH,
    residual: bool = False,
    proxied: bool = False,
    listed: bool = True,
    size: int = 220,
    spread: float = SPREAD,
) -> Callable[[Strike], Strike]:
    """Register a function under its own name."""

    def register(strike: Strike) -> Strike:
        name = strike.__name__
        add(Fault(name, about, source, strike, databases, residual, proxied, listed, size, spread))
        return strike

    return register
