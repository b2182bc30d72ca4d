"""A waitlist with people in it, worked by hand: time passes when the test says so."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.offer import OFFER, Offer
from gateway.models.organization import Organization
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import accounts, job_handlers, offers, slots, waitlist
from gateway.usecases.slots import Freed
from gateway.usecases.waitlist import Wish

CUT = {"id": "cut", "name": "Haircut"}
EVE = {"external_id": "m-3", "name": "Eve"}
QUARTER = timedelta(minutes=15)
_numbers = count(1)


class Line:
    """One organization's waitlist in test mode; it knows no night unless the policy says so."""

    def __init__(self, caller: accounts.Caller, now: datetime, **policy: Any) -> None:
        values = {"quiet_hours": None, **policy}
        Organization.update(policy=values).where(
            Organization.id == caller.organization_id
        ).execute()
        organization = Organization.get_by_id(caller.organization_id)
        self.caller = accounts.Caller(organization, caller.mode, frozenset(), "", "the desk")
        self.now = now
        self.start = now + timedelta(days=2)

    def joins(self, name: str, **more: Any) -> WaitlistEntry:
        """Somebody with a number of their own waits for a haircut, a little after those before."""
        self.now += timedelta(seconds=1)
        person = {"name": name, "phone": f"+120255601{next(_numbers) % 100:02d}"}
        wish: dict[str, Any] = {
            "contact": person | more.pop("contact", {}), "service": CUT, "since": self.now,
            "until": self.start + timedelta(days=5), **more,
        }  # fmt: skip
        return waitlist.join(self.caller, Wish(**wish), self.now)

    def join_all(self, names: str) -> list[WaitlistEntry]:
        """Several, in this order."""
        return [self.joins(name) for name in names.split()]

    def frees(self, **more: Any) -> Slot:
        """A time with Eve is free."""
        freed: dict[str, Any] = {
            "starts_at": self.start, "duration_minutes": 45,
            "service": {**CUT, "price": "45.00 EUR"}, "staff": EVE, **more,
        }  # fmt: skip
        slot, _ = slots.free(self.caller, Freed(**freed), self.now)
        return slot

    def passes(self, **time: float) -> None:
        """Time passes, and every job that falls due meanwhile is done at its moment."""
        until = self.now + timedelta(**time)
        while job := self.next_job(until):
            self.now = max(self.now, job.next_attempt_at)
            Job.update(state="done", next_attempt_at=None).where(Job.id == job.id).execute()
            job_handlers.HANDLERS[job.name](job.key, self.now)
        self.now = until

    def next_job(self, until: datetime) -> Job | None:
        """The waitlist's next job that is due by then."""
        mine = Job.name.startswith("offer.") | Job.name.startswith("slot.")
        mine |= Job.name.startswith("waitlist.")
        due = Job.select().where(Job.next_attempt_at <= until, mine)
        found: Job | None = due.order_by(Job.next_attempt_at, Job.id).first()
        return found

    def holder(self, slot: Slot) -> str | None:
        """The name of whoever a slot is offered to."""
        offer = Offer.open_on(slot=slot.id)
        return str(Contact.get_by_id(offer.contact_id).name) if offer else None

    def offer(self, name: str) -> Offer:
        """The last offer to somebody."""
        mine = Offer.select().join(Contact, on=Offer.contact).where(Contact.name == name)
        return offers.show(self.caller, mine.order_by(Offer.offered_at.desc()).get().id)

    def history(self, slot: Slot) -> list[tuple[str, str]]:
        """To whom a slot was offered, in order, and what became of that."""
        rows = Offer.select(Offer, Contact).join(Contact, on=Offer.contact)
        rows = rows.where(Offer.slot == slot.id).order_by(Offer.offered_at, Offer.id)
        return [(str(row.contact.name), str(row.state)) for row in rows]

    def state(self, row: Any) -> str:
        """An object's state now."""
        return str(type(row).get_by_id(row.id).state)

    def told(self, offer: Offer) -> list[Notification]:
        """What was to be told of an offer, in order."""
        return Notification.of_subject(OFFER, offer.id)

    def feed(self, row: Any) -> list[str]:
        """The states that something went through, as the feed tells them."""
        moves = FeedEntry.select().where(FeedEntry.object_id == row.id).order_by(FeedEntry.id)
        return [str(move.state) for move in moves]
