"""Something ends an offer at every moment of its send: nothing of it leaves afterwards."""

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.errors import Over
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.usecases import consents, gate, offers, organizations, waitlist
from tests.usecases.desk import LEASE, Desk
from tests.usecases.line import Line
from tests.usecases.test_last_look import meanwhile

Act = Callable[[Line, Offer], object]


@pytest.fixture
def line(desk: Desk) -> Line:
    """Told by SMS alone."""
    return Line(desk.caller, desk.now, waitlist={"channels": ["sms"]})


def says_stop(line: Line, offer: Offer) -> None:
    """No more of it, on this channel."""
    consents.state(
        line.caller, offer.contact_id, "sms", "waitlist", granted=False, source="desk",
        now=line.now,
    )  # fmt: skip


def leaves(line: Line, offer: Offer) -> None:
    """Off the list."""
    waitlist.leave(line.caller, offer.waitlist_entry_id, line.now)


def erased(line: Line, offer: Offer) -> None:
    """Off every list."""
    waitlist.forget(offer.organization_id, offer.mode, offer.contact_id, line.now)


def takes_it(line: Line, offer: Offer) -> None:
    """Accepted, in another way than by answering."""
    with contextlib.suppress(Over):  # it does so once
        offers.accept(line.caller, offer.id, line.now)


def lapses(line: Line, offer: Offer) -> None:
    """Its time is over."""
    line.now = offer.expires_at
    offers.expire(offer.id, line.now)


ENDS = [says_stop, leaves, erased, takes_it, lapses]


def sent(desk: Desk) -> list[str]:
    """What the carrier was asked to send, by its first words."""
    return [one["text"] for one in desk.stack.sandbox.placed() if one["kind"] == "message"]


def due(desk: Desk, line: Line, row: Notification) -> Notification:
    """The notification, claimed by a clock."""
    desk.now = line.now
    claims = dict(desk.claim(line.now))
    assert row.id in claims
    return desk.row(row.id)


@pytest.mark.row("B1")
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_an_offer_before_it_is_claimed_lets_nothing_leave(
    desk: Desk, line: Line, end: Act
) -> None:
    line.joins("Ada")
    line.frees()
    offer = line.offer("Ada")
    (row,) = line.told(offer)
    end(line, offer)
    desk.work(line.now + timedelta(seconds=1))
    assert [text for text in sent(desk) if "until" in text] == []
    assert desk.row(row.id).state in ("canceled", "suppressed")


@pytest.mark.row("B1")
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_an_offer_between_claim_and_gate_lets_nothing_leave(
    desk: Desk, line: Line, end: Act
) -> None:
    line.joins("Ada")
    line.frees()
    offer = line.offer("Ada")
    row = due(desk, line, line.told(offer)[0])
    end(line, offer)
    assert gate.open_attempt(row.id, row.claim, line.now, LEASE) is None
    assert desk.row(row.id).state in ("canceled", "suppressed")


@pytest.mark.row("B1")
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_an_offer_between_gate_and_connection_lets_nothing_leave(
    desk: Desk, line: Line, end: Act
) -> None:
    line.joins("Ada")
    line.frees()
    offer = line.offer("Ada")
    row = due(desk, line, line.told(offer)[0])
    assert meanwhile(desk, row, lambda: end(line, offer), desk.now).startswith("not asked")
    desk.work(line.now + timedelta(seconds=1))
    assert [text for text in sent(desk) if "until" in text] == []
    assert desk.row(row.id).state in ("canceled", "suppressed")


@pytest.mark.row("B1")
def test_who_can_t_be_told_does_not_hold_up_the_line(desk: Desk, line: Line) -> None:
    line.join_all("Ada Bob")
    slot = line.frees()
    offer = line.offer("Ada")
    says_stop(line, offer)
    desk.work(line.now)
    line.passes()
    assert line.holder(slot) == "Bob"
    assert (line.offer("Ada").state, line.offer("Ada").reason) == ("revoked", "opted_out")


def test_who_opted_out_before_is_passed_over(line: Line) -> None:
    ada, _ = line.join_all("Ada Bob")
    person = Contact.get_by_id(ada.contact_id)
    consents.state(line.caller, person.id, "sms", "all", granted=False, source="desk", now=line.now)
    slot = line.frees()
    assert (line.history(slot), line.state(ada)) == ([("Bob", "offered")], "waiting")


@pytest.mark.row("B3")
def test_ten_offers_leave_a_minute_and_others_wait_until_they_can_be_told(
    desk: Desk, line: Line
) -> None:
    for number in range(55):
        line.joins(f"P{number}")
    slots = [line.frees(starts_at=line.start + timedelta(hours=hour)) for hour in range(55)]
    made = [slot for slot in slots if line.holder(slot)]
    # Those that can be told of in the first five minutes.
    assert 45 <= len(made) <= 50
    assert made == slots[: len(made)]
    begun = line.now
    for step in range(63):
        desk.work(begun + timedelta(seconds=step))
    assert len(sent(desk)) == 10
    line.now = begun + timedelta(seconds=63)
    line.passes(seconds=60)
    assert len([slot for slot in slots if line.holder(slot)]) > len(made)


@pytest.mark.row("B3")
def test_an_organization_has_its_own_rate_of_offers(desk: Desk, line: Line) -> None:
    organizations.change(line.caller.organization_id, {"rates": {"waitlist": 50}})
    for number in range(20):
        line.joins(f"P{number}")
        line.frees(starts_at=line.start + timedelta(hours=number))
    for step in range(3):
        desk.work(line.now + timedelta(seconds=step))
    assert len(sent(desk)) == 20


@pytest.mark.row("B1")
def test_a_stop_right_before_the_connection_gives_it_to_the_next(desk: Desk, line: Line) -> None:
    line.join_all("Ada Bob")
    slot = line.frees()
    offer = line.offer("Ada")
    row = due(desk, line, line.told(offer)[0])
    assert meanwhile(desk, row, lambda: says_stop(line, offer), desk.now).startswith("not asked")
    desk.work(line.now + timedelta(seconds=1))
    line.passes(seconds=2)
    assert (line.state(offer), line.holder(slot)) == ("revoked", "Bob")
