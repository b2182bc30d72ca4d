"""What it takes to write a booking: one look at what is there, one INSERT that tells what
follows."""

from dataclasses import dataclass, field
from typing import Any

from peewee import SQL, Select, fn

from gateway.models.base import db, dialect
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.enrolment import Enrolment
from gateway.models.prepared import Given, Prepared
from gateway.models.sender import Sender
from gateway.models.slot import FREE, Slot
from gateway.models.upcoming import wrote


@dataclass(frozen=True)
class Seen:
    """What there was a moment ago: the booking of an external id, by its id; whether the contact
    and the staff member are known by theirs, None where they have none; the provider of the
    organization's own sender, the oldest, by channel."""

    booking: str | None
    contact: bool | None
    staff: bool | None
    senders: dict[str, str] = field(default_factory=dict)


def look(
    organization_id: str, mode: str, booking: str | None, contact: str | None, staff: str | None
) -> Seen:
    """Look for what has these external ids."""
    whose = {"organization": organization_id, "mode": mode}
    people = {"contact": contact, "staff": staff}
    row = _LOOK.rows(**whose, booking=booking, **people)[0]
    own = dict(one.split("=") for one in reversed((row["senders"] or "").split()))
    known = {role: bool(row[role]) if id_ else None for role, id_ in people.items()}
    return Seen(row["booking"], **known, senders=own)


@dataclass(frozen=True)
class Written:
    """What the INSERT of a booking told: whether its contact is in any sequence, and whether
    anything is free of its staff member."""

    enrolled: bool
    free: bool


def write(row: Booking, contact: Contact) -> Written | None:
    """Insert a booking that was made up; None when its external id is taken."""
    hashes = {"phone_hash": contact.phone_hash, "email_hash": contact.email_hash}
    values = dict.fromkeys(Booking._meta.fields) | row.__data__
    made = _WRITE.rows(**values, **hashes)
    if not made:
        return None
    wrote(row.overdue_at)
    return Written(bool(made[0].enrolled), bool(made[0].free))


def _mine(table: Any) -> tuple[Any, Any]:
    return table.organization == Given("organization"), table.mode == Given("mode")


def _known(role: str) -> Any:
    somebody = Contact.select(SQL("1")).where(
        *_mine(Contact), Contact.role == role, Contact.external_id == Given(role),
        Contact.erased_at.is_null(),
    )  # fmt: skip
    return fn.EXISTS(somebody).alias(role)


def _looking() -> Any:
    known = Booking.select(Booking.id).where(
        *_mine(Booking), Booking.external_id == Given("booking")
    )
    pair = Sender.channel.concat("=").concat(Sender.provider).alias("pair")
    own = Sender.select(pair).where(*_mine(Sender)).order_by(Sender.created_at).alias("own")
    listed = (fn.string_agg if dialect() == "postgresql" else fn.group_concat)(own.c.pair, " ")
    senders = Select([own], [listed])
    columns = [known.alias("booking"), _known("contact"), _known("staff"), senders.alias("senders")]
    return Select(columns=columns).bind(db.obj)


def _writing() -> Any:
    values = {name: Given(name, one) for name, one in Booking._meta.fields.items()}
    at = (Contact.phone_hash == Given("phone_hash")) | (Contact.email_hash == Given("email_hash"))
    enrolled = Enrolment.select(SQL("1")).join(Contact).where(
        *_mine(Enrolment), at, Enrolment.ended_at.is_null()
    )  # fmt: skip
    free = Slot.select(SQL("1")).where(
        *_mine(Slot), Slot.staff == Given("staff"), Slot.state.in_(FREE)
    )
    told = [fn.EXISTS(enrolled).alias("enrolled"), fn.EXISTS(free).alias("free")]
    return Booking.insert(values).on_conflict_ignore().returning(Booking.id, *told)


_LOOK, _WRITE = Prepared(_looking), Prepared(_writing)
