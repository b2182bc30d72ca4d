"""The parts of the simulator that everything else leans on."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.simulation.promises import EPOCH, Promise, Rule, Terms, micro, utc_of
from tests.simulation.timeline import Timeline

NEW_YORK = "America/New_York"


def moments(rule: Rule, booked: datetime, starts: datetime) -> list[str]:
    found = rule.moments(micro(booked), micro(starts))
    return [f"{EPOCH + timedelta(microseconds=at):%m-%d %H:%M}" for at in found]


@pytest.mark.row("A4")
@pytest.mark.parametrize(
    ("local", "day_before", "three_hours_before"),
    [
        (datetime.fromisoformat("2026-11-01T09:00"), "10-31 14:00", "11-01 11:00"),
        (datetime.fromisoformat("2027-03-14T09:00"), "03-13 13:00", "03-14 10:00"),
    ],
)
def test_hours_before_a_start_are_elapsed_hours_across_a_change_of_clocks(
    local: datetime, day_before: str, three_hours_before: str
) -> None:
    starts = utc_of(local, NEW_YORK)
    booked = starts - timedelta(days=3)
    assert moments(Rule("before", 1440), booked, starts) == [day_before]
    assert moments(Rule("before", 180), booked, starts) == [three_hours_before]


def test_every_two_hours_neither_gains_nor_loses_one_by_a_change_of_clocks() -> None:
    for local, count in (
        (datetime.fromisoformat("2026-11-01T09:00"), 12),
        (datetime.fromisoformat("2027-03-14T09:00"), 11),
    ):
        starts = utc_of(local, NEW_YORK)
        booked = utc_of(local - timedelta(days=1), NEW_YORK)
        found = Rule("every", 120).moments(micro(booked), micro(starts))
        assert len(found) == count
        gaps = {after - before for before, after in pairwise(found)}
        assert gaps == {2 * 3600 * 1_000_000}


def test_lord_howe_moves_its_clocks_by_half_an_hour() -> None:
    before, after = (
        utc_of(datetime.fromisoformat(f"2026-10-0{day}T09:00"), "Australia/Lord_Howe")
        for day in (3, 4)
    )
    assert after - before == timedelta(hours=23, minutes=30)


def test_while_no_answer_came_either_terms_may_hold() -> None:
    noon = datetime(2026, 10, 5, 12, tzinfo=UTC)
    promise = Promise("b", 0, micro(noon))
    terms = Terms(micro(noon + timedelta(hours=5)), (Rule("before", 60),), "+1")
    later = Terms(micro(noon + timedelta(hours=9)), (Rule("before", 60),), "+1")
    promise.become(terms, noon)
    promise.perhaps(later, noon + timedelta(hours=1))
    standing = promise.at(noon + timedelta(hours=2))
    assert standing is not None
    assert {due - micro(noon) for _, due in standing.owed} == {4 * 3_600_000_000, 8 * 3_600_000_000}
    promise.become(later, noon + timedelta(hours=3))
    standing = promise.at(noon + timedelta(hours=3))
    assert standing is not None
    assert {due - micro(noon) for _, due in standing.owed} == {8 * 3_600_000_000}


def test_strands_take_turns_in_the_order_of_virtual_time() -> None:
    timeline = Timeline(datetime(2026, 10, 5, tzinfo=UTC))
    heard: list[str] = []

    def strand(name: str, pause: float) -> None:
        for turn in range(3):
            heard.append(f"{name}{turn}")
            timeline.sleep(pause)

    timeline.after(0, lambda: timeline.spawn("a", lambda: strand("a", 10)))
    timeline.after(1, lambda: timeline.spawn("b", lambda: strand("b", 4)))
    timeline.run(timeline.now + timedelta(minutes=1))
    timeline.close()
    assert heard == ["a0", "b0", "b1", "b2", "a1", "a2"]


def test_what_a_strand_raises_ends_the_run() -> None:
    timeline = Timeline(datetime(2026, 10, 5, tzinfo=UTC))

    def fails() -> None:
        timeline.sleep(5)
        raise LookupError("lost")

    timeline.after(0, lambda: timeline.spawn("a", fails))
    with pytest.raises(LookupError, match="lost"):
        timeline.run(timeline.now + timedelta(minutes=1))
    timeline.close()
