"""All tables, in the order in which they depend on each other."""

from gateway.models.base import Row
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.dead_letter import DeadLetter
from gateway.models.feed import FeedBase, FeedEntry
from gateway.models.hold import Hold
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.organization import ApiKey, Organization
from gateway.models.provider_event import ProviderEvent
from gateway.models.rate import Rate
from gateway.models.records import AuditEntry, IdempotencyRecord
from gateway.models.sender import Sender
from gateway.models.template import Template
from gateway.models.transcript import Transcript, TranscriptSegment

TABLES: tuple[type[Row], ...] = (
    Organization,
    ApiKey,
    Contact,
    Booking,
    Notification,
    CallLog,
    MessageLog,
    ProviderEvent,
    Transcript,
    TranscriptSegment,
    Sender,
    Rate,
    Template,
    Consent,
    Hold,
    FeedBase,
    FeedEntry,
    IdempotencyRecord,
    DeadLetter,
    AuditEntry,
)
