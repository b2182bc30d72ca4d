"""Bookings as clients send them: shapes on top, and how a shape becomes what was wanted."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import BookingState
from gateway.domain.reminders import Rule
from gateway.http.auth import caller
from gateway.http.domain_fields import PolicyField
from gateway.http.fields import (
    Email,
    Locale,
    Metadata,
    Phone,
    QueryInstant,
    QueryPhone,
    Text,
    Whole,
    Zone,
)  # fmt: skip
from gateway.http.pagination import PageQuery
from gateway.http.reading import QuickSchema
from gateway.http.reminder_input import MOST_RULES, ReminderRule, has_offset, rules
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.usecases import people
from gateway.usecases.schedule import rules_in, rules_of

_PERSON = ("external_id", "name", "phone", "email", "locale", "time_zone")
QUIET = {"quiet_hours": {"from": "20:00", "to": "09:00"}}
_LOCAL = "RFC 3339 with an offset, or a local time in `time_zone`"


class ContactChanges(QuickSchema):
    """Parts of whoever is reached; what is left out stays as it is."""

    external_id = Text(maximum=200, allow_none=True)
    name = Text(maximum=200, allow_none=True)
    phone = Phone(metadata={"example": "+4915112345678", "description": "E.164"})
    email = Email(allow_none=True)
    locale = Locale(allow_none=True, metadata={"example": "de"})
    time_zone = Zone(allow_none=True, metadata={"example": "Europe/Berlin"})


class ContactInput(ContactChanges):
    """Whoever is reached: `phone` is required, or `email` where every reminder is an e-mail."""

    phone = Phone(allow_none=True, metadata={"example": "+4915112345678", "description": "E.164"})

    @validates_schema
    def _reachable(self, data: dict[str, Any], **_: Any) -> None:
        if not (data.get("phone") or data.get("email")):
            raise ValidationError("is required", "phone")


class StaffInput(QuickSchema):
    """Whoever serves the contact."""

    id = Text(maximum=200, allow_none=True)
    name = Text(maximum=200, allow_none=True)
    phone = Phone(allow_none=True)
    email = Email(allow_none=True)
    time_zone = Zone(allow_none=True)


class ServiceInput(QuickSchema):
    """What is booked."""

    id = Text(maximum=200, allow_none=True)
    name = Text(maximum=200, allow_none=True)
    price = Text(maximum=100, allow_none=True, metadata={"example": "45.00 EUR"})


class BookingFields(QuickSchema):
    """What a booking can be made with, and changed in."""

    starts_at = Text(maximum=64, metadata={"description": _LOCAL})
    duration_minutes = Whole(1, 10_080, allow_none=True)
    service = fields.Nested(ServiceInput, allow_none=True)
    policy = PolicyField(
        metadata={"description": "what differs from the organization's policy", "example": QUIET}
    )
    metadata = Metadata()


class BookingInput(BookingFields):
    """A booking to make."""

    starts_at = Text(maximum=64, required=True, metadata={"description": _LOCAL})
    external_id = Text(maximum=200, allow_none=True)
    time_zone = Zone(allow_none=True)
    contact = fields.Nested(ContactInput, required=True)
    staff = fields.Nested(StaffInput, allow_none=True)
    reminders = fields.List(
        fields.Nested(ReminderRule),
        allow_none=True,
        validate=validate.Length(max=MOST_RULES),
        metadata={"description": "without it, the organization's own rules apply"},
    )

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields of bookings.Wanted, but for its fingerprint."""
        wanted = {name: value for name, value in data.items() if value is not None}
        if "staff" in wanted:
            wanted["staff"] = person(wanted["staff"])
        settle_times(wanted, wanted.get("time_zone"))
        own: list[Rule] | None = wanted.get("reminders")
        need_address(own or [], "staff", wanted.get("staff") or {})
        in_force = rules_in(caller().organization.reminders) if own is None else own
        need_address(in_force, "contact", wanted["contact"])
        return wanted


class BookingChanges(BookingFields):
    """What to change; what is left out stays as it is."""

    version = Whole(1, 2_000_000_000, metadata={"description": "the one you read; 409 if stale"})
    time_zone = Zone()
    contact = fields.Nested(ContactChanges)
    staff = fields.Nested(StaffInput)
    state = fields.String(validate=validate.OneOf([str(state) for state in BookingState]))
    reminders = fields.List(fields.Nested(ReminderRule), validate=validate.Length(max=MOST_RULES))

    @post_load
    def _something(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data.keys() - {"version"}:
            raise ValidationError("names nothing to change")
        return dict(data)


class BookingQuery(PageQuery):
    """Filters of the list of bookings."""

    external_id = Text(maximum=200)
    phone = QueryPhone(metadata={"description": "the contact's, E.164"})
    state = fields.String(validate=validate.OneOf([str(state) for state in BookingState]))
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest start"})
    to = QueryInstant(metadata={"description": "starts before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)


def in_order(query: dict[str, Any]) -> dict[str, Any]:
    """The query again, unless its `from` lies after its `to`."""
    if "from_" in query and "to" in query and query["from_"] > query["to"]:
        raise ValidationError("must not lie after to", "from")
    return dict(query)


def person(staff: dict[str, Any]) -> dict[str, Any]:
    """Staff in the words that contacts are kept in."""
    known = dict(staff)
    if "id" in known:
        known["external_id"] = known.pop("id")
    return known


def settle_times(wanted: dict[str, Any], time_zone: str | None) -> None:
    """Read the start and the rules' moments, local ones in `time_zone`, in place."""
    if "starts_at" in wanted:
        text = wanted["starts_at"]
        try:
            wanted["starts_at"] = times.instant(text, time_zone, "starts_at").at
        except Invalid as fault:
            raise ValidationError(fault.detail, fault.field or "starts_at") from None
        wanted["starts_at_text"] = text
    if "reminders" in wanted:
        wanted["reminders"] = rules(wanted["reminders"], time_zone)


def need_address(planned: list[Rule], role: str, known: dict[str, Any]) -> None:
    """Refuse rules that remind a person whose address for it is not known."""
    missing = people.lacks(planned, role, known)
    if missing is not None:
        raise ValidationError({role: {missing: [f"is required to remind the {role}"]}})


def merge(present: Booking, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes as bookings.edit takes them: parts of a person completed by what is known, times
    read in the zone given or else the booking's. Raises ValidationError."""
    wanted = dict(changes)
    zone = wanted.get("time_zone")
    if zone is None and not has_offset(wanted.get("starts_at", "")):
        zone = present.time_zone
    if "contact" in wanted:
        wanted["contact"] = _completed(present.contact, wanted["contact"])
    staff = _known(present.staff) if present.staff else None
    if "staff" in wanted:
        staff = _completed(present.staff, person(wanted["staff"]))
        wanted["staff"] = staff
    settle_times(wanted, zone)
    if {"staff", "reminders"} & wanted.keys():
        planned = wanted["reminders"] if "reminders" in wanted else rules_of(present)
        need_address(planned, "staff", staff or {})
    return wanted


def _completed(present: Contact | None, given: dict[str, Any]) -> dict[str, Any]:
    """A person with what was left out taken from the present one; not if the external id says that
    it is somebody else."""
    known = _known(present) if present else {}
    if given.get("external_id") not in (None, known.get("external_id")):
        return given
    return known | given


def _known(row: Contact) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _PERSON}
