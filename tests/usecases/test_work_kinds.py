"""Kinds of work: which goes first, how many at once, how long finished ones are shown."""

from datetime import timedelta
from typing import Any

import pytest

from gateway import kinds
from gateway.models import due
from gateway.settings import InvalidSettings, Settings, current
from gateway.usecases import operators, queues, work
from tests.conftest import SECRET_KEY
from tests.rows import notification, notifications
from tests.usecases.desk import LEASE, Desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def given(**more: str) -> Settings:
    base = {"DATABASE_URL": "sqlite:////x.db", "REDIS_URL": "redis://x", "SECRET_KEY": SECRET_KEY}
    return Settings.from_env(base | more)


def test_a_figure_that_is_named_replaces_its_own_and_leaves_the_others() -> None:
    chosen = given(
        KIND_PRIORITIES="nurture=8", KIND_CONCURRENCY="nudge=4, nurture=3",
        KIND_KEPT="notification=5/10m:all/30d",
    )  # fmt: skip
    assert chosen.kind_priorities == {**kinds.PRIORITIES, "nurture": 8}
    assert chosen.kind_concurrency == {**kinds.CONCURRENCY, "nudge": 4, "nurture": 3}
    assert chosen.kind_kept["waitlist"] == kinds.Kept(5, timedelta(minutes=10), None, 30 * DAY)
    assert chosen.kind_kept["timer"] == kinds.Kept(100, HOUR, 1000, 7 * DAY)
    assert chosen.kind_kept["reminder"] == kinds.Kept(None, DAY, None, 7 * DAY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KIND_PRIORITIES", "letters=1"), ("KIND_PRIORITIES", "nudge"), ("KIND_PRIORITIES", "a=b"),
        ("KIND_PRIORITIES", "nudge=0"), ("KIND_PRIORITIES", "nudge=10"),
        ("KIND_CONCURRENCY", "nudge=0"), ("KIND_KEPT", "nudge=5"), ("KIND_KEPT", "nudge=5/1h"),
    ],
)  # fmt: skip
def test_figures_that_can_t_be_are_refused_by_the_variable_s_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        given(**{name: value})
    assert list(refused.value.problems) == [name]


def many(desk: Desk, kind: str, lane: str, how_many: int) -> list[str]:
    return notifications(
        desk.caller.organization_id, how_many, purpose=kind, lane=lane, due_at=desk.now,
        next_attempt_at=desk.now, expires_at=desk.now + HOUR, created_at=desk.now,
    )  # fmt: skip


@pytest.mark.row("B5")
@pytest.mark.row("B3")
@pytest.mark.row("E3")
def test_no_more_of_a_kind_are_at_work_at_once_than_it_may_be(desk: Desk) -> None:
    many(desk, "waitlist", "voice:2", 15)
    many(desk, "nudge", "voice:1", 5)
    plain = many(desk, "reminder", "voice:1", 4)

    def claim(lane: str) -> list[str]:
        return [id_ for id_, _ in work.claim(lane, desk.now, 200, LEASE)]

    first = claim("voice:1")
    assert len(first) == 6
    assert set(plain) <= set(first), "those without a limit go on"
    assert len(claim("voice:2")) == 10
    assert (claim("voice:1"), claim("voice:2")) == ([], [])
    assert due.in_flight() == {"waitlist": 10, "nudge": 2, "reminder": 4}
    done = next(id_ for id_ in first if id_ not in plain)
    desk.deliver(done, 1, desk.now)
    assert len(claim("voice:1")) == 1


@pytest.mark.row("B5")
def test_a_nudge_is_claimed_before_a_campaign_that_has_been_due_for_long(desk: Desk) -> None:
    many(desk, "nurture", "voice:6", 30)
    (nudge,) = many(desk, "nudge", "voice:1", 1)
    assert work.lane("voice", "nudge") == "voice:1"
    assert current().kind_priorities["nurture"] == 6
    assert desk.claim(desk.now)[0][0] == nudge


def counted(desk: Desk, kind: str) -> dict[str, Any]:
    found = {one["kind"]: one for one in queues.stats(desk.caller, desk.now)["kinds"]}
    return dict(found[kind])


@pytest.mark.row("A6")
@pytest.mark.row("B5")
def test_finished_work_is_counted_and_listed_as_long_as_it_is_kept_and_never_deleted(
    desk: Desk,
) -> None:
    own = desk.caller.organization_id

    def finished(kind: str, state: str, ago: timedelta, how_many: int = 1) -> None:
        at = desk.now - ago
        notifications(
            own, how_many, purpose=kind, lane="voice:3", state=state, next_attempt_at=None,
            finished_at=at, created_at=at, due_at=at, expires_at=at + HOUR,
        )  # fmt: skip

    finished("reminder", "reached", 23 * HOUR, 3)
    finished("reminder", "reached", 25 * HOUR)
    finished("reminder", "not_reached", 6 * DAY, 2)
    finished("reminder", "not_reached", 8 * DAY)
    finished("preference", "reached", HOUR / 2, 60)
    finished("preference", "reached", 2 * HOUR)
    finished("waitlist", "reached", 2 * HOUR, 150)
    assert [counted(desk, "reminder")[name] for name in ("completed", "failed")] == [3, 2]
    assert counted(desk, "preference")["completed"] == 50
    assert counted(desk, "notification")["completed"] == 150
    operator = operators.key_holder(desk.caller, "r")

    def listed(**filters: str) -> int:
        return len(queues.jobs(operator, filters, desk.now, 1000))

    assert listed(kind="reminder") == 5
    assert listed(kind="reminder", state="failed") == 2
    assert listed(kind="notification") == listed(kind="waitlist") == 150
    assert listed(kind="preference") == 60, "all of one moment are shown together"

    queues.clear(operator, "voice", desk.now, dry_run=False, limit=10)
    assert counted(desk, "reminder")["completed"] == 0
    assert counted(desk, "reminder")["delayed"] == 0
    fresh = notification(own, purpose="reminder", next_attempt_at=desk.now + HOUR)
    assert counted(desk, "reminder")["delayed"] == 1
    assert desk.row(fresh.id).state == "scheduled"
