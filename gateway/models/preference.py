"""What each customer usually books. Every row can be made again from the bookings."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from peewee import SQL, CharField, ForeignKeyField, IntegerField, JSONField, fn

from gateway.models.base import Row, in_turn
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.organization import Organization


class Preference(Row):
    """One customer of one organization. Its id follows from whose it is, and nothing in it from
    when it was computed: made again from the same bookings it is the same row."""

    id = CharField(max_length=40, primary_key=True)
    organization = ForeignKeyField(Organization, index=False, backref="+")
    organization_id: str
    mode = CharField(max_length=4)
    customer = CharField(max_length=80)
    bookings = IntegerField()  # how many were counted
    counts = JSONField(default=dict)  # by facet, the favourite first: domain/preferences.py

    class Meta:
        indexes = ((("organization", "mode", "customer"), True),)

    @classmethod
    def take_turn(cls, organization_id: str, mode: str, customer: str) -> None:
        """Wait for whoever computes this customer's, so that what was read last is written last.
        Call it inside a transaction."""
        in_turn(f"preference|{organization_id}|{mode}|{customer}")

    @classmethod
    def of(cls, organization_id: str, mode: str, customers: Collection[str]) -> "list[Preference]":
        """Those of these customers, of whom anything was counted."""
        if not customers:
            return []
        mine = (cls.organization == organization_id, cls.mode == mode)
        return list(cls.select().where(*mine, cls.customer.in_(list(customers))))

    @classmethod
    def write(
        cls,
        organization_id: str,
        mode: str,
        customer: str,
        bookings: int,
        counts: Mapping[str, Any],
    ) -> None:
        """Keep what was counted of a customer; without any booking nothing is kept."""
        if not bookings:
            cls.remove(organization_id, mode, customer)
            return
        whose = "|".join((organization_id, mode, customer))
        values = {
            "id": f"pf_{hashlib.sha256(whose.encode()).hexdigest()[:26]}",
            "organization": organization_id,
            "mode": mode,
            "customer": customer,
            "bookings": bookings,
            "counts": dict(counts),
        }
        counted = [cls.bookings, cls.counts]
        kept = cls.insert(**values).on_conflict(conflict_target=[cls.id], preserve=counted)
        kept.execute()

    @classmethod
    def remove(cls, organization_id: str, mode: str, customer: str) -> bool:
        """Forget what was counted of a customer; False when nothing was."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        return bool(cls.delete().where(*mine, cls.customer == customer).execute())

    @classmethod
    def known(cls, organization_id: str, mode: str) -> set[str]:
        """The customers of an organization and mode of whom anything was counted."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        return {row.customer for row in cls.select(cls.customer).where(*mine)}


def customer_of(contact: Contact) -> str:
    """Who somebody is over all bookings. One with an external id is a customer by themselves;
    without, all with the same number are one, or with the same e-mail address where there is no
    number. No address can be read out of it: hashes are keyed."""
    if contact.external_id is None and contact.phone_hash:
        return f"phone:{contact.phone_hash}"
    if contact.external_id is None and contact.email_hash:
        return f"email:{contact.email_hash}"
    return str(contact.id)


def members(organization_id: str, mode: str, customer: str) -> list[str]:
    """The ids of the contacts that are this customer."""
    kind, _, hashed = customer.partition(":")
    if not hashed:
        still = Contact.select(Contact.id).where(Contact.id == customer)
        return [row.id for row in still.where(Contact.erased_at.is_null())]
    row = Contact
    by_phone = row.phone_hash == hashed
    same = by_phone if kind == "phone" else (row.email_hash == hashed) & row.phone_hash.is_null()
    mine = (row.organization == organization_id, row.mode == mode, row.role == "contact")
    return [one.id for one in row.select(row.id).where(same, *mine, row.external_id.is_null())]


def people(contact_ids: Collection[str]) -> dict[str, Contact]:
    """These contacts by id, as far as they are there."""
    if not contact_ids:
        return {}
    return {one.id: one for one in Contact.select().where(Contact.id.in_(list(contact_ids)))}


def chosen(contact_ids: Collection[str], states: Collection[str]) -> list[Booking]:
    """The bookings of these contacts that are in one of these states, with what counts of them."""
    row = Booking
    fields = (row.service, row.staff, row.starts_at, row.time_zone)
    mine = row.contact.in_(list(contact_ids)) & row.state.in_(list(states))
    return list(row.select(*fields).where(mine))


def customers(organization_id: str, mode: str, most: int = 500) -> Iterator[Contact]:
    """Everybody of an organization and mode who ever booked, in batches of `most`."""
    last = ""
    booked = fn.EXISTS(Booking.select(SQL("1")).where(Booking.contact == Contact.id))
    while True:
        batch = list(
            Contact.select()
            .where(
                Contact.organization == organization_id,
                Contact.mode == mode,
                Contact.id > last,
                Contact.erased_at.is_null(),
                booked,
            )
            .order_by(Contact.id)
            .limit(most)
        )
        yield from batch
        if len(batch) < most:
            return
        last = batch[-1].id
