"""A campaign of one organization beside the reminders of others, as rows of the database."""

from datetime import datetime, timedelta
from itertools import count

from gateway import kinds
from gateway.domain import lanes
from gateway.models.base import atomic, new_id
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.sender import Sender
from gateway.settings import current
from gateway.usecases import accounts
from tests import rows

BATCH = 1000


class Campaign:
    """One organization with a sender of 80 messages a second, and ten others with one each."""

    def __init__(self, now: datetime, account: str | None = None) -> None:
        self.now, self.account = now, account or _sandbox_account()
        self._numbers = count(1)
        self.owner, self.sender = self._organization("Campaign", 80.0)
        self.others = [self._organization(f"Salon {n}", 1.0)[0] for n in range(10)]

    def _organization(self, name: str, per_second: float) -> tuple[str, str]:
        made: Organization = accounts.create_organization(name, "Europe/Berlin", self.now)
        address = f"+1500777{next(self._numbers):04d}"
        Sender.create(
            organization=made.id, mode="test", channel="sms", provider="twilio",
            account=self.account, address=address, rate_per_second=per_second,
            created_at=self.now,
        )  # fmt: skip
        return made.id, address

    def spread(self, how_many: int, kind: str) -> None:
        """Messages of the campaign that are due in a day; each to somebody of its own."""
        far = self.now + timedelta(days=1)
        first = dict(self._row(self.owner, kind, far, 0).__data__)
        people = dict(first_person(first).__data__)
        for start in range(1, how_many, BATCH):
            batch = range(start, min(start + BATCH, how_many))
            contacts, copies = [], []
            for number in batch:
                contact, phone = new_id("ct"), f"+1206{number:07d}"
                contacts.append(people | {"id": contact, "phone": phone, "phone_hash": phone})
                own = {"id": new_id("nt"), "subject_id": new_id("rq"), "contact": contact}
                copies.append(first | own)
            with atomic():
                type(first_person(first)).insert_many(contacts).execute()
                Notification.insert_many(copies).execute()

    def release(self, due: datetime) -> None:
        """Have all of the campaign be due at this moment."""
        mine = Notification.organization == self.owner
        later = Notification.due_at > due + timedelta(hours=1)
        Notification.update(due_at=due, next_attempt_at=due).where(mine, later).execute()

    def remind(self, how_many: int, first: datetime, over: timedelta) -> dict[str, datetime]:
        """Reminders of the other organizations in turns; number and moment of each."""
        return self._each(self.others, "reminder", how_many, first, over)

    def nudge(self, how_many: int, first: datetime, over: timedelta) -> dict[str, datetime]:
        """Nudges of the campaign's own organization."""
        return self._each([self.owner], "nudge", how_many, first, over)

    def _each(
        self, owners: list[str], kind: str, how_many: int, first: datetime, over: timedelta
    ) -> dict[str, datetime]:
        made = {}
        for number in range(how_many):
            at = first + over * number / how_many
            row = self._row(owners[number % len(owners)], kind, at, next(self._numbers))
            made[str(row.contact.phone)] = at
        return made

    def _row(self, owner: str, kind: str, at: datetime, number: int) -> Notification:
        phone = f"+1205{number:07d}"
        return rows.notification(
            owner, contact=rows.contact(owner, phone).id, plan=[{"channel": "sms"}],
            lane=lanes.lane("sms", kind, kinds.PRIORITIES), purpose=kind, kind="message",
            rule="request:sms", wording={"text": "See you."}, created_at=self.now, due_at=at,
            next_attempt_at=at, expires_at=at + timedelta(days=2),
        )  # fmt: skip

    def standing(self) -> dict[str, int]:
        """How many of the campaign wait for the sender, and how many passed."""
        found = {"held": 0, "claims": 0}
        for row in Notification.select().where(Notification.organization == self.owner):
            found["held"] += row.held_by is not None
            found["claims"] += row.claim
            name = f"{row.state} {row.slot_at is not None} {row.tries} {row.reason}"
            found[name] = found.get(name, 0) + 1
        return found


def first_person(row: dict[str, object]) -> Contact:
    """The contact of a row."""
    return Contact.get_by_id(row["contact"])


def _sandbox_account() -> str:
    return current().sandbox_credentials["account_sid"]
