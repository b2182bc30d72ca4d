"""The feed's order goes on when its database is restored, into the same cluster or another."""

import threading

import pytest

from gateway.models import base, schema
from gateway.models.feed import FeedBase, FeedEntry, entry
from tests.databases import ON_POSTGRESQL
from tests.rows import NOW
from tests.together import together
from tests.waiting import until


def append(organization: str, name: str) -> FeedEntry:
    """Write an entry; it."""
    FeedEntry.append([entry(organization, "test", NOW, "call", name, "ringing")])
    found: FeedEntry = FeedEntry.get(FeedEntry.object_id == name)
    return found


def follow(organization: str, after: FeedEntry) -> list[str]:
    """What a reader sees that comes back with its last entry's position."""
    page = FeedEntry.after(organization, "test", (after.tx, after.id), 500)
    return [row.object_id for row in page]


@pytest.mark.row("A4")
def test_after_a_restore_a_reader_of_the_lost_time_misses_nothing(organization: str) -> None:
    kept = append(organization, "kept")
    lost = append(organization, "lost")
    for number in range(50):
        lost = append(organization, f"lost-{number}")
    FeedEntry.delete().where(FeedEntry.id > kept.id).execute()  # what the backup did not have
    assert FeedEntry.resume_order()
    append(organization, "later")
    assert follow(organization, lost) == ["later"]
    assert follow(organization, kept) == ["later"]


@pytest.mark.row("A4")
def test_a_second_restore_of_the_same_backup_goes_on_after_the_first(organization: str) -> None:
    kept, backup = append(organization, "kept"), FeedBase.get().tx
    FeedEntry.resume_order()
    lost = append(organization, "lost")
    FeedEntry.delete().where(FeedEntry.id > kept.id).execute()
    FeedBase.update(tx=backup).execute()
    until(lambda: FeedEntry.resume_order() and FeedBase.get().tx > lost.tx, "another millisecond")
    append(organization, "later")
    assert follow(organization, lost) == ["later"]


@pytest.mark.row("A4")
def test_a_migration_goes_on_with_the_order_only_where_it_has_to(organization: str) -> None:
    last = append(organization, "here")
    schema.migrate()
    base.borrow()
    assert FeedBase.get().tx == 0
    FeedEntry.update(tx=last.tx + (1 << 50)).execute()  # of a cluster with higher numbers
    last = FeedEntry.get_by_id(last.id)
    schema.migrate()
    base.borrow()
    assert FeedBase.get().tx > last.tx
    append(organization, "later")
    assert follow(organization, last) == ["later"]


@ON_POSTGRESQL  # SQLite has one writer at a time
@pytest.mark.row("A4")
def test_the_base_is_raised_only_when_no_writer_is_under_way(organization: str) -> None:
    first = append(organization, "first")
    written, may_commit, raised = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with base.connection(), base.atomic():
            append(organization, "slow")
            written.set()
            assert may_commit.wait(10)

    def lift() -> None:
        with base.connection():
            FeedEntry.resume_order()
        raised.set()

    threads = [threading.Thread(target=write), threading.Thread(target=lift)]
    threads[0].start()
    assert written.wait(10)
    threads[1].start()
    until(_somebody_waits, "the lock to be waited for")
    assert not raised.is_set()
    assert follow(organization, first) == []
    may_commit.set()
    for thread in threads:
        thread.join(10)
    append(organization, "later")
    assert follow(organization, first) == ["slow", "later"]


def _somebody_waits() -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    return bool(base.db.execute_sql(waiting).fetchone()[0])


@pytest.mark.row("A4")
def test_a_reader_beside_writers_sees_all_in_order_while_the_base_is_raised(
    organization: str,
) -> None:
    start = append(organization, "start")
    each, writers, times = 30, 3, 5

    def act(number: int) -> list[str]:
        if number == writers:
            for _ in range(times):
                FeedEntry.resume_order()
        elif number < writers:
            for step in range(each):
                with base.atomic():
                    append(organization, f"{number}-{step}")
        else:
            return _read(organization, start, each * writers)
        return []

    *_, seen = together(writers + 2, act)
    assert len(seen) == len(set(seen)) == each * writers
    for number in range(writers):
        mine = [name for name in seen if name.startswith(f"{number}-")]
        assert mine == [f"{number}-{step}" for step in range(each)]


def _read(organization: str, after: FeedEntry, wanted: int) -> list[str]:
    seen: list[str] = []
    position = (after.tx, after.id)

    def look() -> bool:
        nonlocal position
        for row in FeedEntry.after(organization, "test", position, 7):
            seen.append(row.object_id)
            position = (row.tx, row.id)
        return len(seen) >= wanted

    until(look, "every entry", pause=0.001)
    return seen
