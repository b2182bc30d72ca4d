"""All tables, in the order in which they depend on each other."""

from gateway.models.base import Row
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.cron_job import CronJob
from gateway.models.dead_letter import DeadLetter
from gateway.models.enrolment import Enrolment
from gateway.models.erasure import Erasure
from gateway.models.feed import FeedBase, FeedEntry
from gateway.models.hold import Hold
from gateway.models.invoice import Invoice
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.models.organization import ApiKey, Organization
from gateway.models.payment import Payment
from gateway.models.preference import Preference
from gateway.models.provider_event import ProviderEvent
from gateway.models.rate import Rate
from gateway.models.records import AuditEntry, IdempotencyRecord
from gateway.models.sender import Sender
from gateway.models.sequence import Sequence
from gateway.models.slot import Slot
from gateway.models.snapshot import Snapshot, SnapshotReading
from gateway.models.staff import Staff, StaffSession, StaffThrottle
from gateway.models.tally import Tally
from gateway.models.template import Template
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.models.waitlist_entry import WaitlistEntry

TABLES: tuple[type[Row], ...] = (
    Organization,
    ApiKey,
    Staff,
    StaffSession,
    StaffThrottle,
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
    Job,
    WaitlistEntry,
    Slot,
    Offer,
    CronJob,
    Preference,
    Snapshot,
    SnapshotReading,
    Sequence,
    Enrolment,
    Invoice,
    Payment,
    FeedBase,
    FeedEntry,
    IdempotencyRecord,
    DeadLetter,
    AuditEntry,
    Erasure,
    Tally,
)
