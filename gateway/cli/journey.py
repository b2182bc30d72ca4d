"""What the demo books, and how it is followed until every call is over and written down."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.cli.api import Api
from gateway.cli.daytime import zone_at_ten
from gateway.cli.reporter import Reporter

_BUSY = "+12025550120"


@dataclass
class Planned:
    """One call that has to be placed: for whom, why, and how far it has come."""

    title: str
    phone: str
    due_at: datetime
    state: str = "scheduled"
    transcript: str | None = None

    @property
    def over(self) -> bool:
        """Whether it ended the way this number ends."""
        if self.phone == _BUSY:
            return self.state in ("busy", "not_reached")
        return self.state == "completed" and self.transcript is not None


@dataclass
class Journey:
    """Books over the real API with a test key, and watches the calls through the same API."""

    api: Api
    sandbox: str
    reporter: Reporter
    planned: dict[str, Planned] = field(default_factory=dict)
    _before: int = 0
    _looked: float = 0.0
    _zone: str = "UTC"

    def begin(self, now: datetime, busy: bool) -> None:
        """Book three appointments, one for each kind of reminder, and ask for a call at once; with
        `busy`, ask for one more to a number that is engaged. Raises Stopped if the API refuses."""
        self._before = len(self._ledger())
        self._zone = zone_at_ten(now)  # whatever the hour, nobody is asleep
        at = now + timedelta(seconds=3)
        self._book("at a fixed time", "+12025550100", now + timedelta(hours=2), "at", at=_iso(at))
        start = now + timedelta(minutes=5, seconds=4)
        self._book("5 minutes before", "+12025550141", start, "before", minutes=5)
        start = now + timedelta(seconds=100)
        self._book("every minute", "+12025550142", start, "every", minutes=1)
        self._call("asked for at once", "+12025550143")
        if busy:
            self._call("to an engaged line", _BUSY)

    def _book(self, title: str, phone: str, start: datetime, kind: str, **rule: Any) -> None:
        booking = {
            "starts_at": _iso(start),
            "contact": {"name": "Ada", "phone": phone, "locale": "en", "time_zone": self._zone},
            "service": {"id": "cut", "name": "Haircut"},
            "reminders": [{"kind": kind, "channel": "voice", **rule}],
        }
        made = self.api.post("/api/v1/bookings", booking)
        for reminder in made["reminders"]:
            due = datetime.fromisoformat(reminder["due_at"])
            self._plan(reminder["id"], Planned(f"reminder {title}", phone, due))

    def _call(self, title: str, phone: str) -> None:
        made = self.api.post("/api/v1/calls", {"to": phone, "say": "Your table is ready."})
        due = datetime.fromisoformat(made["due_at"])
        self._plan(made["id"], Planned(f"call {title}", phone, due))

    def _plan(self, notification: str, planned: Planned) -> None:
        self.planned[notification] = planned
        fields = {
            "notification": notification,
            "title": planned.title,
            "due_at": _iso(planned.due_at),
        }
        self.reporter.event(
            "planned", f"  planned   {planned.title}, due {planned.due_at:%X} UTC", **fields
        )

    def step(self) -> None:
        """Look, at most four times a second, and report what changed since."""
        if time.monotonic() - self._looked < 0.25:
            return
        self._looked = time.monotonic()
        for call in self.api.get("/api/v1/calls?limit=50")["data"]:
            planned = self.planned.get(call["notification_id"] or "")
            if planned:
                self._follow(call, planned)

    def _follow(self, call: dict[str, Any], planned: Planned) -> None:
        fields = {"id": call["id"], "notification": call["notification_id"], "title": planned.title}
        if call["state"] != planned.state:
            planned.state = call["state"]
            text = f"  {planned.state:<11} {planned.title}"
            self.reporter.event("call", text, **fields, state=planned.state)
        if call["transcript"] and planned.transcript is None:
            planned.transcript = " ".join(call["transcript"]["text"].split())
            text = f"  transcript  {planned.title}: {planned.transcript}"
            self.reporter.event("transcript", text, **fields, state=planned.state)

    @property
    def complete(self) -> bool:
        """Whether every planned call is over, with its transcript."""
        return all(planned.over for planned in self.planned.values())

    def next_due(self) -> datetime | None:
        """When the first call that is not over is due; None once none is left."""
        return min((item.due_at for item in self.planned.values() if not item.over), default=None)

    def unfinished(self) -> list[str]:
        """The titles of what is not over."""
        return [item.title for item in self.planned.values() if not item.over]

    def differences(self) -> list[str]:
        """How what the provider was asked to place differs from the plan; empty when it is the
        same, each call once. The busy line may have been tried again."""
        asked = Counter(item["to"] for item in self._ledger()[self._before :])
        wanted = Counter(item.phone for item in self.planned.values())
        found = []
        for item in self.planned.values():
            count = asked[item.phone]
            if count < 1 or (count != wanted[item.phone] and item.phone != _BUSY):
                found.append(f"{item.title}: placed {count} times")
        strangers = sum((asked - Counter(dict.fromkeys(wanted, sum(asked.values())))).values())
        return [*found, f"{strangers} calls that nobody planned"] if strangers else found

    def _ledger(self) -> list[dict[str, Any]]:
        answer = self.api.http.get(f"{self.sandbox}/sandbox/ledger", timeout=10)
        entries: list[dict[str, Any]] = answer.json()
        return entries


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
