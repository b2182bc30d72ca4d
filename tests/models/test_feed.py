"""The feed: whoever follows it sees each move once, also while others are still writing."""

import threading

from gateway.models import base
from gateway.models.feed import FeedEntry, entry
from gateway.models.organization import Organization
from tests.databases import ON_POSTGRESQL
from tests.rows import NOW
from tests.together import together
from tests.waiting import until


def _append(organization: str, name: str) -> None:
    FeedEntry.append([entry(organization, "test", NOW, "call", name, "ringing")])


def _follow(organization: str, position: tuple[int, int]) -> tuple[list[str], tuple[int, int]]:
    seen: list[str] = []
    while page := FeedEntry.after(organization, "test", position, 5):
        seen += [row.object_id for row in page]
        position = (page[-1].tx, page[-1].id)
    return seen, position


@ON_POSTGRESQL  # SQLite has one writer at a time: ids become visible in their order
def test_a_reader_loses_nothing_that_is_committed_late(organization: str) -> None:
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with base.connection(), base.atomic():
            _append(organization, "slow")
            written.set()
            assert may_commit.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    _append(organization, "quick")
    seen, position = _follow(organization, (0, 0))
    may_commit.set()
    thread.join(10)
    later, _ = _follow(organization, position)
    assert [*seen, *later] == ["slow", "quick"]


@ON_POSTGRESQL
def test_the_moves_of_one_object_stay_in_order_where_one_transaction_waited_for_another(
    organization: str,
) -> None:
    """The one that waits has the lower number: it wrote something before it waited."""
    begun, locked = threading.Event(), threading.Event()

    def waits() -> None:
        with base.connection(), base.atomic():
            _append(organization, "something else")
            begun.set()
            assert locked.wait(10)
            assert _move(organization, "second") == 1

    thread = threading.Thread(target=waits)
    thread.start()
    assert begun.wait(10)
    with base.atomic():
        _move(organization, "first")
        locked.set()
        until(_somebody_waits_for_a_lock, "the other transaction")
    thread.join(10)
    moves = [row.state for row in FeedEntry.after(organization, "test", (0, 0), 10)]
    assert moves == ["first", "second", "ringing"] or moves == ["ringing", "first", "second"]


def _move(organization: str, state: str) -> int:
    moved = Organization.update(time_zone=state).where(Organization.id == organization).execute()
    FeedEntry.append([entry(organization, "test", NOW, "call", "one", state)])
    return int(moved)


def _somebody_waits_for_a_lock() -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return int(base.db.execute_sql(waiting).fetchone()[0]) > 0


def test_a_reader_beside_many_writers_sees_every_entry_once(organization: str) -> None:
    each, writers = 50, 4

    def act(number: int) -> list[str]:
        if number == writers:
            return _read(organization, each * writers)
        for step in range(each):
            with base.atomic():
                _append(organization, f"{number}-{step}")
        return []

    *_, seen = together(writers + 1, act)
    assert len(seen) == len(set(seen)) == each * writers
    for number in range(writers):
        mine = [name for name in seen if name.startswith(f"{number}-")]
        assert mine == [f"{number}-{step}" for step in range(each)]


def _read(organization: str, wanted: int) -> list[str]:
    """Follow the feed until so many entries were seen."""
    seen: list[str] = []
    position = (0, 0)

    def look() -> bool:
        nonlocal position
        more, position = _follow(organization, position)
        seen.extend(more)
        return len(seen) >= wanted

    until(look, "every entry", pause=0.001)
    return seen


def test_the_feed_of_one_organization_and_mode_is_its_own(organization: str) -> None:
    _append(organization, "mine")
    assert FeedEntry.after(organization, "live", (0, 0), 10) == []
    assert FeedEntry.after("or_other", "test", (0, 0), 10) == []
    assert _follow(organization, (0, 0))[0] == ["mine"]
