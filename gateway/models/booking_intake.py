"""What it takes to write a booking: its row, with that of somebody nobody knew, in one statement
that tells what else there is to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import SQL, Case, Select, fn

from gateway.models.base import db, dialect
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.enrolment import Enrolment
from gateway.models.many import WRITTEN, Statement, each_in_turn
from gateway.models.prepared import Given, Prepared
from gateway.models.sender import Sender
from gateway.models.slot import FREE, Slot
from gateway.models.upcoming import wrote


@dataclass(frozen=True)
class Written:
    """What came of writing a booking: whether it was `made`; if not, the id of the booking that was
    there under its external id, None where there was none a moment ago. Whether its contact is in
    any sequence, whether anything is free of its staff member, and the provider of the
    organization's own sender, the oldest, by channel."""

    made: bool
    known: str | None
    enrolled: bool
    free: bool
    senders: dict[str, str]


def write(row: Booking, contact: Contact, fresh: Sequence[Contact] = ()) -> Written:
    """Insert a booking that was made up, together with those of its people who are `fresh`: not
    written yet either, its contact first. It is not made when its external id is taken, or when one
    of them is known after all."""
    given = {name: row.__data__.get(name) for name in ("organization", "mode", "external_id")}
    about = {"staff": row.staff_id, "phone": contact.phone_hash, "email": contact.email_hash}
    asked = _ASKED.told(**given, **about)
    made, known, enrolled, free, senders = each_in_turn([*fresh, row], Statement(*asked))
    if made:
        wrote(row.overdue_at)
    if known and fresh:  # who was erased since the first booking is not kept anew
        Contact.delete().where(Contact.id.in_([one.id for one in fresh])).execute()
    own = dict(one.split("=") for one in reversed((senders or "").split()))
    return Written(bool(made), known, bool(enrolled), bool(free), own)


def known(organization_id: str, mode: str, external_id: str) -> str | None:
    """The id of the booking that has an external id."""
    given = {"organization": organization_id, "mode": mode, "external_id": external_id}
    return next((row.id for row in _KNOWN.rows(**given)), None)


def _mine(table: Any) -> tuple[Any, Any]:
    return table.organization == Given("organization"), table.mode == Given("mode")


def _same() -> Any:
    same = Booking.external_id == Given("external_id")
    return Booking.select(Booking.id).where(*_mine(Booking), same)


def _asking() -> Any:
    made = SQL(WRITTEN[dialect()])
    at = (Contact.phone_hash == Given("phone")) | (Contact.email_hash == Given("email"))
    enrolled = Enrolment.select(SQL("1")).join(Contact).where(
        *_mine(Enrolment), at, Enrolment.ended_at.is_null()
    )  # fmt: skip
    free = Slot.select(SQL("1")).where(
        *_mine(Slot), Slot.staff == Given("staff"), Slot.state.in_(FREE)
    )
    known = Case(None, [(made, None)], _same())  # looked for only where it is needed
    columns = [made, known, fn.EXISTS(enrolled), fn.EXISTS(free), _senders()]
    return Select(columns=columns).bind(db.obj)


def _senders() -> Any:
    pair = Sender.channel.concat("=").concat(Sender.provider).alias("pair")
    own = Sender.select(pair).where(*_mine(Sender)).order_by(Sender.created_at).alias("own")
    listed = (fn.string_agg if dialect() == "postgresql" else fn.group_concat)(own.c.pair, " ")
    return Select([own], [listed])


_ASKED, _KNOWN = Prepared(_asking), Prepared(_same)
