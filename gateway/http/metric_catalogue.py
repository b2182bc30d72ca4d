"""Every series that /metrics shows: its name, what it is, and the labels that it has from the
start, at zero. docs/operations/metrics.md explains them (a test compares)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from gateway import kinds
from gateway.domain import lanes
from gateway.domain.outcomes import Reason
from gateway.models.dead_letter import EVENT, JOB, NOTIFICATION
from gateway.models.gauges import EVENT_KIND
from gateway.models.reminder_counts import STATUSES
from gateway.usecases.cron import BUILT_IN
from gateway.usecases.figures import STATES

COUNTER, HISTOGRAM, GAUGE = "counter", "histogram", "gauge"
Labels = tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """One family: its name (a counter's without `_total`), what it is, its labels, and the values
    of them that are there from the start. `kept_as` is how gateway.metrics calls it."""

    name: str
    type: str
    text: str
    labels: Labels = ()
    known: tuple[Labels, ...] = ((),)
    kept_as: str = ""


_TOLD = tuple(kind for kind in lanes.KINDS if kind not in ("timer", "snapshot", "preference"))
_DONE = ("completed", "failed")
# What comes to workers beside the kinds of work, by queue, as the actors are called.
CHORES: Mapping[str, Labels] = {
    "voice": ("end_call",),
    "timers": ("begin_step", "mark_overdue"),
    "events": (EVENT_KIND,),
    "background": ("look_up", "check_provider"),
}
_OF_QUEUE: Mapping[str, Labels] = {
    "voice": _TOLD,
    "messages": _TOLD,
    "timers": ("timer",),
    "events": (),
    "background": ("snapshot", "preference", "dunning", "nurture"),
}


def _work(chores: bool = True) -> tuple[Labels, ...]:
    """Queues with the kinds of work that come by them."""
    return tuple(
        (queue, kind)
        for queue in lanes.QUEUES
        for kind in (
            *(kinds.shown(kind) for kind in _OF_QUEUE[queue]),
            *(CHORES.get(queue, ()) if chores or queue == "events" else ()),
        )
    )


def _with(first: Iterable[Labels], *values: Iterable[str]) -> tuple[Labels, ...]:
    return tuple((*labels, *more) for labels in first for more in product(*values))


def _one(values: Iterable[str]) -> tuple[Labels, ...]:
    return tuple((str(value),) for value in values)


_QUEUES = _one(lanes.QUEUES)

COUNTED: tuple[Family, ...] = (
    Family("ringback_jobs", COUNTER, "Jobs that a worker was at, by how that ended",
           ("queue", "kind", "status"), _with(_work(), _DONE), "jobs"),
    Family("ringback_job_duration_seconds", HISTOGRAM, "For how long a worker was at a job",
           ("queue", "kind"), _work(), "job_duration"),
    Family("ringback_reminders_sent", COUNTER, "Reminders that left, and how they ended",
           ("status",), _one(STATUSES), "reminders_sent"),
    Family("ringback_reminders_failed", COUNTER, "Reminders that reached nobody, by the reason",
           ("reason",), _one(Reason), "reminders_failed"),
    Family("ringback_lateness_seconds", HISTOGRAM, "From a notification's moment to its attempt",
           ("queue",), _one(lanes.SENDING), "lateness"),
    Family("ringback_duplicates_suspected", COUNTER, "Calls and messages that were there twice",
           kept_as="duplicates"),
    Family("ringback_signature_failures", COUNTER, "Callbacks refused as not authentic",
           ("provider",), (), "signature_failures"),
    Family("ringback_http_requests", COUNTER, "Answers, by the route's pattern",
           ("method", "route", "status"), (), "http"),
    Family("ringback_http_request_duration_seconds", HISTOGRAM, "For how long requests took",
           ("area",), _one(("api", "webhooks")), "http_duration"),
)  # fmt: skip

GAUGES: tuple[Family, ...] = (
    Family("ringback_jobs", GAUGE, "Work that is not done, and work that failed for good",
           ("queue", "kind", "state"), _with(_work(chores=False), STATES)),
    Family("ringback_oldest_due_seconds", GAUGE, "For how long the earliest has been due",
           ("queue",), _QUEUES),
    Family("ringback_queue_paused", GAUGE, "1 while a queue is held back for everybody",
           ("queue",), _QUEUES),
    Family("ringback_overdue", GAUGE, "Appointments that should have begun and did not"),
    Family("ringback_unknown_placements", GAUGE, "Attempts of which nobody knows whether they left",
           ("object",), _one(("call", "message"))),
    Family("ringback_dead_letters", GAUGE, "What failed for good and waits for somebody",
           ("object",), _one((NOTIFICATION, EVENT, JOB))),
    Family("ringback_parked_events", GAUGE, "Provider events that wait for another try"),
    Family("ringback_inbox_events", GAUGE, "Provider events that were not tried yet"),
    Family("ringback_inbox_age_seconds", GAUGE, "The age of the oldest of them"),
    Family("ringback_holds", GAUGE, "What holds work back, by what it is on",
           ("scope",),
           _one(("all", "provider", "queue", "kind", "reminders", "organization"))),
    Family("ringback_provider_held", GAUGE, "Accounts of a provider that are held, and why",
           ("provider", "hold"), ()),
    Family("ringback_cron_last_run_timestamp_seconds", GAUGE, "When a cron job ran last, or 0",
           ("cron",), _one(BUILT_IN)),
    Family("ringback_cron_failed", GAUGE, "1 if the last run of a cron job failed",
           ("cron",), _one(BUILT_IN)),
    Family("ringback_cron_late_seconds", GAUGE, "For how long a clock should have looked at it",
           ("cron",), _one(BUILT_IN)),
    Family("ringback_database_size_bytes", GAUGE, "How large the database is"),
    Family("ringback_database_connections", GAUGE, "Connections to PostgreSQL, of everybody"),
    Family("ringback_database_connections_max", GAUGE, "As many as it allows"),
)  # fmt: skip

ALWAYS: tuple[Family, ...] = (
    Family("ringback_database_up", GAUGE, "1 while the database answers"),
    Family("ringback_broker_up", GAUGE, "1 while Redis answers"),
)

OF_BROKER: tuple[Family, ...] = (
    Family("ringback_broker_memory_bytes", GAUGE, "What Redis uses"),
    Family("ringback_broker_memory_max_bytes", GAUGE, "As much as it may; 0 for any amount"),
    Family("ringback_broker_messages", GAUGE, "Messages that wait in Redis", ("queue",), _QUEUES),
    Family("ringback_workers", GAUGE, "Worker processes that were heard of lately"),
    Family("ringback_worker_threads", GAUGE, "Their threads, by queue", ("queue",), _QUEUES),
    Family("ringback_clocks", GAUGE, "Clocks that listen to be woken"),
)
