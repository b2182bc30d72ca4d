"""Changes to an organization as clients write them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from gateway.domain import lanes, repeats, retention
from gateway.http.domain_fields import PolicyField, checked
from gateway.http.fields import Locale, Text, Zone
from gateway.http.reminder_input import MOST_RULES, ReminderRule, rules
from gateway.usecases.organizations import MOST_PER_SECOND


class PerSecond(fields.Float):
    """How many may leave a second; true and "80" are no numbers."""

    def __init__(self, **kwargs: Any) -> None:
        bounds = validate.Range(0.001, MOST_PER_SECOND)
        super().__init__(allow_none=True, validate=bounds, **kwargs)

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("must be a number")
        return float(value)


class Repeats(fields.Dict):
    """When to call again who was busy or did not answer."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(checked(lambda: repeats.check(value), "repeats"))


class Retention(fields.Dict):
    """How many days things are kept."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        checked(lambda: retention.check(value), "retention")
        return dict(value)


RATES = Schema.from_dict(
    {kind: PerSecond(metadata={"description": "null: none"}) for kind in lanes.KINDS},
    name="RatesInput",
)


class OrganizationChanges(Schema):
    """What to change; what is left out stays as it is."""

    name = Text(maximum=200)
    time_zone = Zone()
    locale = Locale(metadata={"example": "de"})
    reminders = fields.List(
        fields.Nested(ReminderRule),
        validate=validate.Length(max=MOST_RULES),
        metadata={"description": "for bookings without their own: of kind every, before or nudge"},
    )
    repeats = Repeats(
        metadata={
            "description": "seconds to wait before each further call",
            "example": {"busy": [300, 900], "no_answer": [900]},
        }
    )
    policy = PolicyField()
    retention = Retention(
        metadata={
            "description": "days for which calls, messages, transcripts, events (what carriers "
            "sent) and people are kept, where not as usual; null: for ever",
            "example": {"transcripts": 30, "events": 7},
        }
    )
    rate_per_second = PerSecond(
        metadata={"description": "how many calls and messages leave a second in all; null: any"}
    )
    rates = fields.Nested(RATES)

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data:
            raise ValidationError("names nothing to change")
        if "reminders" in data:
            data["reminders"] = rules(data["reminders"], None)
        return dict(data)
