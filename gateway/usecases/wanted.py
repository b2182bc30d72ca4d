"""What is asked of a booking, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.lifecycle import BookingState
from gateway.domain.reminders import Rule
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases.schedule import Ring


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A booking as asked for. `starts_at` is UTC, `starts_at_text` what was received; people are
    mappings of external_id, name, phone (E.164), email, locale, time_zone, or known already.
    Without reminders the organization's own rules apply. `fingerprint` is a hash of the whole
    request."""

    starts_at: datetime
    starts_at_text: str
    contact: dict[str, Any] | Contact = field(repr=False)
    fingerprint: str
    external_id: str | None = None
    time_zone: str | None = None
    duration_minutes: int | None = None
    service: dict[str, Any] | None = None
    staff: dict[str, Any] | Contact | None = field(default=None, repr=False)
    reminders: list[Rule] | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)

    def booking(
        self,
        organization: Organization,
        mode: str,
        contact: Contact,
        staff: Contact | None,
        reminders: list[dict[str, Any]],
        now: datetime,
    ) -> Booking:
        """The row of it, not written yet, with these people and with these rules as they are
        kept."""
        return Booking(
            organization=organization,
            mode=mode,
            external_id=self.external_id,
            contact=contact,
            staff=staff,
            service=self.service,
            starts_at=self.starts_at,
            starts_at_text=self.starts_at_text,
            time_zone=self.time_zone or contact.time_zone or organization.time_zone,
            duration_minutes=self.duration_minutes,
            state=BookingState.BOOKED,
            reminders=reminders,
            metadata=self.metadata,
            policy=self.policy,
            fingerprint=self.fingerprint,
            booked_at=now,
            updated_at=now,
        )


@dataclass
class Booked:
    """`created` is False when the booking was there already. `ring` names notifications that are
    due now, to be handed to the broker after the commit, `ending` calls to be ended. `planned` are
    the notifications of one that was created, in no order."""

    booking: Booking
    created: bool = True
    ring: list[Ring] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)
    planned: list[Notification] = field(default_factory=list)


@dataclass
class Canceled:
    """`settled` is True when nothing can leave any more, False while something is at the
    provider; `calls` are the ids of those calls, to be ended after the commit."""

    booking: Booking
    settled: bool
    calls: list[str] = field(default_factory=list)
