"""Invoices and payments as clients send them."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, post_load, validate, validates_schema
from marshmallow.schema import Schema

from gateway.domain import dunning_rules, money
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import InvoiceState
from gateway.http.booking_input import ContactInput
from gateway.http.contacts import YesOrNo
from gateway.http.domain_fields import checked
from gateway.http.fields import Email, Instant, Metadata, QueryPhone, Text, Whole
from gateway.http.pagination import PageQuery

LONGEST_LINK = 500
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LINK = re.compile(r"[\x21-\x7e]+", re.ASCII)
_DUNNING = {
    "description": "when this invoice is reminded of, where that differs from the organization's "
    "policy; null: never",
    "example": {"minimum_days_between": 7},
}


class Sum(fields.Field[str]):
    """A sum of money as text, such as "45.00"; a JSON number of the same digits will do."""

    def __init__(self, **kwargs: Any) -> None:
        shapes = [{"type": "string"}, {"type": "number"}]
        super().__init__(metadata={"oneOf": shapes, "example": "45.00"}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        # A number is written with the digits it came with: up to 15 of them survive a float.
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError("must be a sum such as 45.00")
        return str(value)


class Day(fields.String):
    """A calendar day, loaded as a date."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError("must be a day such as 2026-12-01")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError("is not a day that exists") from None


class Link(Text):
    """An https address, as it can stand in a message. Names and passwords in it are refused."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            parts = urlsplit(text)
            good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or not _LINK.fullmatch(text) or "@" in parts.netloc:
            raise ValidationError("must be an address that begins with https://")
        return text


class Dunning(fields.Dict):
    """What an invoice wants of dunning."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, metadata=_DUNNING, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        checked(lambda: dunning_rules.check(value, "dunning"), "dunning")
        return dict(value)


def _told(check: Callable[[], Any], field: str) -> Any:
    """The result of a domain check, its fault told at this field."""
    try:
        return check()
    except Invalid as fault:
        raise ValidationError(fault.detail, fault.field or field) from None


def _as_policy(data: dict[str, Any]) -> dict[str, Any]:
    """The invoice's own dunning as the use cases take it."""
    wanted = dict(data)
    if "dunning" in wanted:
        wanted["policy"] = {"dunning": wanted.pop("dunning")}
    return wanted


class InvoiceInput(Schema):
    """An invoice to make."""

    external_id = Text(maximum=200, allow_none=True)
    contact = fields.Nested(ContactInput, required=True)
    amount = Sum(required=True)
    currency = fields.String(required=True, metadata={"description": "ISO 4217", "example": "EUR"})
    due_on = Day(required=True, metadata={"format": "date", "example": "2026-12-01"})
    payment_link = Link(
        maximum=LONGEST_LINK, required=True, metadata={"description": "https, where to pay"}
    )
    dunning = Dunning()
    metadata = Metadata()

    @validates_schema
    def _payable(self, data: dict[str, Any], **_: Any) -> None:
        code = _told(lambda: money.currency(data["currency"]), "currency")
        _told(lambda: money.amount(data["amount"], code), "amount")

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields of invoices.Wanted, but for its fingerprint."""
        return _as_policy({**data, "amount": money.amount(data["amount"], data["currency"])})


class InvoiceChanges(Schema):
    """What to change; what is left out stays as it is."""

    version = Whole(1, 2_000_000_000, metadata={"description": "the one you read; 409 if stale"})
    amount = Sum()
    due_on = Day(metadata={"format": "date", "example": "2026-12-01"})
    payment_link = Link(maximum=LONGEST_LINK)
    dunning = Dunning()
    paused = YesOrNo(metadata={"description": "true: no reminders until it is false"})
    metadata = Metadata()

    @post_load
    def _something(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data.keys() - {"version"}:
            raise ValidationError("names nothing to change")
        return _as_policy(data)


class PaymentInput(Schema):
    """What was paid, in the invoice's currency."""

    amount = Sum(required=True)
    paid_at = Instant(allow_none=True, metadata={"description": "now, if left out"})
    external_id = Text(
        maximum=200,
        allow_none=True,
        metadata={"description": "yours: the same again is no second payment of this invoice"},
    )


class InvoiceQuery(PageQuery):
    """Filters of the list of invoices."""

    external_id = Text(maximum=200)
    state = fields.String(validate=validate.OneOf([str(state) for state in InvoiceState]))
    contact_id = Text(maximum=40)
    phone = QueryPhone(metadata={"description": "of whoever owes, E.164"})
    email = Email()
    from_ = Day(data_key="from", metadata={"format": "date", "description": "earliest due date"})
    to = Day(metadata={"format": "date", "description": "due before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "from_" in data and "to" in data and data["from_"] > data["to"]:
            raise ValidationError("must not lie after to", "from")
        return dict(data)
