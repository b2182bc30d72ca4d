"""Messages (WhatsApp, SMS, e-mail): one row for each attempt, and one for each that came in."""

from peewee import CharField, IntegerField, TextField

from gateway.domain.lifecycle import MESSAGE_MOVES, MessageState
from gateway.models.attempt import Attempt
from gateway.models.base import UTCField, id_field


class MessageLog(Attempt):
    """One message, out or in. Of one that came in `from_address` is the person's and `to_address`
    our sender's, but `to_hash` is the person's all the same: conversations are found by it."""

    OBJECT = "message"
    STATES = MessageState
    MOVES = MESSAGE_MOVES
    BEGUN = MessageState.SENDING
    UNKNOWN = MessageState.UNKNOWN
    TAKEN = MessageState.QUEUED
    FAILED = MessageState.FAILED

    id = id_field("ml")
    channel = CharField(max_length=10)
    subject = TextField(null=True)
    media = IntegerField(default=0)  # attachments that came along; they are never fetched
    segments = IntegerField(null=True)
    sent_at = UTCField(null=True)
    delivered_at = UTCField(null=True)
    read_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("external_id", "account", "provider"), True),
            (("notification", "step", "attempt"), True),
            (("organization", "mode", "created_at", "id"), False),
            (("to_hash", "created_at"), False),
        )
