"""How much work waits, runs and is done, as counted from the rows themselves; and putting finished
work out of view."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway import kinds, settings
from gateway.domain import lanes
from gateway.domain.errors import NotFound
from gateway.models import job_search, queue_counts
from gateway.models.base import atomic
from gateway.models.hold import Hold
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.reach import Reach
from gateway.models.records import AuditEntry
from gateway.usecases import dead_letters, operators, switches
from gateway.usecases.accounts import Caller
from gateway.usecases.operators import Operator, Position, Tally

CLEARED = "clear queue "


def stats(caller: Caller, now: datetime) -> dict[str, Any]:
    """Counts of the caller's organization and mode, by queue and by kind of work: waiting, active,
    delayed, completed, failed, dead, stalled, and whether it is paused. Finished work is counted as
    long as the views show it. `overdue` is the number of appointments that should have begun."""
    own, mode = caller.organization_id, caller.mode
    reach, configured = operators.reach(caller), settings.current()
    cleared = _cleared(reach)
    counted = [
        queue_counts.of_work(work, own, mode, now, configured.kind_kept, cleared)
        for work in job_search.TABLES
    ]
    by_queue = {name: _total(counted, 0, name) for name in lanes.QUEUES}
    by_queue["timers"] += queue_counts.timers(own, mode, now)
    by_queue["events"] += queue_counts.events(own, reach, now, cleared.get("events"))
    by_queue["background"] += queue_counts.look_ups(own, mode, now)
    over = [hold.scope for hold in Hold.listed()]
    by_kind = [
        {
            "kind": kinds.shown(kind),
            **_counts(_total(counted, 1, kind)),
            "paused": switches.kind_paused(kind, own, over),
            "priority": configured.kind_priorities[kind],
            "concurrency": configured.kind_concurrency.get(kind),
        }
        for kind in lanes.KINDS
    ]
    by_name = [
        {"queue": name, **_counts(by_queue[name]), "paused": switches.queue_paused(name, own, over)}
        for name in lanes.QUEUES
    ]
    return {"queues": by_name, "kinds": by_kind, "overdue": queue_counts.overdue(own, mode)}


def _total(counted: Iterable[queue_counts.Counts], part: int, name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for counts in counted:
        for key, count in counts.items():
            if key[part] == name:
                found += count
    return found


def _counts(found: Counter[str]) -> dict[str, int]:
    return {name: found[name] for name in queue_counts.NAMES}


def jobs(
    operator: Operator,
    filters: dict[str, Any],
    now: datetime,
    limit: int,
    before: Position | None = None,
) -> list[Notification | Job]:
    """The jobs of the queues within reach, notifications and others, newest first, older than
    `before` (created_at, id), as far as the views show them. Filters: queue, kind (by either name),
    state, held_by. Raises NotFound."""
    wanted = dict(filters)
    if "queue" in wanted:
        switches.queue(wanted["queue"])
    if "kind" in wanted:
        wanted["kind"] = switches.kind(wanted["kind"])
    reach, kept = operator.reach, settings.current().kind_kept
    chosen = [wanted["kind"]] if "kind" in wanted else list(kept)
    found: list[Notification | Job] = []
    for work in job_search.TABLES:
        since = {
            kind: dict(work.oldest_in_view(reach, kind, kept[kind], now=now)) for kind in chosen
        }
        view = job_search.View(since, _cleared(reach))
        found += job_search.find(work, reach, wanted, view, now, limit, before)
    return sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)[:limit]


def job(operator: Operator, job_id: str, now: datetime) -> Notification | Job:
    """One job within reach, however long ago it ended, with its `queue`, `standing` and whether it
    is `dead`. Raises NotFound."""
    view = job_search.View({}, {})
    for work in job_search.TABLES:
        found = job_search.find(work, operator.reach, {"id": job_id}, view, now, 1)
        if found:
            return found[0]  # type: ignore[no-any-return]
    raise NotFound("there is no job of this id")


def clear(operator: Operator, name: str, now: datetime, *, dry_run: bool, limit: int) -> Tally:
    """Clear a queue's view: its open dead letters are discarded, and what is finished by now is
    shown and counted no more. Nothing that may still leave is touched, and no log is. Raises
    NotFound."""
    filters: dict[str, Any] = {"queue": switches.queue(name)}
    with atomic():
        tally = dead_letters.discard(operator, filters, now, dry_run=dry_run, limit=limit)
        if not dry_run and operator.reach.organization_id is not None:
            objects = [(None, mode) for mode in _modes(operator.reach)]
            operators.note(operator, CLEARED + name, objects, now)
    return tally


def clear_all(operator: Operator, name: str, now: datetime, *, dry_run: bool) -> Tally:
    """The same, however many dead letters there are."""
    filters: dict[str, Any] = {"queue": switches.queue(name)}
    tally = operators.everything(dead_letters.discard, operator, filters, now, dry_run=dry_run)
    clear(operator, name, now, dry_run=dry_run, limit=0)
    return tally


def _modes(reach: Reach) -> Iterable[str]:
    return [reach.mode] if reach.mode else ["live", "test"]


def _cleared(reach: Reach) -> dict[str, datetime]:
    """When each queue of an organization was cleared last, as the audit ledger tells."""
    if reach.organization_id is None:
        return {}
    marks = AuditEntry.beginning_with(CLEARED, reach.organization_id)
    return {
        mark.action.removeprefix(CLEARED): mark.at for mark in marks if reach.mode in mark.objects
    }
