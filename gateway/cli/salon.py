"""A day at the demo's salon: what its people do, at which moment, and what has to come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.cli.api import Api

Heard = tuple[str, str, str]  # object, name, state

MINUTE = timedelta(minutes=1)
# Names, and the last four digits of numbers that the sandbox answers in their own way.
PEOPLE = {
    "Ada": "0151", "Bea": "0108", "Cleo": "0153", "Dan": "0154", "Eve": "0155", "Finn": "0156",
    "Gus": "0157", "Hana": "0158", "Ivo": "0109", "Jon": "0159",
}  # fmt: skip
_PREFIX = "+1202555"
_COLOR = {"id": "color", "name": "Color", "price": "80.00 EUR"}


@dataclass(frozen=True)
class Scene:
    """At `at`, `act` is done, if anything is, and then all of `wants` have to be heard, each as
    often as it is named."""

    at: datetime
    wants: Sequence[Heard] = ()
    act: Callable[[], None] | None = None
    title: str = ""


def number(name: str) -> str:
    """The telephone number of one of the people."""
    return _PREFIX + PEOPLE[name]


@dataclass
class Salon:
    """The salon and its day, which begins at `opens`."""

    api: Api
    opens: datetime
    zone: str
    kept: dict[str, str] = field(default_factory=dict)  # ids that are needed again, by name

    def prepare(self) -> None:
        """The salon's hours, its place in the world and when it reminds of invoices."""
        local = (self.opens + 5 * MINUTE).astimezone(ZoneInfo(self.zone))
        policy = {"dunning": {"at": f"{local:%H:%M}"}, "cancellation": {"channels": ["sms"]}}
        self.api.patch("/api/v1/organization", {"time_zone": self.zone, "policy": policy})

    def scenes(self) -> list[Scene]:
        """The day in its order."""
        midnight = (self.opens + timedelta(days=1)).astimezone(ZoneInfo(self.zone))
        one = midnight.replace(hour=1, minute=0, second=0, microsecond=0)
        return [
            self._scene(0, [("message", "Hana", "sent"), ("message", "Ivo", "received"),
                            ("enrolment", "Ivo", "excluded")], self._open),
            self._scene(5.2, [("message", "Jon", "sent")], title="Jon owes 45 euros since Friday"),
            self._scene(15.2, [("message", "Eve", "sent")], title="Cleo comes in half an hour"),
            self._scene(30, [("booking", "Dan", "canceled"), ("message", "Dan", "sent"),
                             ("message", "Finn", "sent")], self._cancel),
            self._scene(45.2, [("offer", "Finn", "expired"), ("message", "Gus", "sent"),
                               ], title="Finn did not answer for 15 minutes"),
            self._scene(46, [("offer", "Gus", "accepted")], self._accept),
            self._scene(50, [("invoice", "Jon", "recovered")], self._pay),
            self._scene(60.2, [*[("message", "Hana", "sent")] * 2,
                               ("enrolment", "Hana", "finished")], title="an hour after enrolling"),
            self._scene(75.2, [("booking", "Cleo", "overdue")], title="Cleo did not come"),
            self._scene(120.2, [("message", "Bea", "sent"), ("message", "Bea", "received"),
                                ("booking", "Bea", "confirmed"), ("message", "Ada", "sent"),
                                ("call", "Gus", "sent")],
                        title="two hours after booking; and a day before Ada's appointment"),
            self._scene(240.2, [("notification", "Bea", "suppressed")], title="another two hours"),
            Scene(one + MINUTE / 5, [("snapshot", "", "counted")], title="one at night"),
            self._scene(23 * 60 + 0.2, [("call", "Ada", "sent")], title="three hours before"),
        ]  # fmt: skip

    def _scene(
        self,
        minutes: float,
        wants: Sequence[Heard],
        act: Callable[[], None] | None = None,
        title: str = "",
    ) -> Scene:
        return Scene(self.opens + minutes * MINUTE, wants, act, title)

    def _open(self) -> None:
        """Everything that is booked, sent out and waited for in the morning."""
        self._sequence()
        every = {"kind": "every", "minutes": 120, "channel": "whatsapp"}
        day_before = {"kind": "before", "minutes": 1440, "channel": "sms"}
        hours_before = {"kind": "before", "minutes": 180, "channel": "voice"}
        self._book("Bea", 6.5 * 60, [every])
        self._book("Ada", 26 * 60, [day_before, hours_before])
        nudge = {"kind": "nudge", "minutes": 30, "channel": "sms", "to": "staff"}
        self._book("Cleo", 45, [nudge], staff="Eve")
        self._book("Dan", 5 * 60, [], service=_COLOR, staff="Eve")
        for name in ("Finn", "Gus"):
            self._wait(name)
        self._invoice()

    def _person(self, name: str) -> dict[str, Any]:
        return {"external_id": name.lower(), "name": name, "phone": number(name), "locale": "en"}

    def _book(
        self,
        name: str,
        minutes: float,
        reminders: list[dict[str, Any]],
        service: dict[str, Any] | None = None,
        staff: str | None = None,
    ) -> None:
        body: dict[str, Any] = {
            "starts_at": _iso(self.opens + minutes * MINUTE),
            "time_zone": self.zone,
            "duration_minutes": 45,
            "contact": self._person(name),
            "service": service or {"id": "cut", "name": "Haircut", "price": "45.00 EUR"},
            "reminders": reminders,
        }
        if staff is not None:
            body["staff"] = {"id": staff.lower(), "name": staff, "phone": number(staff)}
        self.kept[name] = self.api.post("/api/v1/bookings", body)["id"]

    def _wait(self, name: str) -> None:
        end = self.opens + timedelta(hours=8)
        wish = {"contact": self._person(name), "service": "color", "from": _iso(self.opens)}
        self.api.post("/api/v1/waitlist", {**wish, "to": _iso(end), "time_zone": self.zone})

    def _sequence(self) -> None:
        steps = [
            {"after_minutes": 0, "channels": ["sms"], "text": "Welcome to the salon!"},
            {"after_minutes": 60, "channels": ["sms"], "text": "Ten percent off your next color."},
        ]
        made = self.api.post("/api/v1/sequences", {"name": "Welcome", "steps": steps})
        for name in ("Hana", "Ivo"):
            enrol = {"contact": self._person(name), "variables": {}}
            self.api.post(f"/api/v1/sequences/{made['id']}/enrolments", enrol)

    def _invoice(self) -> None:
        day = self.opens.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        body = {
            "external_id": "invoice-1", "contact": self._person("Jon"), "amount": "45.00",
            "currency": "EUR", "due_on": day.isoformat(), "payment_link": "https://pay.example/1",
        }  # fmt: skip
        self.kept["Jon"] = self.api.post("/api/v1/invoices", body)["id"]

    def _cancel(self) -> None:
        self.api.delete(f"/api/v1/bookings/{self.kept['Dan']}")

    def _accept(self) -> None:
        (offer,) = self.api.get("/api/v1/offers?state=offered")["data"]
        self.api.post(f"/api/v1/offers/{offer['id']}/accept", {})

    def _pay(self) -> None:
        self.api.post(f"/api/v1/invoices/{self.kept['Jon']}/payments", {"amount": "45.00"})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
