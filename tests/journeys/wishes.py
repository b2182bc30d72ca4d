"""What an organization and its people come to want in a month, drawn from a seed."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from gateway.domain.channel_plan import Step
from gateway.domain.reminders import AT, BEFORE, EVERY, NUDGE, Rule
from gateway.models.booking import Booking
from tests.stack import special

PEOPLE = 9
ZONES = ("Europe/Berlin", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
PLANS = (
    (Step("sms"),),
    (Step("voice"),),
    (Step("whatsapp"),),
    (Step("whatsapp", "delivered", 20), Step("sms")),
    (Step("whatsapp", "read", 45), Step("sms", "delivered", 30), Step("voice")),
    (Step("sms", "delivered", 15), Step("voice")),
)
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"quiet_hours": {"action": "advance"}},
    {"quiet_hours": {"action": "suppress"}},
    {"quiet_hours": {"from": "12:30", "to": "14:15"}, "gap_seconds": 3600},
    {"caps": {"day": 2}},
    {"strict": True, "gap_seconds": 900},
    {"cancellation": {"channels": ["sms"]}},
)


class Wishes:
    """Everything is drawn from `random`, in the order in which it is asked for."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def booking(self, now: datetime) -> dict[str, Any]:
        """A booking in some hours or days."""
        choose = self.random
        person = choose.randrange(PEOPLE)
        starts_at = now + timedelta(minutes=choose.randrange(60, 4 * 1440))
        return {
            "starts_at": starts_at,
            "contact": {
                "external_id": f"c-{person}", "name": f"Person {person}",
                "phone": special(f"02{person:02d}"), "time_zone": ZONES[person % len(ZONES)],
            },
            "staff": {"external_id": "m-1", "name": "Eve", "phone": special("0290")},
            "reminders": self.rules(now, starts_at),
            "policy": choose.choice(POLICIES),
        }  # fmt: skip

    def rules(self, now: datetime, starts_at: datetime) -> list[Rule]:
        """One to four different rules."""
        choose = self.random
        hours = max(1, int((starts_at - now).total_seconds() // 3600))
        at = now + timedelta(minutes=choose.randrange(1, hours * 60))
        made = [
            Rule(EVERY, minutes=choose.choice([150, 400, 900]), within_minutes=2000,
                 channels=choose.choice(PLANS)),
            Rule(BEFORE, minutes=choose.choice([45, 180, 1440]), channels=choose.choice(PLANS)),
            Rule(BEFORE, minutes=choose.choice([60, 720]), channels=choose.choice(PLANS)),
            Rule(NUDGE, minutes=30, channel="sms"),
        ]  # fmt: skip
        if at < starts_at:
            made.append(Rule(AT, at=at, channels=choose.choice(PLANS)))
        return choose.sample(made, choose.randrange(1, len(made)))

    def changes(self) -> list[str]:
        """What will happen to a booking."""
        kinds = ["say", "say", "change", "change", "cancel"]
        return [kind for kind in kinds if self.random.random() < 0.4]

    def edit(self, booking: Booking, now: datetime) -> dict[str, Any]:
        """One change of a booking."""
        moved = booking.starts_at + timedelta(minutes=self.random.randrange(-300, 2000))
        moved = max(moved, now + timedelta(minutes=5))
        return self.random.choice([
            {"starts_at": moved, "starts_at_text": moved.isoformat()},
            {"policy": self.random.choice(POLICIES)},
            {"reminders": self.rules(now, booking.starts_at)},
            {"state": self.random.choice(["confirmed", "checked_in"])},
            {"contact": {"external_id": booking.contact.external_id, "name": "Renamed",
                         "phone": booking.contact.phone,
                         "time_zone": self.random.choice(ZONES)}},
        ])  # fmt: skip
