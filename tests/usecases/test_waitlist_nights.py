"""Offers at night, ranks by preference."""

from datetime import UTC, timedelta

import pytest

from gateway.usecases import offers, preferences
from tests.usecases.desk import Desk
from tests.usecases.line import CUT, EVE, Line


def night(desk: Desk, **policy: object) -> Line:
    """A waitlist in Berlin at 23:00; it is quiet from 21:00 to 08:00."""
    at = (desk.now + timedelta(days=1)).replace(hour=22, minute=0, second=0, microsecond=0)
    if at.month in range(4, 11):
        at -= timedelta(hours=1)
    quiet = {"from": "21:00", "to": "08:00"}
    return Line(desk.caller, at.astimezone(UTC), quiet_hours=quiet, **policy)


@pytest.mark.row("B1")
def test_at_night_a_slot_waits_for_the_morning_of_whoever_is_next(desk: Desk) -> None:
    line = night(desk)
    line.joins("Ada")
    line.joins("Awake", contact={"time_zone": "America/New_York"})
    slot = line.frees()
    morning = line.now.replace(hour=7, minute=0, second=0) + timedelta(days=1)
    assert line.holder(slot) is None
    waits = type(slot).get_by_id(slot.id).look_at
    assert abs(waits - morning) <= timedelta(hours=1)
    line.passes(hours=(waits - line.now).total_seconds() / 3600)
    assert line.holder(slot) == "Ada"
    assert line.offer("Ada").offered_at == waits


@pytest.mark.row("B1")
def test_a_slot_too_early_for_that_goes_to_who_may_be_told_in_time(desk: Desk) -> None:
    line = night(desk)
    line.joins("Ada")
    line.joins("Awake", contact={"time_zone": "America/New_York"})
    slot = line.frees(starts_at=line.now + timedelta(hours=6))
    assert line.holder(slot) == "Awake"


def test_a_slot_that_nobody_may_be_told_of_in_time_closes(desk: Desk) -> None:
    line = night(desk)
    line.joins("Ada")
    slot = line.frees(starts_at=line.now + timedelta(hours=6))
    line.passes(hours=6)
    assert (line.history(slot), line.state(slot)) == ([], "expired")


@pytest.mark.row("B4")
def test_the_organization_may_have_it_go_to_whom_it_suits_best(desk: Desk) -> None:
    line = Line(desk.caller, desk.now, waitlist={"rank": "preferences"})
    often = {"external_id": "c-9", "name": "Often", "phone": "+12025560999"}
    line.joins("First")
    line.joins("Often", contact=often)
    for days in (3, 10):
        desk.book(line.start + timedelta(days=days), contact=often, service=CUT, staff=EVE)
    preferences.recompute(line.caller.organization_id, "test")
    slot = line.frees()
    assert line.holder(slot) == "Often"
    offers.decline(line.caller, line.offer("Often").id, line.now)
    assert line.holder(slot) == "First"


def test_among_equals_whoever_waits_longest_comes_first(desk: Desk) -> None:
    line = Line(desk.caller, desk.now, waitlist={"rank": "preferences"})
    line.join_all("Ada Bob Cay")
    slot = line.frees()
    line.passes(minutes=30)
    assert [name for name, _ in line.history(slot)] == ["Ada", "Bob", "Cay"]
