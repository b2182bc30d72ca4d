"""Ad-hoc requests: one call or one message to one address, now or at a moment, without a
booking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.models.base import atomic, new_id
from gateway.models.notification import Notification
from gateway.usecases import fresh, people, readiness, schedule, wording
from gateway.usecases.accounts import Caller

EARLIEST, LATEST = timedelta(minutes=-5), timedelta(days=731)
VALID_FOR = timedelta(hours=24)
PURPOSE = "request"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for. `to` is E.164, for e-mail an address; `words` are say, text, subject,
    template, variables as a notification keeps them; `locale` and `time_zone` are of whoever is
    reached. Without `send_at` it is due now; without `expires_at` it is of use for a day."""

    channel: str
    to: str = field(repr=False)
    words: Mapping[str, Any] = field(repr=False)
    locale: str | None = None
    time_zone: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass
class Requested:
    """`ring` holds the notification's claim when it is due now, to be handed to the broker after
    the commit."""

    notification: Notification
    ring: list[schedule.Ring]


def request(caller: Caller, asked: Asked, now: datetime) -> Requested:
    """Ask for one call or message. Raises NoProvider, and Invalid for times that can't be and for
    words that can't be filled in."""
    due_at = asked.send_at or now
    ends = asked.expires_at or due_at + VALID_FOR
    if not times.within(due_at, EARLIEST, LATEST, now):
        raise Invalid("must lie between 5 minutes ago and two years ahead", "send_at")
    if ends <= max(due_at, now):
        raise Invalid("must lie after send_at and in the future", "expires_at")
    address = "email" if asked.channel == "email" else "phone"
    person = {address: asked.to, "locale": asked.locale, "time_zone": asked.time_zone}
    with atomic():
        readiness.require(caller.organization_id, caller.mode, [[asked.channel]])
        contact = people.keep(caller, "contact", person, now)
        row = _row(caller, asked, due_at, ends, now) | {"contact": contact.id}
        Notification.add([row])
        kept = Notification.get_by_id(row["id"])
        _require_words(caller, kept, now)
    return Requested(kept, schedule.ring_of([row]))


def _require_words(caller: Caller, row: Notification, now: datetime) -> None:
    """Refuse at once what could not be filled in when it is due."""
    try:
        wording.render(row, None, row.channel, caller.organization, now)
    except wording.Unfillable as objection:
        names = ("template", "text", "say")
        used = next(name for name in names if row.wording.get(name))
        raise Invalid(objection.detail, "variables" if objection.missing else used) from None


def _row(
    caller: Caller, asked: Asked, due_at: datetime, ends: datetime, now: datetime
) -> dict[str, Any]:
    return fresh.notification(
        now,
        subject=(PURPOSE, new_id("rq")),
        purpose=PURPOSE,
        plan=[{"channel": asked.channel}],
        due_at=due_at,
        at_once=True,
        organization=caller.organization_id,
        mode=caller.mode,
        rule=f"{PURPOSE}:{asked.channel}",
        kind="call" if asked.channel == "voice" else "message",
        wording=dict(asked.words),
        metadata=dict(asked.metadata),
        expires_at=ends,
    )
