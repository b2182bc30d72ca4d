"""Messages as answers show them."""

from typing import Any

from marshmallow import Schema, fields

from gateway.http.answers import moment, text, when, whole
from gateway.http.attempt_answer import (
    MESSAGE_STATES,
    Correspondence,
    TimelineEvent,
    address,
    correspondence,
)
from gateway.http.message_input import CHANNELS
from gateway.usecases.messages import MessageView


class MessageAnswer(Correspondence):
    """One message, sent or received."""

    state = text(enum=MESSAGE_STATES)
    channel = text(enum=list(CHANNELS))
    from_ = text("E.164, or an e-mail address", name="from", null=True)
    to = text("E.164, or an e-mail address", null=True)
    subject = text("of an e-mail", null=True)
    segments = whole(null=True)
    media = fields.Integer(
        required=True, metadata={"description": "attachments that came along; none is fetched"}
    )
    sent_at = when(null=True)
    delivered_at = when(null=True)
    read_at = when(null=True)
    text = text("what it says", null=True)


class MessageDetail(MessageAnswer):
    """One message with its timeline."""

    events = fields.List(fields.Nested(TimelineEvent), required=True)


class MessagePage(Schema):
    """A page of messages."""

    data = fields.List(fields.Nested(MessageAnswer), required=True)
    next_cursor = text(null=True)


def message_answer(view: MessageView) -> dict[str, Any]:
    """A whole message without its timeline."""
    message = view.message
    return {
        **correspondence(message),
        "channel": message.channel,
        "from": address(message.from_address),
        "to": address(message.to_address),
        "text": message.text,
        "subject": message.subject,
        "segments": message.segments,
        "media": message.media,
        "sent_at": moment(message.sent_at),
        "delivered_at": moment(message.delivered_at),
        "read_at": moment(message.read_at),
    }
