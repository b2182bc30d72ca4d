"""Freezing: everything that would leave is held, until somebody thaws it."""

from datetime import datetime

import structlog

from gateway.failpoints import hit
from gateway.models import restored
from gateway.models.base import atomic
from gateway.models.feed import FeedEntry
from gateway.models.hold import EVERYTHING, Hold

log = structlog.get_logger(__name__)

LONGEST_REASON = 40


def present() -> Hold | None:
    """The hold on everything; None while calls may leave."""
    return Hold.over([EVERYTHING]).get(EVERYTHING)


def freeze(reason: str, now: datetime, *, again: bool = False) -> tuple[Hold, bool]:
    """Hold everything back from now on, and note the newest moment that the database knows of. The
    hold, and whether this call began it. Frozen already, it stays as it is; with `again` it begins
    now: a database restored from a backup that was made while frozen.

    Whoever follows the feed may have seen entries that this database lost, if it was restored; what
    follows sorts after them."""
    with atomic():
        known_until = FeedEntry.newest_at() or now
        begun = restored.freeze(reason[:LONGEST_REASON], now, min(known_until, now))
        if again and not begun:
            restored.freeze_again(now)
        if begun or again:
            FeedEntry.resume_order()
        hit("freeze.before_commit")
        hold = present()
    assert hold is not None, "it was there in this transaction"
    if begun or again:
        log.warning("frozen", reason=hold.reason, known_until=str(hold.known_until))
    return hold, begun or again


def lift(hold: Hold, now: datetime) -> bool:
    """Let everything go; False when somebody else did meanwhile."""
    lifted = Hold.lift(hold)
    if lifted:
        log.warning("thawed", frozen_seconds=round((now - hold.since).total_seconds()))
    return lifted
