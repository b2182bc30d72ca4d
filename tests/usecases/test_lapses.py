"""Offers that lapse at the same time, of one organization or several."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.models import base, waitlist_line
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.usecases import accounts, offers
from tests.conftest import Account
from tests.statements import heard, queries
from tests.usecases.desk import Desk
from tests.usecases.line import QUARTER, Line
from tests.waiting import until


@pytest.fixture
def line(desk: Desk) -> Line:
    """Nobody waits yet."""
    return Line(desk.caller, desk.now)


@pytest.fixture
def other(desk: Desk, open_account: Callable[[str], Account]) -> Line:
    """Another organization's."""
    caller = accounts.authenticate(open_account("Salon").test_key, desk.now)
    return Line(caller, desk.now)


def _lapse(line: Line, *names: str) -> None:
    ids = [line.offer(name).id for name in names]
    line.now += QUARTER
    offers.expire_several(ids, line.now)


@pytest.mark.row("B1")
def test_each_slot_goes_to_whoever_is_next_once_all_are_back_in_line(line: Line) -> None:
    ada, bob, cay = line.join_all("Ada Bob Cay")
    first, second = line.frees(), line.frees(starts_at=line.start + timedelta(hours=1))
    assert (line.holder(first), line.holder(second)) == ("Ada", "Bob")
    _lapse(line, "Ada", "Bob")

    assert line.history(first) == [("Ada", "expired"), ("Bob", "offered")]
    assert line.history(second) == [("Bob", "expired"), ("Ada", "offered")]
    assert [line.state(one) for one in (ada, bob, cay)] == ["offered", "offered", "waiting"]
    assert line.feed(ada) == ["waiting", "offered", "waiting", "offered"]
    assert line.feed(second) == ["open", "offered", "open", "offered"]
    for offer in Offer.select().where(Offer.state == "expired"):
        assert line.feed(offer) == ["offered", "expired"]
        assert (offer.ended_at, offer.reason) == (line.now, "expired")


@pytest.mark.row("B1")
def test_what_was_to_be_told_of_those_that_lapsed_does_not_leave(line: Line) -> None:
    line.join_all("Ada Bob")
    line.frees()
    line.frees(starts_at=line.start + timedelta(hours=1))
    lapsed = [line.offer("Ada"), line.offer("Bob")]
    _lapse(line, "Ada", "Bob")
    for offer in lapsed:
        assert [(row.state, row.reason) for row in line.told(offer)] == [("canceled", "expired")]
    fresh = Notification.select().where(Notification.state == "scheduled")
    assert {row.subject_id for row in fresh} == {line.offer("Ada").id, line.offer("Bob").id}


@pytest.mark.row("B1")
def test_who_is_back_in_line_is_offered_another_slot_that_is_open(line: Line) -> None:
    line.joins("Ada")
    held = line.frees()
    free = line.frees(starts_at=line.start + timedelta(hours=1))
    assert line.holder(free) is None
    _lapse(line, "Ada")
    assert (line.holder(held), line.holder(free)) == (None, "Ada")


@pytest.mark.row("B1")
def test_one_that_was_taken_in_time_or_is_not_over_stays_as_it_is(line: Line) -> None:
    line.join_all("Ada Bob Cay")
    for hours in range(3):
        line.frees(starts_at=line.start + timedelta(hours=hours))
    offers.accept(line.caller, line.offer("Ada").id, line.now)
    later = line.offer("Cay")
    Offer.update(expires_at=line.now + QUARTER + QUARTER).where(Offer.id == later.id).execute()
    _lapse(line, "Ada", "Bob", "Cay")
    states = [line.offer("Ada").state, line.history(line.offer("Bob").slot)[0], later.state]
    assert states == ["accepted", ("Bob", "expired"), "offered"]
    before = line.feed(line.offer("Cay"))
    offers.expire_several([line.offer(name).id for name in ("Ada", "Cay")], line.now)
    assert line.feed(line.offer("Cay")) == before


@pytest.mark.row("A4")
def test_those_of_several_organizations_lapse_together(line: Line, other: Line) -> None:
    for one in (line, other):
        one.join_all("Ada Bob")
        one.frees()
    theirs = Offer.get(Offer.organization == other.caller.organization_id)
    mine = Offer.get(Offer.organization == line.caller.organization_id)
    now = max(line.now, other.now) + QUARTER
    offers.expire_several([theirs.id, mine.id], now)
    assert [Offer.get_by_id(one.id).state for one in (mine, theirs)] == ["expired", "expired"]
    for one in (line, other):
        assert Job.select().where(Job.organization == one.caller.organization_id).count() > 0
        open_ = Offer.select().where(
            Offer.organization == one.caller.organization_id, Offer.state == "offered"
        )
        assert [row.contact.name for row in open_] == ["Bob"]


def test_nobodys_turn_is_held_while_a_lapse_waits_for_another_organizations(
    line: Line, other: Line
) -> None:
    if base.dialect() == "sqlite":
        pytest.skip("one lock for everything")
    for one in (line, other):
        one.join_all("Ada Bob")
        one.frees()
    now = max(line.now, other.now) + QUARTER
    taken, go_on = threading.Event(), threading.Event()

    def busy() -> None:
        with base.connection(), base.atomic():
            waitlist_line.take_turn(other.caller.organization_id, "test")
            taken.set()
            assert go_on.wait(30)

    def lapse() -> None:
        with base.connection():
            offers.expire_several([row.id for row in Offer.select().order_by(Offer.id)], now)

    def lapsed(whose: Line) -> bool:
        mine = Offer.organization == whose.caller.organization_id
        return Offer.select().where(mine, Offer.state == "expired").count() == 1

    with ThreadPoolExecutor(2) as pool:
        turn = pool.submit(busy)
        assert taken.wait(10)
        job = pool.submit(lapse)
        try:
            # A lock would be waited for 4 s.
            until(lambda: lapsed(line), "the lapse of what is free", seconds=3.5)
            with base.atomic():
                assert waitlist_line.try_turns([(line.caller.organization_id, "test")])
            assert not lapsed(other)
        finally:
            go_on.set()
        turn.result(10)
        job.result(10)
    assert lapsed(other)


def test_lapses_of_many_cost_two_statements_each_beyond_what_they_share(line: Line) -> None:
    names = [f"P{number}" for number in range(12)]
    for number, name in enumerate(names):
        service = {"id": f"service {number}", "name": "Haircut"}
        line.joins(name, service=service)
        line.frees(starts_at=line.start + timedelta(hours=number), service=service)
    Notification.update(state="reached", next_attempt_at=None).execute()  # all were told
    few, many = _cost(line, *names[:2]), _cost(line, *names[2:])
    assert len(few) <= 12 + 2 * 2, "\n".join(few)
    assert len(many) - len(few) == 2 * (10 - 2), "\n".join(many)


def _cost(line: Line, *names: str) -> list[str]:
    ids = [line.offer(name).id for name in names]
    with heard() as sent:
        offers.expire_several(ids, line.now + QUARTER)
    return [one.sql for one in queries(sent)]
