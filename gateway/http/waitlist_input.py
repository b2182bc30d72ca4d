"""Who waits, and what is free, as clients write it."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.http.booking_input import (
    ContactInput,
    ServiceInput,
    StaffInput,
    in_order,
    person,
)
from gateway.http.fields import QueryInstant, QueryPhone, Text, Whole, Zone
from gateway.http.pagination import PageQuery

_LOCAL = "RFC 3339 with an offset, or a local time in `time_zone`"
_ID = {"type": "string", "minLength": 1, "maxLength": 200}


class _Named(fields.Field[dict[str, Any]]):
    """Something that has an id of yours: an object as in a booking, or the id alone."""

    schema: type[Schema]

    def __init__(self, **kwargs: Any) -> None:
        names = {
            name: {**_ID, **({} if name == "id" else {"nullable": True})}
            for name in self.schema._declared_fields
        }
        whole = {"type": "object", "required": ["id"], "additionalProperties": False}
        for known in names.values():
            if known.pop("nullable", False):
                known["type"] = ["string", "null"]
        described = {"oneOf": [_ID, {**whole, "properties": names}]}
        super().__init__(metadata=described, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        given = {"id": value} if isinstance(value, str) else value
        if not isinstance(given, Mapping):
            raise ValidationError("must be an object with an id, or the id")
        known: dict[str, Any] = self.schema().load(dict(given))
        if not known.get("id"):
            raise ValidationError({"id": ["is required"]})
        return known


class Service(_Named):
    """What is wanted, or free."""

    schema = ServiceInput


class Staff(_Named):
    """With whom."""

    schema = StaffInput


class WaitlistInput(Schema):
    """Somebody who waits."""

    contact = fields.Nested(ContactInput, required=True)
    service = Service(required=True)
    staff = Staff(allow_none=True)
    from_ = Text(
        maximum=64, required=True, data_key="from",
        metadata={"description": f"the earliest start that is wanted; {_LOCAL}"},
    )  # fmt: skip
    to = Text(
        maximum=64, required=True,
        metadata={"description": f"before which it has to start; {_LOCAL}"},
    )  # fmt: skip
    time_zone = Zone(allow_none=True)

    @post_load
    def _wish(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields of waitlist.Wish."""
        zone = data.get("time_zone")
        wish = {
            "contact": data["contact"],
            "service": data["service"],
            "since": _instant(data["from_"], zone, "from"),
            "until": _instant(data["to"], zone, "to"),
        }
        return wish | ({"staff": person(data["staff"])} if data.get("staff") else {})


class SlotInput(Schema):
    """What is free."""

    starts_at = Text(maximum=64, required=True, metadata={"description": _LOCAL})
    time_zone = Zone(allow_none=True)
    duration_minutes = Whole(1, 10_080, required=True)
    service = Service(required=True)
    staff = Staff(required=True)
    price = Text(maximum=100, allow_none=True, metadata={"example": "45.00 EUR"})

    @post_load
    def _freed(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields of slots.Freed."""
        service = dict(data["service"])
        if data.get("price") is not None:
            service["price"] = data["price"]
        return {
            "starts_at": _instant(data["starts_at"], data.get("time_zone"), "starts_at"),
            "time_zone": data.get("time_zone"),
            "duration_minutes": data["duration_minutes"],
            "service": service,
            "staff": person(data["staff"]),
        }


class WaitlistQuery(PageQuery):
    """Filters of the list of those who wait."""

    state = fields.String(validate=validate.OneOf([str(state) for state in EntryState]))
    service = Text(maximum=200, metadata={"description": "the service's id"})
    staff = Text(maximum=200, metadata={"description": "the staff member's id"})
    phone = QueryPhone(metadata={"description": "the contact's, E.164"})


class SlotQuery(PageQuery):
    """Filters of the list of slots."""

    state = fields.String(validate=validate.OneOf([str(state) for state in SlotState]))
    service = Text(maximum=200, metadata={"description": "the service's id"})
    staff = Text(maximum=200, metadata={"description": "the staff member's id"})
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest start"})
    to = QueryInstant(metadata={"description": "starts before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)


class OfferQuery(PageQuery):
    """Filters of the list of offers."""

    state = fields.String(validate=validate.OneOf([str(state) for state in OfferState]))
    slot_id = Text(maximum=40)
    waitlist_entry_id = Text(maximum=40)


def _instant(text: str, zone: str | None, field: str) -> Any:
    try:
        return times.instant(text, zone, field).at
    except Invalid as fault:
        raise ValidationError(fault.detail, fault.field or field) from None
