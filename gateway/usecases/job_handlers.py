"""What each job does: (key, now) -> None, in transactions of its own. A handler may be called late,
early or twice, and does nothing when nothing is to be done (any more); what it raises is tried
again by the series of its kind, then it is a dead letter."""

from collections.abc import Callable
from datetime import datetime

from gateway.usecases import (
    courses,
    cron,
    dunning,
    erasure,
    offers,
    policies,
    preferences,
    retention,
    scans,
    sequences,
    slots,
    snapshots,
    waitlist,
)

Handler = Callable[[str, datetime], None]

HANDLERS: dict[str, Handler] = {
    "cron.run": cron.run,
    "appointment.scan": scans.scan,
    "enrolment.step": courses.go_on,
    "sequence.renew": sequences.renew,
    "offer.expire": offers.expire,
    "offer.untold": offers.untold,
    "slot.look": slots.look,
    "waitlist.expire": waitlist.expire,
    "policy.changed": policies.look_again,
    "erasure.finish": erasure.finish,
    "retention.sweep": retention.sweep,
    "contact.preferences": preferences.compute,
    "snapshot.day": snapshots.count,
    "invoice.remind": dunning.remind,
}

# Of these, several at once: all of them, or an exception, after which each is done by itself.
SEVERAL: dict[str, Callable[[list[str], datetime], None]] = {"offer.expire": offers.expire_several}
