"""Messages as clients ask for them, and search for them."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from gateway.domain.channel_plan import CHANNELS as ALL_CHANNELS
from gateway.http import words
from gateway.http.attempt_answer import MESSAGE_STATES
from gateway.http.attempt_query import AttemptQuery
from gateway.http.fields import Email, Phone, Text
from gateway.http.request_input import RequestInput
from gateway.usecases.requests import Asked

CHANNELS = tuple(channel for channel in ALL_CHANNELS if channel in words.MESSAGES)
_WORDS = ("text", "subject", "template", "variables")


class MessageInput(RequestInput):
    """One message to send: with a `text`, or with a `template` and its `variables`."""

    to = Text(
        maximum=320,
        required=True,
        metadata={"description": "E.164; by e-mail an address", "example": "+4915112345678"},
    )
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    text = words.text_field()
    subject = words.subject_field()
    template = words.template_field()
    variables = words.variables_field()

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        wrong = words.misfits(data, [data["channel"]])
        if not {"text", "template"} & data.keys():
            wrong["text"] = "is required, or a template"
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})

    @post_load
    def _asked(self, data: dict[str, Any], **_: Any) -> Asked:
        kind = Email() if data["channel"] == "email" else Phone()
        try:
            to = kind.deserialize(data.pop("to"), "to")
        except ValidationError as fault:
            raise ValidationError(fault.messages, "to") from None
        said = {name: data.pop(name) for name in _WORDS if name in data}
        given = {name: value for name, value in data.items() if value is not None}
        return Asked(to=str(to), words=said, **given)


class MessageQuery(AttemptQuery):
    """Filters of the list of messages."""

    email = Email(metadata={"description": "the other party's address"})
    channel = fields.String(validate=validate.OneOf(CHANNELS))
    state = fields.String(validate=validate.OneOf(MESSAGE_STATES))
    direction = fields.String(validate=validate.OneOf(("outbound", "inbound")))
