"""What the gauges of /metrics stand at, from one look at the database and one at the broker."""

from collections.abc import Mapping

from gateway import kinds
from gateway.models.hold import PROVIDER, Hold
from gateway.settings import current
from gateway.usecases.figures import Figures, dead_by_object
from tasks.broker_figures import BrokerFigures

Values = Mapping[tuple[str, ...], float | None]


def of_figures(figures: Figures) -> Mapping[str, Values]:
    """The values of each family of GAUGES by its labels."""
    return _of_work(figures) | _of_holds(figures) | _of_cron(figures) | _of_store(figures)


def _of_work(figures: Figures) -> dict[str, Values]:
    since = figures.inbox_since
    return {
        "ringback_jobs": {
            (queue, kinds.shown(kind), state): count
            for (queue, kind, state), count in figures.work.items()
        },
        "ringback_oldest_due_seconds": {(name,): age for name, age in figures.due.items()},
        "ringback_overdue": {(): figures.overdue},
        "ringback_unknown_placements": {(name,): n for name, n in figures.unknown.items()},
        "ringback_dead_letters": {(name,): n for name, n in dead_by_object(figures.dead).items()},
        "ringback_parked_events": {(): figures.count("events", "delayed")},
        "ringback_inbox_events": {(): figures.inbox},
        "ringback_inbox_age_seconds": {
            (): max((figures.at - since).total_seconds(), 0.0) if since else 0.0
        },
    }


def _of_holds(figures: Figures) -> dict[str, Values]:
    on: dict[tuple[str, ...], float] = {("reminders",): not current().reminders_enabled}
    held: dict[tuple[str, ...], float] = {}
    for hold in figures.holds:
        what = (_what(hold),)
        on[what] = on.get(what, 0) + 1
        if hold.scope.startswith(PROVIDER):
            which = (hold.scope.split("|")[1], why(hold))
            held[which] = held.get(which, 0) + 1
    return {
        "ringback_holds": on,
        "ringback_provider_held": held,
        "ringback_queue_paused": {(name,): figures.paused(name) for name in figures.due},
    }


def _what(hold: Hold) -> str:
    """What a hold is on; of one organization's alone it is not told."""
    what, *rest = hold.scope.split("|")
    everybody = {"queue": 1, "kind": 1, "reminders": 0}
    return "organization" if len(rest) > everybody.get(what, len(rest)) else what


def why(hold: Hold) -> str:
    """Why a provider's account is held: `breaker`, it failed again and again and is left alone for
    a while; `paused`, it refused our credentials."""
    return "paused" if hold.until is None else "breaker"


def _of_cron(figures: Figures) -> dict[str, Values]:
    return {
        "ringback_cron_last_run_timestamp_seconds": {
            (job.name,): job.last_run_at.timestamp() if job.last_run_at else 0.0
            for job in figures.cron
        },
        "ringback_cron_failed": {(job.name,): job.last_result == "failed" for job in figures.cron},
        "ringback_cron_late_seconds": {(job.name,): job.late for job in figures.cron},
    }


def _of_store(figures: Figures) -> dict[str, Values]:
    store = figures.store
    return {
        "ringback_database_size_bytes": {(): store.size},
        "ringback_database_connections": {(): store.connections},
        "ringback_database_connections_max": {(): store.most_connections},
    }


def of_broker(broker: BrokerFigures) -> Mapping[str, Values]:
    """The values of each family of OF_BROKER by its labels."""
    return {
        "ringback_broker_memory_bytes": {(): broker.memory},
        "ringback_broker_memory_max_bytes": {(): broker.most_memory},
        "ringback_broker_messages": {(name,): n for name, n in broker.messages.items()},
        "ringback_workers": {(): broker.workers},
        "ringback_worker_threads": {(name,): n for name, n in broker.threads.items()},
        "ringback_clocks": {(): broker.clocks},
    }
