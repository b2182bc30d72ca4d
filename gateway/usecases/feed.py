"""Reading the feed of everything that happened to an organization's rows."""

from gateway.models.feed import FeedEntry
from gateway.usecases.accounts import Caller


def after(caller: Caller, position: tuple[int, int], limit: int) -> list[FeedEntry]:
    """Entries after a position (tx, id), oldest first, at most `limit`; (0, 0) is the beginning.
    Following the last entry's position never skips one."""
    return FeedEntry.after(caller.organization_id, caller.mode, position, limit)
