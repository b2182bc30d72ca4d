"""Reminder rules as clients write them."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.domain.reminders import AT, EVERY, KINDS, Rule
from gateway.http.fields import Text, Whole

CHANNELS = ("voice", "sms", "whatsapp", "email")
PLACED = ("voice",)
MOST_RULES = 50
_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})$")
_YEAR, _TWO_YEARS = 525_600, 1_051_200


def _placeable(channel: str) -> None:
    if channel in CHANNELS and channel not in PLACED:
        raise ValidationError("no provider for this channel is available yet")


class ReminderRule(Schema):
    """When, on which channel and with which words to remind."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={"description": "`every` and `before` take minutes, `at` takes a moment"},
    )
    minutes = Whole(1, _TWO_YEARS)
    at = Text(maximum=64, metadata={"description": "RFC 3339, or local in the booking's zone"})
    within_minutes = Whole(
        1,
        _TWO_YEARS,
        allow_none=True,
        metadata={"description": "`every` only in this stretch before the start; null: always"},
    )
    channel = fields.String(load_default="voice", validate=[validate.OneOf(CHANNELS), _placeable])
    to = fields.String(load_default="contact", validate=validate.OneOf(("contact", "staff")))
    say = Text(maximum=2000, lines=True, metadata={"description": "what the voice says"})
    text = fields.Raw(metadata={"description": "for channels of text; voice takes `say`"})
    template = fields.Raw(metadata={"description": "for channels of text; voice takes `say`"})
    variables = fields.Raw(metadata={"description": "for channels of text; voice takes `say`"})

    @validates_schema
    def _belongs(self, data: dict[str, Any], **_: Any) -> None:
        wrong: dict[str, str] = {
            name: "is not for voice: use say"
            for name in ("text", "template", "variables")
            if name in data
        }
        takes = {"at"} if data["kind"] == AT else {"minutes"}
        wrong |= dict.fromkeys(takes - data.keys(), "is required for this kind")
        if data["kind"] == EVERY:
            takes.add("within_minutes")
            if data.get("minutes", 0) > _YEAR:
                wrong["minutes"] = f"must be at most {_YEAR}"
        for name in {"minutes", "at", "within_minutes"} & data.keys() - takes:
            wrong[name] = "is not for this kind"
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})


def rules(loaded: list[dict[str, Any]], time_zone: str | None) -> list[Rule]:
    """The rules of a request, local moments read in `time_zone`. Raises ValidationError."""
    made, wrong = [], {}
    for index, item in enumerate(loaded):
        try:
            made.append(Rule(**_known(item, time_zone)))
        except Invalid as fault:
            wrong[index] = {"at": [fault.detail]}
    if wrong:
        raise ValidationError({"reminders": wrong})
    return made


def _known(item: dict[str, Any], time_zone: str | None) -> dict[str, Any]:
    if "at" not in item:
        return item
    zone = None if has_offset(item["at"]) else time_zone
    return item | {"at": times.instant(item["at"], zone, "at").at}


def has_offset(text: str) -> bool:
    """Whether a written time brings its own offset."""
    return _OFFSET.search(text) is not None
