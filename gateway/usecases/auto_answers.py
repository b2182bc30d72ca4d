"""Our answers to what people write: each a notification of its own, on the channel it came on."""

from datetime import datetime, timedelta

from gateway.domain.replies import Effect
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import fresh, policies, wording

SUBJECT, PURPOSE = "reply", "request"
STAYS_TRUE = timedelta(hours=1)

_TEMPLATES = {
    Effect.CONFIRM: "confirmation",
    Effect.ASK_TO_MOVE: "move_requested",
    Effect.CANCEL: "cancellation",
    Effect.TELL_ANEW: "moved",
}


def after(
    effect: Effect, message: MessageLog, person: Contact, booking: Booking, now: datetime
) -> None:
    """Tell the person what came of an answer, unless nothing did, there are no words for it, or the
    organization's policy tells of it anyhow."""
    name = _TEMPLATES.get(effect)
    organization = Organization.get_by_id(message.organization_id)
    if name is None or not wording.find(organization, name, message.channel, person.locale):
        return
    noticed = policies.in_force(organization, booking).cancellation is not None
    if effect != Effect.CANCEL or not noticed:
        send(name, message, person, now, booking)


def send(
    template: str,
    message: MessageLog,
    person: Contact,
    now: datetime,
    booking: Booking | None = None,
) -> None:
    """Write the one answer of this kind to a message that came in; it leaves as soon as may be. One
    about an appointment is true until that begins. Call it inside a transaction."""
    row = fresh.notification(
        now,
        subject=(SUBJECT, message.id),
        purpose=PURPOSE,
        plan=[{"channel": message.channel}],
        due_at=now,
        organization=message.organization_id,
        mode=message.mode,
        schedule_version=booking.schedule_version if booking else 1,
        rule=f"{SUBJECT}:{template}",
        kind=SUBJECT,
        booking=booking.id if booking else None,
        contact=person.id,
        wording={"template": template},
        expires_at=booking.starts_at if booking else now + STAYS_TRUE,
    )
    Notification.add([row])
