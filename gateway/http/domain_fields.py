"""Input whose shape the domain knows: channel plans, policies, the variables of a template."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields

from gateway.domain import channel_plan, policy, wording
from gateway.domain.channel_plan import CHANNELS, UNLESS, Plan
from gateway.domain.errors import Invalid

_STEP = {
    "type": "object",
    "required": ["channel"],
    "additionalProperties": False,
    "properties": {
        "channel": {"type": "string", "enum": list(CHANNELS)},
        "unless": {"type": "string", "enum": list(UNLESS)},
        "within_minutes": {
            "type": "integer",
            "minimum": 1,
            "maximum": channel_plan.LONGEST_MINUTES,
        },
    },
}
_PLAN = {
    "description": "the channels in turn: each but the last goes on to the next unless `unless` "
    f"(delivered) comes true within `within_minutes` ({channel_plan.USUAL_MINUTES})",
    "type": "array",
    "minItems": 1,
    "maxItems": channel_plan.MOST_STEPS,
    "items": {"oneOf": [{"type": "string", "enum": list(CHANNELS)}, _STEP]},
    "example": [{"channel": "whatsapp", "unless": "delivered", "within_minutes": 30}, "sms"],
}


def checked(check: Callable[[], Any], base: str) -> Any:
    """The result of a domain check of the input `base`, its fault told at the part it names."""
    try:
        return check()
    except Invalid as fault:
        parts = (fault.field or base).split(".")[len(base.split(".")) :]
        messages: Any = [fault.detail]
        for part in reversed(parts):
            messages = {int(part) if part.isdecimal() else part: messages}
        raise ValidationError(messages) from None


class Channels(fields.Field[Plan]):
    """A channel plan, loaded as one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata=_PLAN, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Plan:
        plan: Plan = checked(lambda: channel_plan.read(value, "channels"), "channels")
        return plan


class PolicyField(fields.Dict):
    """What an organization or a booking wants of sending."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        checked(lambda: policy.check(value, "policy"), "policy")
        return dict(value)


class Variables(fields.Dict):
    """Values of a template's placeholders."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"description": "values of the template's placeholders"}
        super().__init__(keys=fields.String(), metadata=described, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValidationError("must be an object")
        read = checked(lambda: wording.check_variables(value), "variables")
        return dict(read)
