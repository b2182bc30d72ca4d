"""Holds: what may not be sent now, and what goes on when it may."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain import lanes
from gateway.domain.errors import Conflict, NotFound
from gateway.models import claims, job_claims
from gateway.models.hold import (
    CHANNEL,
    COURSE,
    EVERYTHING,
    PROVIDER,
    SENDER,
    Hold,
    queue_scope,
    reminders_scope,
    scopes_held,
)
from gateway.models.hold import rows_held as rows_held_by_scope
from gateway.models.pace import Room
from gateway.models.rate import RATE, Rate
from gateway.models.sender import Sender
from gateway.providers import get
from gateway.usecases import readiness

log = structlog.get_logger(__name__)

BATCH = 500
AHEAD = timedelta(seconds=2)  # how far ahead of its moment a row may take a sender's slot
UNDER_WAY = timedelta(seconds=1)  # a sender's worth of rows that may be on their way to the gate
ONE_PROBE_IN = timedelta(seconds=5)
GIVEN_UP_IN = timedelta(seconds=1)  # between two batches of an account that is not used any more

# Until when this process has let rows go, by hold or sender: they are not at the gate yet, so that
# the database does not show it. Another clock may let as many go; the gate puts them back.
_let_go: dict[str, datetime] = {}
_out: dict[str, list[str]] = {}  # and which ones, by sender or rate, as long as they are under way


def frozen() -> bool:
    """Whether all sending is held back by hand."""
    return EVERYTHING in Hold.over([EVERYTHING])


def queues_paused() -> list[str]:
    """The queues that are held back by hand for everybody."""
    over = Hold.over(map(queue_scope, lanes.QUEUES))
    return [queue for queue in lanes.QUEUES if queue_scope(queue) in over]


def queue_paused(queue: str) -> bool:
    """Whether a queue is held back by hand for everybody."""
    return queue in queues_paused()


def unless_paused(queue: str, work: Callable[..., object], *args: Any) -> None:
    """Do a job of a queue now; while that is paused it is left for the clock to come back to."""
    if not queue_paused(queue):
        work(*args)


def switched_off(scope: str) -> bool:
    """Whether a setting holds this scope back, as a hold by hand would."""
    return scope == reminders_scope() and not settings.current().reminders_enabled


def listed() -> list[Hold]:
    """All holds, oldest first."""
    return Hold.listed()


def rows_held() -> dict[str, int]:
    """How many notifications wait for each hold or busy sender, by its scope."""
    return rows_held_by_scope()


def release(now: datetime) -> int:
    """Let held rows go on as far as they may: all whose hold is gone, one to try a provider that
    was left alone for long enough, as many as a busy sender can take in the next seconds. At most
    500 of each; returns how many there were, so that the caller may ask again at once."""
    return _release_jobs(now) + _release_notifications(now)


def _release_jobs(now: datetime) -> int:
    scopes = job_claims.scopes_held()
    over = Hold.over(scopes) if scopes else {}
    return sum(job_claims.let_go(scope, BATCH, now) for scope in scopes if scope not in over)


def _release_notifications(now: datetime) -> int:
    scopes = scopes_held()
    if not scopes:
        return 0
    for key in [key for key, until in _let_go.items() if until <= now]:
        _let_go.pop(key, None)
    holds = {hold.scope: hold for hold in Hold.listed()}
    if EVERYTHING in holds:
        return 0
    return sum(_release(scope, holds.get(scope), now) for scope in scopes)


def _release(scope: str, hold: Hold | None, now: datetime) -> int:
    if scope == COURSE:
        return 0  # whoever resumes it lets its own rows go
    if scope.startswith(RATE):
        return _turn(scope, Rate.room, scope, now)
    if scope.startswith(SENDER):
        return _turn(scope, Sender.room, scope.removeprefix(SENDER), now)
    if scope.startswith(CHANNEL):
        return _served_again(scope, now)
    if hold is None:
        return 0 if switched_off(scope) else claims.release_held(scope, BATCH, now)
    if not scope.startswith(PROVIDER):
        return 0  # by hand, until it is lifted by hand
    if hold.id in _let_go:
        return 0
    if not readiness.in_use(*_account(scope)):
        # Other settings by now: they go another way. A worker that still has the old ones puts them
        # back, and is not asked again at once.
        _let_go[hold.id] = now + GIVEN_UP_IN
        return claims.release_held(scope, BATCH, now)
    if hold.blocks(now):
        return 0
    _let_go[hold.id] = now + ONE_PROBE_IN
    return claims.release_one(scope, now)


def _served_again(scope: str, now: datetime) -> int:
    """What waits for a channel that can be used again. A worker that still has the old settings
    puts it back, and is not asked again at once."""
    if scope in _let_go or not readiness.served_again(scope):
        return 0
    _let_go[scope] = now + GIVEN_UP_IN
    return claims.release_held(scope, BATCH, now)


def _turn(scope: str, room_of: Callable[..., Room | None], id_: str, now: datetime) -> int:
    """As many rows as the sender or the rate has free slots for, and this process let go none for
    yet. Those that workers did not get to count as well: more of them would only stand in each
    other's way, and miss their slots."""
    room = room_of(id_, max(now, _let_go.get(scope, now)), now + AHEAD)
    if room is None:
        return claims.release_held(scope, BATCH, now)
    out = claims.on_the_way(_out.get(scope, ()))
    wanted = min(room.slots, room.within(UNDER_WAY) - len(out))
    released = claims.let_go(scope, wanted, now) if wanted > 0 else []
    _out[scope] = [*out, *released]
    if released:
        _let_go[scope] = room.after(wanted)
    return len(released)


def checks_due(now: datetime) -> list[str]:
    """Holds of paused providers that are to be asked whether all is well again; each is put off,
    so that it is not handed out again at once."""
    return Hold.claim_checks(now, now + _check_pause())


def check(hold_id: str, now: datetime) -> None:
    """Ask a paused provider whether it takes our credentials by now. If so, one row may try; when
    that is taken, all go on. Safe to repeat."""
    hold = Hold.get_or_none(Hold.id == hold_id)
    if hold is None or hold.until is not None or hold.scope == EVERYTHING:
        return
    provider, account = _account(hold.scope)
    if not readiness.in_use(provider, account):
        if Hold.lift(hold):
            log.info("provider account is not used any more", scope=hold.scope)
        return
    problem = get(provider).check(account)
    if problem is not None:
        log.error("provider still paused", scope=hold.scope, problem=problem)
    elif Hold.well_again(hold.id, now):
        log.info("provider takes our credentials", scope=hold.scope)


def lift(scope: str) -> None:
    """End the hold on a provider account by hand; its rows go on at once. Raises NotFound, and
    Conflict for what only a thaw may end."""
    if scope == EVERYTHING:
        raise Conflict("everything is frozen: `thaw` ends that, after it caught up")
    hold = Hold.over([scope]).get(scope)
    if hold is None:
        raise NotFound("there is no hold of this name")
    Hold.delete().where(Hold.id == hold.id).execute()
    log.warning("hold lifted by hand", scope=scope)


def _account(scope: str) -> tuple[str, str]:
    _, provider, account = scope.split("|", 2)
    return provider, account


def _check_pause() -> timedelta:
    return timedelta(seconds=settings.current().credentials_check_seconds)
