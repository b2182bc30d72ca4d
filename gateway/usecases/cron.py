"""The cron jobs: looking when they come, whichever clock does, and switching them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from gateway.domain import cron, times
from gateway.domain.errors import Conflict, NotFound
from gateway.models.base import atomic
from gateway.models.cron_job import CronJob
from gateway.models.job import Job
from gateway.models.organization import Organization
from gateway.usecases import jobs, operators, retention, scans, snapshots
from gateway.usecases.operators import Operator

log = structlog.get_logger(__name__)

RUN = "cron.run"
# An organization's time zone may be new or another by now: so often they are looked at.
LOOK_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True)
class BuiltIn:
    """A cron job that is there from the beginning: its usual expression and time zone (None: each
    organization's own); what it does for the organizations for which it named a moment, which is to
    plan a `job` for each where there is something to do."""

    expression: str
    time_zone: str | None
    job: str
    plan: Callable[[Sequence[Organization], datetime], int]
    description: str = ""


def _snapshots(organizations: Sequence[Organization], now: datetime) -> int:
    return snapshots.plan_days(now)  # which looks at each of them, and at its own time zone


BUILT_IN: dict[str, BuiltIn] = {
    "appointment-scan": BuiltIn(
        "0 * * * *", "UTC", scans.JOB, scans.plan, "finds missing reminders"
    ),
    "daily-snapshots": BuiltIn(
        "0 1 * * *", None, snapshots.JOB, _snapshots, "counts the day before"
    ),
    "retention": BuiltIn(
        "30 3 * * *", None, retention.JOB, retention.plan, "deletes what is kept no longer"
    ),
}


def install(now: datetime) -> None:
    """Write the built-in ones that are not there yet. They begin with the next moment they name."""
    known = {row.name for row in CronJob.listed()}
    for name, usual in BUILT_IN.items():
        if name not in known:
            CronJob.add(name, usual.expression, usual.time_zone, now)


def fire(now: datetime) -> int:
    """Begin what the cron jobs name since they were looked at last; of several moments that were
    missed only the last. Any number of clocks may do this: each moment is begun once. Returns how
    many cron jobs were looked at."""
    with atomic():
        rows = CronJob.take_due(now)
        for row in rows:
            slots = [cron.latest(row.expression, zone, row.looked_at, now) for zone in _zones(row)]
            values: dict[str, Any] = {"looked_at": now, "next_at": _look_at(row, now)}
            if any(slots):
                values["last_slot"] = max(filter(None, slots))
                _begin(row.name, row.looked_at, now, now)
            CronJob.change(row.name, values)
    return len(rows)


def _begin(name: str, after: datetime, until: datetime, now: datetime) -> None:
    """Plan the run of what a cron job names after a moment and not after another."""
    key = "|".join((name, times.shown(after), times.shown(until)))
    if jobs.plan_once(RUN, key, now, now):
        log.info("cron job begun", cron=name)


def _zones(row: CronJob) -> list[str]:
    if row.time_zone is not None:
        return [row.time_zone]
    return sorted({one.time_zone for one in Organization.listed()})


def following(
    row: CronJob, now: datetime, organization: Organization | None = None
) -> datetime | None:
    """The next moment that a cron job names, for an organization or in the first of its time zones;
    None while it is switched off."""
    if not row.enabled:
        return None
    own = organization is not None and row.time_zone is None
    zones = [organization.time_zone] if own and organization else _zones(row)
    slots = (cron.following(row.expression, zone, now) for zone in zones)
    return min(filter(None, slots), default=None)


def _look_at(row: CronJob, now: datetime) -> datetime | None:
    slot = following(row, now)
    if row.time_zone is not None or not row.enabled:
        return slot
    return min(filter(None, (slot, now + LOOK_AGAIN)))


def run(key: str, now: datetime) -> None:
    """Do one run of a cron job (`name|after|until`, as it was begun) for the organizations in whose
    time zone it named a moment. Safe to repeat."""
    name, *span = key.split("|")
    after, until = (datetime.fromisoformat(part).astimezone(UTC) for part in span)
    row = CronJob.get_or_none(CronJob.name == name)
    if row is None or name not in BUILT_IN:
        return
    CronJob.change(name, {"last_run_at": now, "last_result": None, "last_error": None})
    try:
        planned = _plan_each(row, after, until, now)
    except Exception as error:
        CronJob.change(name, {"last_result": "failed", "last_error": type(error).__name__})
        raise
    CronJob.change(name, {"last_result": "ok"})
    log.info("cron job done", cron=name, jobs=planned)


def _plan_each(row: CronJob, after: datetime, until: datetime, now: datetime) -> int:
    named = [
        one
        for one in Organization.listed()
        if cron.latest(row.expression, row.time_zone or one.time_zone, after, until) is not None
    ]
    return BUILT_IN[row.name].plan(named, now)


def listed(now: datetime) -> list[CronJob]:
    """All cron jobs by name."""
    install(now)
    return CronJob.listed()


def of(name: str, now: datetime) -> CronJob:
    """One of them. Raises NotFound."""
    found = next((row for row in listed(now) if row.name == name), None)
    if found is None:
        raise NotFound("there is no cron job of this name")
    return found


def unfinished(name: str, organization_id: str | None = None) -> dict[str, int]:
    """How many jobs that a cron job planned are not done, by state: of an organization or all."""
    return Job.standing(BUILT_IN[name].job, organization_id)


def run_now(operator: Operator, name: str, now: datetime) -> int:
    """Do at once what a cron job does, for the operator's organization or for all; returns how many
    jobs were planned. Raises NotFound."""
    of(name, now)
    own = operator.reach.organization_id
    with atomic():
        planned = BUILT_IN[name].plan(
            [one for one in Organization.listed() if own in (None, one.id)], now
        )
        operators.note(operator, f"run cron {name}"[:40], [(None, name)], now)
    log.warning("cron job run by hand", cron=name, jobs=planned, key_id=operator.key_id)
    return planned


def change(operator: Operator, name: str, now: datetime, **values: Any) -> CronJob:
    """Switch a cron job on or off (`enabled`), or give it another `expression` or `time_zone`
    (None: each organization's own). It goes on with the next moment that it names from now on:
    what passed while it was off, or by the expression before, is not made up for. Raises NotFound,
    Invalid; Conflict for the key of an organization that is not the only one."""
    if "expression" in values:
        values["expression"] = cron.expression(values["expression"])
    if values.get("time_zone") is not None:
        times.zone(values["time_zone"])
    of(name, now)
    if operator.reach.organization_id is not None and len(Organization.listed()) > 1:
        raise Conflict("it serves several organizations: it is changed at the command line")
    with atomic():
        row = CronJob.locked(name)
        assert row is not None
        changed = {field: new for field, new in values.items() if getattr(row, field) != new}
        if changed:
            for field, new in changed.items():
                setattr(row, field, new)
            looks = {"looked_at": now, "next_at": _look_at(row, now)}
            CronJob.change(name, {**changed, **looks})
            operators.note(operator, f"change cron {name}"[:40], [(None, name)], now)
            log.warning("cron job changed", cron=name, fields=sorted(changed))
    return of(name, now)
