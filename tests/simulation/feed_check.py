"""The feed as a client reads it: every move once, none backwards, and at its end it says what the
rows say."""

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.usecases import feed
from tests.simulation.chronicle import Violated

if TYPE_CHECKING:
    from tests.simulation.world import World

# How far a call is, in the words of the feed; kept apart from the product's own table.
RANK = {
    "placing": 0, "unknown": 1, "queued": 2, "initiated": 3, "ringing": 4, "in-progress": 5,
    "completed": 6, "busy": 6, "no-answer": 6, "failed": 6, "canceled": 6,
}  # fmt: skip
PAGE = 100


def check(world: "World") -> None:
    """Read everything and compare. Raises Violated."""
    told: dict[tuple[str, str], list[FeedEntry]] = defaultdict(list)
    count = 0
    for caller in world.callers:
        position = (0, 0)
        while page := feed.after(caller, position, PAGE):
            for entry in page:
                told[entry.object, entry.object_id].append(entry)
            count += len(page)
            position = (page[-1].tx, page[-1].id)
    if count != FeedEntry.select().count():
        raise Violated("feed incomplete", "a reader of the feed does not see every entry")
    for (kind, row_id), entries in told.items():
        if kind == "call":
            _never_back(world, row_id, entries)
        if kind in ("call", "notification"):
            _no_move_twice(world, row_id, entries)
    _says_what_is(world, told)


def _never_back(world: "World", row_id: str, entries: list[FeedEntry]) -> None:
    for before, after in pairwise(entries):
        said = f"{world.label(row_id)}: {before.state}, then {after.state}"
        falls = RANK[str(after.state)] < RANK[str(before.state)]
        if falls and not _own_verdict(before) and after.type != "call.corrected":
            raise Violated("P5 backwards", said, _subject(world, row_id))


def _own_verdict(entry: FeedEntry) -> bool:
    """A failure that the product itself concluded gives way to the carrier's word."""
    return entry.state == "failed"


def _no_move_twice(world: "World", row_id: str, entries: list[FeedEntry]) -> None:
    for before, after in pairwise(entries):
        same = (before.state, before.reason, before.type) == (after.state, after.reason, after.type)
        if same:
            said = f"{world.label(row_id)} is told to be {after.state} twice in a row"
            raise Violated("feed twice", said, _subject(world, row_id))


def _says_what_is(world: "World", told: dict[tuple[str, str], list[FeedEntry]]) -> None:
    for kind, model in (("notification", Notification), ("call", CallLog)):
        for row in model.select():
            entries = told.get((kind, row.id))
            if not entries or entries[-1].state != row.state:
                said = entries[-1].state if entries else "nothing"
                text = f"{world.label(row.id)} is {row.state}, the feed says {said}"
                raise Violated("feed untrue", text, _subject(world, row.id))


def _subject(world: "World", row_id: str) -> str:
    return world.label(row_id).split(" ")[0]
