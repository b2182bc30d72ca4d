"""The world of one run: virtual time, a carrier, a broker, processes and customers around the real
use cases on a real database."""

import re
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from gateway.models import base
from gateway.models.sender import Sender
from gateway.usecases import accounts, organizations
from gateway.usecases.accounts import Caller
from tests.simulation import seasons
from tests.simulation.carrier import Carrier
from tests.simulation.chronicle import Chronicle, Violated
from tests.simulation.customers import Customers
from tests.simulation.decisions import Dice
from tests.simulation.doorbell import Doorbell
from tests.simulation.episodes import Episodes
from tests.simulation.names import Names
from tests.simulation.operators import Operator
from tests.simulation.placements import Placements
from tests.simulation.processes import Clocks, Workers, alive
from tests.simulation.promises import EPOCH, Promise
from tests.simulation.seasons import TOWNS, Action, begins
from tests.simulation.timeline import Halted, Killed, Timeline
from tests.simulation.web import Web

PAUSABLE = frozenset(
    {"worker.before_claim_commit", "worker.after_claim_commit", "worker.before_result_commit",
     "clock.after_lease"}
)  # fmt: skip
FAILPOINTS = {"killed": 0.006}
PAUSES = {"killed": 0.006, "paused": 0.015}
# What promises.py counts by: quiet hours and caps have their own tests.
AT_ANY_HOUR: dict[str, Any] = {"quiet_hours": None, "caps": {}}


class World:
    """Everything there is. Parts know each other through it."""

    def __init__(self, dice: Dice, days: float, actions: list[Action]) -> None:
        self.dice, self.days = dice, days
        self.timeline = Timeline(begins(dice.seed))
        self.chronicle = Chronicle()
        self.actions = actions
        due = [at for one in actions if one.kind == "book" for at in seasons.due_moments(one)]
        moments = [EPOCH + timedelta(microseconds=at) for at in due]
        self.episodes = Episodes(dice, self.timeline, days, moments)
        self.names = Names()
        self.promises: dict[str, Promise] = {}
        self.booked: dict[str, Action] = {}
        self.events: dict[str, str] = {}  # names of provider events
        self.callers: list[Caller] = []
        self.carriers = [Carrier(self, "open"), Carrier(self, "mute")]
        self.placements = Placements(self)
        self.doorbell, self.workers = Doorbell(self), Workers(self)
        self.clocks, self.web = Clocks(self), Web(self)
        self.customers, self.operator = Customers(self), Operator(self)
        self.chances: dict[str, dict[str, float]] = {}  # of what happens at a failpoint, if unusual
        self.in_time = timedelta(seconds=120)  # promise P6: converged within
        self.skew = timedelta()  # by which the clocks of all processes are wrong
        self.meddle: Callable[[str, str], None] | None = None  # after each job: its name, its row
        self._stops: list[tuple[int, str, datetime, bool]] = []

    def settle_in(self) -> None:
        """Make the organizations, their keys and their own numbers."""
        now = self.timeline.now
        for town in TOWNS:
            row = accounts.create_organization(town.name, town.zone, now)
            organizations.change(row.id, {"repeats": town.repeats, "policy": AT_ANY_HOUR})
            _, secret = accounts.create_key(row.id, "Eve", "live", list(accounts.SCOPES), now)
            self.callers.append(accounts.authenticate(secret, now))
            if town.rate is not None or town.carrier != "open":
                Sender.create(
                    organization=row.id, mode="live", channel="voice", provider=town.carrier,
                    account=f"AC-{town.carrier}", address=f"+1202555000{len(self.callers)}",
                    rate_per_second=town.rate, created_at=now,
                )  # fmt: skip

    def live(self) -> None:
        """Let the days pass, then let everything come to rest without any more faults."""
        self.customers.come(self.actions)
        for episode in self.episodes.planned:
            self.timeline.at(episode.begins, partial(self._begins, episode.kind, episode.ends))
        self.clocks.restart()
        end = self.timeline.now + timedelta(days=self.days)
        self.timeline.run(end)
        self.dice.calm = True
        self.timeline.run(end + timedelta(days=120))

    def _begins(self, kind: str, ends: datetime) -> None:
        self.note("world", f"{kind} until {ends:%m-%dT%H:%M:%S}")
        if kind == "broker forgets":
            self.doorbell.forget()
        elif kind == "frozen":
            self.operator.freeze()
            self.timeline.at(ends, self.operator.thaw)

    def clock(self) -> datetime:
        """The time that processes are shown."""
        return self.timeline.now + self.skew

    def note(self, who: str, text: str, about: str = "") -> None:
        """Write a line into the chronicle."""
        self.chronicle.note(self.timeline.now, who, text, about)

    def fault(self, name: str, chances: dict[str, float], about: str = "") -> str | None:
        """What goes wrong with `name`, if anything, written down."""
        kind = self.dice.fault(name, chances, self.timeline.now)
        if kind is not None:
            self.note("fault", f"{kind}: {name}", about or _about(name))
        return kind

    def hit(self, failpoint: str) -> None:
        """A process passes a failpoint."""
        label = self.timeline.label
        pause = failpoint in PAUSABLE and not base.db.in_transaction()
        name = f"{failpoint} in {label}"
        usual = PAUSES if pause else FAILPOINTS
        kind = self.fault(name, self.chances.get(failpoint, usual), _about(label))
        if kind == "killed":
            raise Killed
        if kind == "paused":
            if label.startswith("clock"):
                self.clocks.notice()  # the other one goes on
            most = self.dice.stream(f"most {name}").choice((10, 60, 300))
            self.timeline.sleep(self.dice.uniform(f"pause {name}", 1, most))

    def kill(self, whom: str) -> NoReturn:
        """End the running process."""
        self.note("fault", f"killed: {whom}", _about(self.timeline.label))
        raise Killed

    def violated(self, code: str, text: str, about: str = "") -> NoReturn:
        """A promise is broken: the run ends here."""
        if self.chronicle.violation is None:
            self.chronicle.violation = Violated(code, text, about)
            self.note("VIOLATION", f"{code}: {text}", about)
        self.timeline.halted = True
        raise Halted

    def surprised(self, fault: Exception) -> None:
        """A job failed in a way that nobody planned."""
        where = traceback.extract_tb(fault.__traceback__)[-1]
        text = f"{type(fault).__name__} in {self.timeline.label}: {fault} ({where.name})"
        self.violated("P7 unexpected fault", text, _about(self.timeline.label))

    def label(self, row_id: str) -> str:
        """A name for a row that does not depend on its id."""
        if row_id.startswith("nt_"):
            named = self.names.notification(row_id)
            return named.label if named else "a notification"
        if row_id.startswith("cl_"):
            owner, attempt = self.names.call(row_id)
            return f"{owner.label} try {attempt}" if owner else "a call"
        return self.events.get(row_id, "an event")

    def speak(self, town: int, phone: str, granted: bool) -> None:
        """Somebody says stop or start; written down once it is stored."""
        alive(self, lambda: self.web.say(town, phone, granted))
        self._stops.append((town, phone, self.timeline.now, granted))

    def said_stop(self, town: int, phone: str, at: datetime) -> bool:
        """Whether calls to this number were stopped at that moment."""
        said = [s for s in self._stops if s[:2] == (town, phone) and s[2] < at]
        return bool(said) and not said[-1][3]


def _about(label: str) -> str:
    """Whose a job is, by its label."""
    found = re.search(r"\b[br][0-9]+\.[0-9]+", label)
    return found[0] if found else ""
