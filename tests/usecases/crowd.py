"""Claimed notifications of an organization, as rows, which come to the gate alone or together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from gateway.models.booking import Booking
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry
from gateway.models.hold import provider_scope
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.sender import Sender
from gateway.settings import current
from gateway.usecases import gate, gate_batches, people
from tests.rows import call, notification

NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)  # ten in the morning in Berlin
LEASE = timedelta(seconds=15)
HOUR = timedelta(hours=1)
_numbers = count(1)


@dataclass
class Crowd:
    """Rows of one organization, each under its first claim, in the order in which they go."""

    organization: str
    rows: list[str] = field(default_factory=list)

    def person(self, **more: Any) -> Contact:
        """Somebody with a number and a mail box of their own."""
        number = next(_numbers)
        phone, email = f"+1206{number:07d}", f"p{number}@example.com"
        known = {
            "phone": phone, "phone_hash": people.address_hash(phone),
            "email": email, "email_hash": people.address_hash(email), "name": "Ada",
        }  # fmt: skip
        return Contact.create(
            organization=self.organization, mode="test", role="contact", created_at=NOW,
            updated_at=NOW, **(known | more),
        )  # fmt: skip

    def sender(self, channel: str, rate: float | None, account: str) -> Sender:
        """The organization's own address on a channel."""
        return Sender.create(
            organization=self.organization, mode="test", channel=channel, provider="twilio",
            account=account, address=f"+1500{next(_numbers):07d}", rate_per_second=rate,
            created_at=NOW,
        )  # fmt: skip

    def booking(self, contact: Contact, **more: Any) -> Booking:
        """An appointment of somebody, tomorrow."""
        known: dict[str, Any] = {
            "organization": self.organization, "mode": "test", "contact": contact.id,
            "service": {"name": "Haircut"}, "starts_at": NOW + 26 * HOUR, "starts_at_text": "then",
            "time_zone": "Europe/Berlin", "state": "confirmed", "fingerprint": "f",
            "booked_at": NOW - HOUR, "updated_at": NOW - HOUR,
        }  # fmt: skip
        return Booking.create(**(known | more))

    def adds(self, contact: Contact, channel: str = "voice", **more: Any) -> Notification:
        """A notification that a clock has claimed for the first time."""
        known: dict[str, Any] = {
            "contact": contact.id, "plan": [{"channel": channel}], "state": "due", "claim": 1,
            "wording": {"say": "See you at noon.", "text": "See you at noon."}, "due_at": NOW,
            "expires_at": NOW + 24 * HOUR, "next_attempt_at": None, "created_at": NOW - HOUR,
            "lease_until": NOW + LEASE,
        }  # fmt: skip
        row = notification(self.organization, **(known | more))
        self.rows.append(row.id)
        return row

    def called(self, contact: Contact) -> None:
        """Somebody was called by the organization an hour ago."""
        done = {"state": "reached", "next_attempt_at": None, "tries": 1, "finished_at": NOW}
        before = notification(self.organization, contact=contact.id, **done)
        call(before, state="completed", created_at=NOW - HOUR)

    def stops(self, contact: Contact, channel: str) -> None:
        """Somebody wants no more of it."""
        Consent.add(
            NOW, organization=self.organization, mode="test", channel=channel, purpose="all",
            address_hash=contact.phone_hash, granted=False, source="test", at=NOW,
        )  # fmt: skip

    def obeys(self, **policy: Any) -> None:
        """The organization's policy."""
        mine = Organization.id == self.organization
        Organization.update(policy=policy).where(mine).execute()

    @property
    def claims(self) -> list[tuple[str, int]]:
        """All claims."""
        claimed = {row.id: row.claim for row in Notification.select()}
        return [(id_, claimed[id_]) for id_ in self.rows]

    def alone(self, now: datetime = NOW) -> list[gate.Opened]:
        """Bring them to the gate one by one."""
        came = [gate.open_attempt(id_, claim, now, LEASE) for id_, claim in self.claims]
        return [one for one in came if one is not None]

    def together(self, now: datetime = NOW) -> list[gate.Opened]:
        """Bring them to the gate together, and the others after that."""
        opened, left = gate_batches.open_together(self.claims, now, LEASE)
        came = [gate.open_attempt(id_, claim, now, LEASE) for id_, claim in left]
        return opened + [one for one in came if one is not None]


def feed(object_ids: list[str]) -> list[tuple[str, str | None]]:
    """What the feed says of these, in its order for each of them."""
    found = FeedEntry.select().where(FeedEntry.object_id.in_(object_ids))
    told = found.order_by(FeedEntry.object, FeedEntry.object_id, FeedEntry.tx, FeedEntry.id)
    return [(entry.type, entry.reason) for entry in told]


Opening = Callable[[], Crowd]


def account_scope() -> str:
    """What a hold on the stand-in's account is called."""
    return provider_scope("twilio", current().sandbox_credentials["account_sid"])
