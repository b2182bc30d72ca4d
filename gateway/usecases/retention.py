"""Cleaning what is older than an organization wants it kept: a job for each organization, which a
nightly cron job plans."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from gateway import settings
from gateway.domain import retention
from gateway.failpoints import hit
from gateway.models import personal
from gateway.models import retention as old
from gateway.models.base import atomic
from gateway.models.holdings import HOLDINGS
from gateway.models.organization import Organization
from gateway.usecases import jobs, preferences

log = structlog.get_logger(__name__)

JOB = "retention.sweep"
NOBODYS = "nobody"  # the key of what belongs to no organization
MOST_BATCHES = 50  # in one run; then the job makes room, and goes on

Batch = Callable[[], int]


def _clean_people(organization_id: str, before: datetime, now: datetime) -> int:
    """Blank people, and have what is left of a customer's preferences be computed: one customer may
    be several rows."""
    gone = old.clean_people(organization_id, before, now, HOLDINGS)
    preferences.changed(gone, now)
    return len(gone)


_OF_PEOPLE: tuple[Callable[[str, datetime, datetime], int], ...] = (
    old.clean_notifications,
    old.clean_bookings,
    _clean_people,
)
_SWEEPS: Mapping[str, tuple[Callable[[str, datetime, datetime], int], ...]] = {
    "transcripts": (old.clean_transcripts,),
    "events": (old.clean_events,),
    "calls": (old.clean_calls,),
    "messages": (old.clean_messages,),
    "people": _OF_PEOPLE,
}


def days(organization: Organization | None) -> dict[str, int | None]:
    """How many days an organization keeps what; None for ever."""
    own = organization.retention if organization is not None else None
    return retention.merged(settings.current().retention_days, own)


def plan(organizations: Sequence[Organization], now: datetime) -> int:
    """Have everything that is too old be cleaned: one job for each of these organizations, and one
    for what belongs to none. Returns how many. What the cron job does."""
    jobs.plan(JOB, NOBODYS, now, now)
    for organization in organizations:
        jobs.plan(JOB, organization.id, now, now, organization.id)
    return len(organizations) + 1


def sweep(key: str, now: datetime) -> None:
    """The job: clean what is too old of one organization, in small batches, each in a transaction
    of its own. Whenever it ends, what is done is done, and the next run goes on from there."""
    done: dict[str, int] = {}
    batches = 0
    for what, batch in _batches(key, now):
        while True:
            with atomic():
                cleaned = batch()
                hit("retention.mid_batch")
            if not cleaned:
                break
            done[what] = done.get(what, 0) + cleaned
            batches += 1
            if batches >= MOST_BATCHES:
                jobs.plan(JOB, key, now, now, None if key == NOBODYS else key)
                break
        if batches >= MOST_BATCHES:
            break
    if "transcripts" in done:
        personal.purge_index()
    if done:
        log.info("cleaned", organization_id=key, **done)


def _batches(key: str, now: datetime) -> Iterator[tuple[str, Batch]]:
    """What is to be done, a batch at a time, until nothing is left of it."""
    if key == NOBODYS:
        yield from _of_nobody(now)
        return
    organization: Organization | None = Organization.get_or_none(Organization.id == key)
    if organization is None:
        return
    kept = days(organization)
    for what, sweeps in _SWEEPS.items():
        span = kept[what]
        if span is not None:
            before = now - timedelta(days=span)
            for clean in sweeps:
                yield what, partial(clean, organization.id, before, now)


def _of_nobody(now: datetime) -> Iterator[tuple[str, Batch]]:
    span = days(None)["events"]
    if span is not None:
        yield "events", partial(old.clean_events, None, now - timedelta(days=span), now)
    for kind, kept in settings.current().kind_kept.items():
        yield "jobs", partial(old.delete_jobs, kind, kept, now)
