"""The waitlist: who is next for what is free, and what becomes of an offer."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Over
from gateway.domain.reminders import BEFORE, Rule
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.usecases import offers, slots, waitlist
from tests.usecases.desk import Desk
from tests.usecases.line import CUT, EVE, QUARTER, Line


@pytest.fixture
def line(desk: Desk) -> Line:
    """Nobody waits yet."""
    return Line(desk.caller, desk.now)


@pytest.mark.row("B1")
def test_a_free_slot_is_offered_to_whoever_waits_longest(line: Line) -> None:
    ada, _ = line.join_all("Ada Bob")
    slot = line.frees()

    offer = line.offer("Ada")
    assert (line.holder(slot), line.state(slot), line.state(ada)) == ("Ada", "offered", "offered")
    assert (offer.state, offer.expires_at - offer.offered_at) == ("offered", QUARTER)
    (row,) = line.told(offer)
    assert (row.purpose, row.kind, row.rule) == ("waitlist", "offer", "offer")
    assert (row.lane, row.expires_at) == ("messages:2", offer.expires_at)
    assert [step["channel"] for step in row.plan] == ["whatsapp", "sms"]


@pytest.mark.row("B1")
def test_what_nobody_takes_in_a_quarter_of_an_hour_goes_to_the_next(line: Line) -> None:
    ada, bob, _ = line.join_all("Ada Bob Cay")
    slot = line.frees()
    line.passes(minutes=15, microseconds=-1)
    assert line.holder(slot) == "Ada"
    line.passes(microseconds=1)
    assert line.holder(slot) == "Bob"
    assert (line.state(ada), line.state(bob)) == ("waiting", "offered")
    line.passes(minutes=60)

    assert line.history(slot) == [("Ada", "expired"), ("Bob", "expired"), ("Cay", "expired")]
    assert line.state(slot) == "open"
    assert line.feed(ada) == ["waiting", "offered", "waiting"]
    assert line.feed(slot) == ["open", *["offered", "open"] * 3]


@pytest.mark.row("B1")
def test_accepting_books_and_stops_the_timer(line: Line) -> None:
    ada, bob = line.join_all("Ada Bob")
    slot = line.frees()
    decided = offers.accept(line.caller, line.offer("Ada").id, line.now)

    booking = decided.booking
    assert booking is not None
    assert (booking.starts_at, booking.duration_minutes) == (slot.starts_at, 45)
    assert (booking.contact_id, booking.staff_id) == (ada.contact_id, slot.staff_id)
    assert booking.service == {**CUT, "price": "45.00 EUR"}
    assert booking.external_id == decided.offer.id
    assert [rule["minutes"] for rule in booking.reminders] == [1440, 180]
    assert (line.state(slot), line.state(ada), line.state(bob)) == ("taken", "accepted", "waiting")
    assert line.next_job(slot.starts_at - timedelta(hours=1)) is None
    line.passes(hours=1)
    assert line.history(slot) == [("Ada", "accepted")]
    assert slots.show(line.caller, slot.id).booking_id == booking.id


@pytest.mark.row("B1")
def test_who_accepts_is_told_that_it_is_booked_and_no_more_of_the_offer(line: Line) -> None:
    line.join_all("Ada")
    line.frees()
    offers.accept(line.caller, line.offer("Ada").id, line.now)

    booked, offer = sorted(line.told(line.offer("Ada")), key=lambda row: row.rule)
    assert (offer.state, offer.reason) == ("canceled", "over")
    assert (booked.wording, booked.channel) == ({"template": "waitlist_accepted"}, "whatsapp")
    assert booked.booking_id == line.offer("Ada").booking_id


@pytest.mark.parametrize("verb", [offers.accept, offers.decline, offers.revoke])
@pytest.mark.parametrize("end", ["accepted", "declined", "revoked", "expired"])
def test_what_is_decided_is_not_decided_again(line: Line, end: str, verb: object) -> None:
    line.join_all("Ada")
    line.frees()
    offer = line.offer("Ada")
    if end == "expired":
        line.now = offer.expires_at  # before its timer
    else:
        act = {"accepted": offers.accept, "declined": offers.decline, "revoked": offers.revoke}
        act[end](line.caller, offer.id, line.now)
    with pytest.raises(Over) as refused:
        verb(line.caller, offer.id, line.now)  # type: ignore[operator]
    assert (refused.value.state, refused.value.status) == (end, 409)
    assert Booking.select().count() == (end == "accepted")


@pytest.mark.parametrize("verb", [offers.decline, offers.revoke])
def test_what_is_let_go_or_taken_back_goes_to_the_next_at_once(line: Line, verb: object) -> None:
    ada, _ = line.join_all("Ada Bob")
    slot = line.frees()
    first = line.offer("Ada")
    verb(line.caller, first.id, line.now)  # type: ignore[operator]

    assert (line.holder(slot), line.state(ada)) == ("Bob", "waiting")
    (row,) = line.told(first)
    assert row.state == "canceled"
    # Her place in line is kept: the next free slot is hers again.
    other = line.frees(starts_at=line.start + timedelta(hours=1))
    assert line.holder(other) == "Ada"


def test_the_same_slot_is_never_offered_to_the_same_person_twice(line: Line) -> None:
    ada = {"external_id": "c-1", "phone": "+12025560999"}
    line.joins("Ada", contact=ada)
    line.joins("Ada", contact=ada)
    slot = line.frees()
    line.passes(minutes=15)
    assert line.history(slot) == [("Ada", "expired")]
    assert line.state(slot) == "open"


def test_whoever_comes_to_wait_for_what_is_open_is_offered_it_at_once(line: Line) -> None:
    slot = line.frees()
    assert line.state(slot) == "open"
    line.joins("Ada")
    assert line.holder(slot) == "Ada"


def test_whoever_lets_one_go_is_offered_the_next_that_is_open(line: Line) -> None:
    line.joins("Ada")
    first, second = line.frees(), line.frees(starts_at=line.start + timedelta(hours=1))
    assert (line.holder(first), line.holder(second)) == ("Ada", None)
    offers.decline(line.caller, line.offer("Ada").id, line.now)
    assert (line.holder(first), line.holder(second)) == (None, "Ada")


def test_only_what_somebody_waits_for_is_offered_to_them(line: Line) -> None:
    day = timedelta(days=1)
    line.joins("Service", service={"id": "color"})
    line.joins("Staff", staff={"external_id": "m-4"})
    line.joins("Early", until=line.start)  # the end is not within
    line.joins("Late", since=line.start + timedelta(seconds=1))
    slot = line.frees()
    assert line.holder(slot) is None
    line.joins("Right", since=line.start, until=line.start + day, staff=EVE)
    assert line.holder(slot) == "Right"


def test_whoever_leaves_the_list_leaves_what_is_held_for_them_to_the_next(line: Line) -> None:
    ada, bob = line.join_all("Ada Bob")
    slot = line.frees()
    waitlist.leave(line.caller, ada.id, line.now)
    waitlist.leave(line.caller, ada.id, line.now)
    assert (line.state(ada), line.holder(slot)) == ("revoked", "Bob")
    offers.accept(line.caller, line.offer("Bob").id, line.now)
    with pytest.raises(Over):
        waitlist.leave(line.caller, bob.id, line.now)


def test_an_erased_person_is_on_no_list(line: Line) -> None:
    ada = {"external_id": "c-1", "phone": "+12025560999"}
    first, second = line.joins("Ada", contact=ada), line.joins("Ada", contact=ada)
    bob = line.joins("Bob")
    slot = line.frees()
    waitlist.forget(ada_of := line.caller.organization_id, "test", first.contact_id, line.now)
    assert ada_of == first.organization_id
    assert [line.state(one) for one in (first, second, bob)] == ["revoked", "revoked", "offered"]
    assert line.holder(slot) == "Bob"


def test_an_entry_whose_time_has_passed_expires(line: Line) -> None:
    ada = line.joins("Ada", until=line.now + timedelta(days=1))
    line.passes(days=1, seconds=2)
    assert line.state(ada) == "expired"
    assert line.holder(line.frees()) is None


def test_the_words_of_an_offer_say_all_that_is_known(line: Line, desk: Desk) -> None:
    line.joins("Ada")
    line.frees()
    (row,) = line.told(line.offer("Ada"))
    desk.work(line.now + timedelta(seconds=1))
    (sent,) = desk.stack.sandbox.placed()[-1:]
    assert Notification.get_by_id(row.id).state in ("sending", "reached")
    for said in ("Hello Ada.", "Practice", "for Haircut", "with Eve", "45 minutes", "€45.00",
                 "Reply 1 to take it"):  # fmt: skip
        assert said in sent["text"], sent["text"]


def test_a_rule_for_reminders_comes_with_the_organization(line: Line) -> None:
    line.joins("Ada")
    line.frees()
    decided = offers.accept(line.caller, line.offer("Ada").id, line.now)
    assert decided.booking is not None
    rules = [Rule.from_json(kept) for kept in decided.booking.reminders]
    assert {rule.kind for rule in rules} == {BEFORE}
    assert len(Notification.of_subject("booking", decided.booking.id)) == 2
