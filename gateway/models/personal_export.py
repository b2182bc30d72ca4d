"""Everything that is kept about a person, table by table, as it stands in the rows; without what
the gateway needs for its own work alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.person import Person, chunks
from gateway.models.personal import Holding
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment

# Queues, look-ups, keyed hashes and keys against doing things twice: nothing about a person.
OURS = frozenset(
    {"organization", "mode", "phone_hash", "email_hash", "to_hash", "address_hash", "fingerprint",
     "open_key", "lane", "claim", "lease_until", "slot_at", "held_by", "next_attempt_at", "next_at",
     "lookup_at", "lookups", "end_at", "ends", "words", "dedup_key", "digest", "attempt_hint",
     "secret", "path", "content_type", "account", "erased_at", "step_until", "customer", "tries",
     "failures", "repeats", "schedule_version"}
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One table's rows about a person, by their ids."""

    name: str
    table: Any
    ids: Sequence[Any]

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """The rows in the order of their ids, so many at a time as one statement takes."""
        for some in chunks(self.ids):
            found = self.table.select().where(self.table.id.in_(some)).order_by(self.table.id)
            yield [_shown(row) for row in found]


def sections(person: Person, further: Sequence[Holding]) -> list[Section]:
    """What there is of a person."""
    spoken = _ids(Transcript, Transcript.call.in_(list(person.calls)))
    told = ProviderEvent.call.in_(person.calls) | ProviderEvent.message.in_(person.messages)
    said = (
        Consent.address_hash.in_(list(person.hashes))
        & (Consent.organization == person.organization_id)
        & (Consent.mode == person.mode)
    )
    return [
        Section("contacts", Contact, person.contact_ids),
        Section("bookings", Booking, person.bookings),
        Section("notifications", Notification, person.notifications),
        Section("calls", CallLog, person.calls),
        Section("messages", MessageLog, person.messages),
        Section("transcripts", Transcript, spoken),
        Section(
            "utterances",
            TranscriptSegment,
            _ids(TranscriptSegment, TranscriptSegment.transcript.in_(spoken)),
        ),
        Section("events", ProviderEvent, _ids(ProviderEvent, told)),
        Section("consent", Consent, _ids(Consent, said)),
        *[
            Section(holding.name, holding.table, _ids(holding.table, holding.rows(person)))
            for holding in further
        ],
    ]


def _ids(table: Any, which: Any) -> list[Any]:
    return [row.id for row in table.select(table.id).where(which).order_by(table.id)]


def _shown(row: Any) -> dict[str, Any]:
    names = {field.name: field.column_name for field in row._meta.sorted_fields}
    return {names[name]: value for name, value in row.__data__.items() if name not in OURS}
