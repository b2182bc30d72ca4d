"""Messages (WhatsApp, SMS, e-mail): one row for each attempt."""

from peewee import CharField, ForeignKeyField, IntegerField, TextField

from gateway.models.base import Row, UTCField, WordField, id_field
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.organization import Organization


class MessageLog(Row):
    """One message, out or in, as CallLog is one call."""

    id = id_field("ml")
    organization = ForeignKeyField(Organization, index=False, backref="messages")
    mode = CharField(max_length=4)
    notification = ForeignKeyField(Notification, index=False, backref="messages", null=True)
    booking = ForeignKeyField(Booking, backref="messages", null=True)
    step = IntegerField(default=0)
    attempt = IntegerField(default=1)
    channel = CharField(max_length=10)
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    external_id = CharField(max_length=200, null=True)
    open_key = CharField(max_length=400, null=True, unique=True)
    direction = CharField(max_length=10, default="outbound")
    from_address = CharField(max_length=320)
    to_address = CharField(max_length=320)
    to_hash = CharField(max_length=64, index=True)
    text = TextField(null=True)
    template = CharField(max_length=120, null=True)
    template_version = IntegerField(null=True)
    state = CharField(max_length=12)
    provider_status = WordField(max_length=64, null=True)
    failure_class = CharField(max_length=10, null=True)
    reason = CharField(max_length=40, null=True)
    provider_code = WordField(max_length=64, null=True)
    created_at = UTCField()
    sent_at = UTCField(null=True)
    delivered_at = UTCField(null=True)
    read_at = UTCField(null=True)
    lookup_at = UTCField(null=True)
    lookups = IntegerField(default=0)

    class Meta:
        indexes = (
            (("provider", "account", "external_id"), True),
            (("notification", "step", "attempt"), True),
            (("organization", "mode", "created_at", "id"), False),
        )
