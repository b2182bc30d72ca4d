"""Templates, and samples to preview them with, as clients write them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from gateway.domain import localized
from gateway.domain.templates import ANY, CHANNELS, LONGEST, PLACEHOLDERS
from gateway.http.admin import Flag
from gateway.http.booking_input import ServiceInput
from gateway.http.domain_fields import Variables
from gateway.http.fields import Instant, Locale, Text, Whole, Zone
from gateway.http.pagination import PageQuery
from gateway.usecases.templates import MOST_CONTENT_VARIABLES, Wanted

_PLACEHOLDERS = "placeholders: " + ", ".join(f"`{{{name}}}`" for name in PLACEHOLDERS)
_SENDING = tuple(channel for channel in CHANNELS if channel != ANY)
_LONGEST_BODY = max(LONGEST.values()) * 2  # before placeholders are taken out


class TagField(Locale):
    """A language tag, kept as it is usually written: de-at is de-AT."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        tag = super()._deserialize(value, attr, data, **kwargs)
        known = localized.canonical(tag)
        if known is None:
            raise ValidationError("is not a language that is known here")
        return known


class YesNo(fields.Boolean):
    """true or false; neither words nor numbers."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class TemplateInput(Schema):
    """A wording to keep."""

    name = Text(maximum=120, required=True, metadata={"example": "reminder"})
    channel = fields.String(
        load_default=ANY,
        validate=validate.OneOf(CHANNELS),
        metadata={"description": "`any`, or the one channel it is meant for"},
    )
    locale = TagField(required=True, metadata={"example": "de-AT"})
    subject = Text(maximum=400, allow_none=True, metadata={"description": "of an e-mail"})
    body = Text(
        maximum=_LONGEST_BODY,
        lines=True,
        required=True,
        metadata={"description": f"{_PLACEHOLDERS}; and your own, which begin with x_"},
    )
    content_id = Text(
        maximum=80,
        allow_none=True,
        metadata={"description": "the id of the template that WhatsApp approved"},
    )
    content_variables = fields.List(
        Text(maximum=40),
        validate=validate.Length(max=MOST_CONTENT_VARIABLES),
        metadata={"description": "the placeholders that are its variables 1, 2, …"},
    )

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> Wanted:
        data["content_variables"] = tuple(data.get("content_variables", ()))
        return Wanted(**data)


class TemplateFilterInput(PageQuery):
    """Filters of templates; they combine."""

    channel = fields.String(validate=validate.OneOf(CHANNELS))
    locale = TagField(metadata={"description": "exactly this one"})


class TemplateQuery(TemplateFilterInput):
    """Filters of the list of templates."""

    name = Text(maximum=120)
    built_in = Flag(
        load_default=False,
        metadata={"description": "the ones that are built in, instead of your own"},
    )


class SampleInput(Schema):
    """An appointment to preview with."""

    starts_at = Instant(metadata={"example": "2026-12-01T14:30:00+01:00"})
    duration_minutes = Whole(1, 10_080)
    name = Text(maximum=200, metadata={"description": "of the person addressed"})
    customer = Text(maximum=200, metadata={"description": "who booked"})
    staff = Text(maximum=200, metadata={"description": "who serves"})
    service = fields.Nested(ServiceInput)


class PreviewInput(Schema):
    """What to preview, and with what: a template by its `name`, or a `body`."""

    name = Text(maximum=120)
    body = Text(maximum=_LONGEST_BODY, lines=True)
    subject = Text(maximum=400)
    channel = fields.String(required=True, validate=validate.OneOf(_SENDING))
    locale = TagField(metadata={"description": "of the person; else the organization's"})
    time_zone = Zone(metadata={"description": "of the person; else the organization's"})
    variables = Variables()
    booking = fields.Nested(
        SampleInput, metadata={"description": "without it, an appointment is made up"}
    )
    digits = YesNo(
        load_default=False,
        metadata={"description": "whether the person can answer with 1, 2 or 3"},
    )

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("name" in data) == ("body" in data):
            raise ValidationError("either name or body is needed")
        if "subject" in data and "body" not in data:
            raise ValidationError("goes with a body", "subject")
