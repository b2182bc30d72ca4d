"""Reminder rules as clients write them."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from gateway.domain import times
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Invalid
from gateway.domain.reminders import AT, EVERY, KINDS, LEAD_MINUTES, NUDGE, Rule
from gateway.http import words
from gateway.http.domain_fields import Channels
from gateway.http.fields import Text, Whole
from gateway.http.reading import QuickSchema

MOST_RULES = 50
_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:[0-9]{2})$")
_YEAR, _TWO_YEARS = 525_600, 1_051_200


class ReminderRule(QuickSchema):
    """When, on which channel and with which words to remind."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata={
            "description": "`every` and `before` take minutes, `at` takes a moment; `nudge` "
            f"reminds staff so many minutes ({LEAD_MINUTES}) before the start"
        },
    )
    minutes = Whole(1, _TWO_YEARS)
    at = Text(maximum=64, metadata={"description": "RFC 3339, or local in the booking's zone"})
    within_minutes = Whole(
        1,
        _TWO_YEARS,
        allow_none=True,
        metadata={"description": "`every` only in this stretch before the start; null: always"},
    )
    channel = fields.String(
        validate=validate.OneOf(CHANNELS),
        metadata={"description": "voice, if neither channel nor channels is given"},
    )
    channels = Channels()
    to = fields.String(
        validate=validate.OneOf(("contact", "staff")),
        metadata={"description": "contact; of a nudge staff"},
    )
    say = Text(maximum=2000, lines=True, metadata={"description": "what the voice says"})
    text = words.text_field()
    subject = words.subject_field()
    template = words.template_field()
    variables = words.variables_field()

    @validates_schema
    def _belongs(self, data: dict[str, Any], **_: Any) -> None:
        wrong = _times_at_fault(data)
        if "channel" in data and "channels" in data:
            wrong["channels"] = "either channel or channels"
        wrong |= words.misfits(data, _channels(data))
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})


def _times_at_fault(data: dict[str, Any]) -> dict[str, str]:
    kind = data["kind"]
    takes = {"at"} if kind == AT else {"minutes"}
    needs = takes - {"minutes"} if kind == NUDGE else takes
    wrong = dict.fromkeys(needs - data.keys(), "is required for this kind")
    if kind == EVERY:
        takes.add("within_minutes")
        if data.get("minutes", 0) > _YEAR:
            wrong["minutes"] = f"must be at most {_YEAR}"
    for name in {"minutes", "at", "within_minutes"} & data.keys() - takes:
        wrong[name] = "is not for this kind"
    return wrong


def _channels(data: dict[str, Any]) -> list[str]:
    plan = data.get("channels")
    return [step.channel for step in plan] if plan else [data.get("channel", "voice")]


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
