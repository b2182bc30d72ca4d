"""What happens in the salon of the demo, told line by line as the feed has it."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.cli.api import Api
from gateway.cli.reporter import Reporter

# Why nothing was sent, as one says it.
_WHY = {
    "quiet_hours": "it would be night",
    "confirmed": "the appointment is confirmed already",
    "canceled": "the appointment is canceled",
    "opted_out": "no messages are wanted any more",
    "paid": "it is paid",
    "expired": "its time is over",
    "over": "it is no longer needed",
    "past": "its moment had passed when it was booked",
}
# That something left, whichever of a carrier's words comes first: a later one may overtake "sent".
_LEFT = ("sent", "delivered", "read", "completed")
_NOT_SENT = ("suppressed", "canceled", "expired", "not_reached")
_PATHS = {
    "booking": "/api/v1/bookings/",
    "message": "/api/v1/messages/",
    "call": "/api/v1/calls/",
    "offer": "/api/v1/offers/",
    "waitlist_entry": "/api/v1/waitlist/",
    "slot": "/api/v1/slots/",
    "enrolment": "/api/v1/enrolments/",
    "invoice": "/api/v1/invoices/",
}


class Narrator:
    """Follows the feed. `heard` counts what happened to whom: (object, name, state). Only first
    names are told, which are the demo's own."""

    def __init__(self, api: Api, reporter: Reporter, zone: str, names: Mapping[str, str]) -> None:
        self.heard: Counter[tuple[str, str, str]] = Counter()
        self._api = api
        self._reporter = reporter
        self._zone = ZoneInfo(zone)
        self._names = names  # by number
        self._about: dict[str, tuple[str, str]] = {}  # notification -> (name, what it is)
        self._told: set[str] = set()  # calls and messages
        self._cursor = api.get("/api/v1/events?limit=1").get("next_cursor") or ""
        self._tell: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "message": self._attempt,
            "call": self._attempt,
            "notification": self._notification,
        }

    def skip(self) -> None:
        """Leave out everything that happened so far."""
        while page := self._page():
            if len(page) < 200:
                return

    def note(self, at: datetime, text: str, **fields: Any) -> None:
        """Something that the salon does, or that a row shows."""
        line = f"  {self._clock(at)}  {text}"
        self._reporter.event("day", line, at=at.isoformat(), told=text, **fields)

    def listen(self) -> bool:
        """Tell what happened since; whether anything did."""
        page = self._page()
        for booking in {one["object_id"] for one in page if one["object"] == "booking"}:
            self._learn(booking)
        for entry in page:
            self._tell.get(entry["object"], self._object)(entry)
        return bool(page)

    def _learn(self, booking_id: str) -> None:
        """Whom the reminders of a booking are for, and what they are."""
        shown = self._api.get(_PATHS["booking"] + booking_id)
        for reminder in shown.get("reminders", ()):
            what = f"reminder {reminder['number']} of the rule {reminder['kind']}"
            self._about[reminder["id"]] = (shown["contact"]["name"], what)

    def _page(self) -> list[dict[str, Any]]:
        answer = self._api.get(f"/api/v1/events?limit=200&after={self._cursor}")
        self._cursor = answer.get("next_cursor") or self._cursor
        found: list[dict[str, Any]] = answer["data"]
        return found

    def _attempt(self, entry: dict[str, Any]) -> None:
        if entry["state"] not in (*_LEFT, "received") or entry["object_id"] in self._told:
            return
        self._told.add(entry["object_id"])
        shown = self._show(entry)
        inbound = shown["direction"] == "inbound"
        name = self._names.get(shown["from" if inbound else "to"].rpartition(":")[2], "somebody")
        self.heard[entry["object"], name, "received" if inbound else "sent"] += 1
        if inbound:
            self._line(entry, f"{name} answers: {shown.get('text') or ''}", name)
            return
        channel = shown.get("channel") or "call"
        words = shown.get("text") or (shown.get("transcript") or {}).get("text") or ""
        self._line(entry, f"{channel} to {name}: {' '.join(words.split())}", name)

    def _notification(self, entry: dict[str, Any]) -> None:
        if entry["state"] not in _NOT_SENT:
            return
        name, what = self._about.get(entry["object_id"], ("somebody", "a message"))
        self.heard["notification", name, entry["state"]] += 1
        why = _WHY.get(entry["reason"] or "", entry["reason"])
        self._line(entry, f"not sent to {name}, {what}: {why}", name)

    def _object(self, entry: dict[str, Any]) -> None:
        shown = self._show(entry) if entry["object"] in _PATHS else {}
        contact = shown.get("contact") or (shown.get("waitlist_entry") or {}).get("contact") or {}
        name = str(contact.get("name") or contact.get("external_id") or "").capitalize()
        said = entry["type"].partition(".")[2] or entry["state"]
        self.heard[entry["object"], name, said] += 1
        why = f" ({entry['reason']})" if entry["reason"] else ""
        what = entry["object"].replace("_", " ")
        self._line(
            entry, f"{what} of {name}: {said}{why}" if name else f"{what}: {said}{why}", name
        )

    def _show(self, entry: dict[str, Any]) -> dict[str, Any]:
        return self._api.get(_PATHS[entry["object"]] + entry["object_id"])

    def _line(self, entry: dict[str, Any], text: str, name: str) -> None:
        at = datetime.fromisoformat(entry["at"])
        told = {name: entry[name] for name in ("type", "object_id", "state", "reason")}
        self.note(at, text, who=name, **told)

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%a %H:%M}"
