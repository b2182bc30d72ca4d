"""Which jobs a clock takes next, and which ones a hold keeps back."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from gateway.domain.lifecycle import JobState as J
from gateway.models import due
from gateway.models.base import lock, whole
from gateway.models.job import Job
from gateway.models.listed import among, listed
from gateway.models.prepared import Given, Prepared
from gateway.models.turns import Queue, take
from gateway.models.upcoming import wrote

SOURCE = due.Source(Job, Job.kind, J.DUE)
ALIKE = 500  # jobs that are held back along with one


def claim_due(
    lane: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    only: str | None = None,
    besides: Collection[str] = (),
) -> due.Claims:
    """Claim due jobs of a lane for the workers, as `claims.claim_due` does notifications. Those of
    no organization go first."""
    with whole():
        rows = due.claim(SOURCE, lane, now, limit, lease, only=only, besides=besides)
    return [(row.id, row.claim) for row in rows]


def claim_within(
    kind: str, most: int, lane: str, now: datetime, limit: int, lease: timedelta
) -> due.Claims:
    """Claim due jobs of a kind as long as fewer than `most` of it are at work, notifications of the
    kind, all lanes and processes together."""

    def claim(room: int) -> due.Claims:
        return claim_due(lane, now, room, lease, only=kind)

    return due.within(kind, most, limit, claim)


def begin_due(lane: str, kind: str, now: datetime, limit: int, lease: timedelta) -> list[Job]:
    """Claim due jobs of a lane and a kind and take them up at once, those only that never failed,
    in the order in which they should go. Call it inside a transaction."""
    ids = take(due.line(SOURCE, lane, now, only=kind, untried=True), limit)
    if not ids:
        return []
    begun = {row.id: row for row in _BEGIN.rows(ids=listed(ids), lease_until=now + lease)}
    return [begun[id_] for id_ in ids]


def _beginning() -> Any:
    free = {"next_attempt_at": None, "held_by": None, "claim": Job.claim + 1}
    lease_until = Given("lease_until", Job.lease_until)
    begun = Job.update(state=J.ACTIVE, lease_until=lease_until, **free)
    return begun.where(among(Job.id, "ids")).returning(Job)


_BEGIN = Prepared(_beginning)


def in_line(lane: str, kind: str, now: datetime) -> Queue:
    """The due jobs of a lane and a kind, for their turns."""
    return due.line(SOURCE, lane, now, only=kind)


def hand_back(claimed: Iterable[tuple[str, int]], now: datetime) -> int:
    """Let these claims run out at once: the broker did not take their messages."""
    return due.hand_back(SOURCE, claimed, now)


def release_all_due(now: datetime) -> int:
    """Let every claim that no worker has taken up run out at once."""
    return due.release_all(SOURCE, now)


def hold_alike(row: Job, scope: str, now: datetime) -> int:
    """Have due jobs of the same lane, kind and organization wait under the name for which this one
    has to. Returns how many there were."""
    mine = Job.organization.is_null() if row.organization_id is None else (
        Job.organization == row.organization_id
    )  # fmt: skip
    alike = Job.select(Job.id).where(
        Job.lane == row.lane, Job.next_attempt_at <= now, Job.kind == row.kind, mine
    )
    alike = alike.order_by(Job.next_attempt_at).limit(ALIKE)
    held = Job.update(held_by=scope, next_attempt_at=None)
    return int(held.where(Job.id.in_(lock(alike, skip_locked=True))).execute())


def scopes_held() -> list[str]:
    """The names under which jobs wait, each once: a jump through the index for each."""
    found: list[str] = []
    while True:
        beyond = Job.held_by > found[-1] if found else Job.held_by.is_null(False)
        scope = Job.select(fn.MIN(Job.held_by)).where(beyond).scalar()
        if scope is None:
            return found
        found.append(scope)


def let_go(scope: str, limit: int, now: datetime) -> int:
    """Have jobs that waited under a name be due, the earliest first and at most `limit`; returns
    how many there were."""
    waiting = Job.select(Job.id).where(Job.held_by == scope).order_by(Job.due_at).limit(limit)
    free = Job.update(held_by=None, next_attempt_at=now)
    count = int(free.where(Job.id.in_(lock(waiting, skip_locked=True))).execute())
    wrote(now if count else None)
    return count
