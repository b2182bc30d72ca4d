"""The jobs there are, and the kind of work of each."""

# One line for each name that stands in usecases/job_handlers.py (a test compares them).
KIND_OF: dict[str, str] = {
    "offer.expire": "timer",
    "offer.untold": "timer",
    "slot.look": "timer",
    "waitlist.expire": "timer",
    "cron.run": "snapshot",
    "appointment.scan": "snapshot",
    "erasure.finish": "snapshot",
    "retention.sweep": "snapshot",
    "contact.preferences": "preference",
    "snapshot.day": "snapshot",
    "invoice.remind": "dunning",
    "policy.changed": "snapshot",
    "enrolment.step": "nurture",
    "sequence.renew": "nurture",
}
