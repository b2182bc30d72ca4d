"""Everything that can end an offer, at one moment: one does, and nobody waits in a circle."""

import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import GatewayError
from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import bookings, consents, gate, offers, organizations, slots, waitlist
from tests.conftest import StartStack
from tests.together import together
from tests.usecases.desk import LEASE, Desk
from tests.usecases.line import CUT, EVE, Line

Act = Callable[[Line, Offer], object]


def lapses(line: Line, offer: Offer) -> None:
    """Its timer."""
    offers.expire(offer.id, offer.expires_at)


def just_before(verb: Callable[..., object]) -> Act:
    """A decision in the last moment of its time."""
    instant = timedelta(microseconds=1)
    return lambda line, offer: verb(line.caller, offer.id, offer.expires_at - instant)


ACTS: dict[str, Act] = {
    "accept": just_before(offers.accept),
    "decline": just_before(offers.decline),
    "revoke": just_before(offers.revoke),
    "lapse": lapses,
    "leave": lambda line, offer: waitlist.leave(line.caller, offer.waitlist_entry_id, line.now),
    "erase": lambda line, offer: _erase(line, offer),
    "withdraw": lambda line, offer: slots.withdraw(line.caller, offer.slot_id, line.now),
    "accept too": just_before(offers.accept),
}


def _erase(line: Line, offer: Offer) -> None:
    with base.atomic():
        waitlist.forget(offer.organization_id, offer.mode, offer.contact_id, line.now)


@pytest.fixture
def desk(start_stack: StartStack) -> Any:
    """With a connection for everybody."""
    stack = start_stack(parts=(), DATABASE_CONNECTIONS="24")
    with base.connection():
        yield Desk(stack)


def tried(act: Act, line: Line, offer: Offer) -> bool:
    """Whether it did anything."""
    try:
        act(line, offer)
    except GatewayError as fault:
        assert fault.status == 409, fault  # noqa: PT017 - any other fault fails
        return False
    return True


@pytest.mark.row("B1")
def test_of_all_that_ends_an_offer_at_one_moment_one_does(desk: Desk) -> None:
    line = Line(desk.caller, desk.now)
    dice = random.Random(5)
    for turn in range(8):
        line.join_all("Ada Bob")
        slot = line.frees(starts_at=line.start + timedelta(hours=turn))
        offer = Offer.open_on(slot=slot.id)
        assert offer is not None
        acts = dice.sample(sorted(ACTS.items()), 6)
        together(len(acts), lambda number: tried(acts[number][1], line, offer))  # noqa: B023
        _consistent(line, offer, [name for name, _ in acts])
        _clear(line)


def _clear(line: Line) -> None:
    """Nobody waits, and nothing is free."""
    for slot in Slot.select().where(Slot.state.in_(["open", "offered"])):
        slots.withdraw(line.caller, slot.id, line.now)
    for entry in WaitlistEntry.select().where(WaitlistEntry.state.in_(["waiting", "offered"])):
        waitlist.leave(line.caller, entry.id, line.now)


def _consistent(line: Line, seen: Offer, names: list[str]) -> None:
    offer, slot = Offer.get_by_id(seen.id), Slot.get_by_id(seen.slot_id)
    assert offer.state != "offered", names
    assert line.feed(offer) == ["offered", offer.state]
    others = Offer.select().where(Offer.slot == slot.id, Offer.id != offer.id)
    standing = [one.state for one in others if one.state in ("offered", "accepted")]
    booked = Booking.select().where(Booking.external_id == offer.id).count()
    if offer.state == "accepted":
        assert (slot.state, standing, booked) == ("taken", [], 1), names
    else:
        assert booked == 0, names
        wanted = {"offered": ["offered"], "open": [], "withdrawn": []}
        assert standing == wanted[slot.state], (names, slot.state)


@pytest.mark.row("B1")
def test_slots_that_become_free_at_once_go_to_as_many_people_in_order(desk: Desk) -> None:
    line = Line(desk.caller, desk.now)
    line.join_all(" ".join(f"P{number:02d}" for number in range(12)))
    made = [
        desk.book(line.start + timedelta(hours=hour), service=CUT, staff=EVE).booking
        for hour in range(8)
    ]
    together(8, lambda number: bookings.cancel(line.caller, made[number].id, line.now))
    offered = [str(row.contact.name) for row in Offer.select().order_by(Offer.id)]
    assert sorted(offered) == [f"P{number:02d}" for number in range(8)]
    assert Slot.select().where(Slot.state == "offered").count() == 8


@pytest.mark.row("B1")
@pytest.mark.parametrize("name", ["accept", "lapse", "leave", "stop"])
def test_an_offer_that_ends_while_its_message_is_at_the_gate_waits_in_no_circle(
    desk: Desk, name: str
) -> None:
    line = Line(desk.caller, desk.now, waitlist={"channels": ["sms"]}, caps={"day": 500})
    organizations.change(line.caller.organization_id, {"rates": {"waitlist": 5000}})
    acts = {**ACTS, "stop": lambda line, offer: _stop(line, offer)}
    for turn in range(4):
        line.joins("Ada")
        slot = line.frees(starts_at=line.start + timedelta(hours=turn))
        offer = Offer.open_on(slot=slot.id)
        assert offer is not None
        (row,) = line.told(offer)
        claim = dict(desk.claim(line.now))[row.id]
        steps: list[Callable[[], object]] = [
            lambda: gate.open_attempt(row.id, claim, line.now, LEASE),  # noqa: B023
            lambda: tried(acts[name], line, offer),  # noqa: B023
        ]
        opened, _ = together(2, lambda number: steps[number]())  # noqa: B023
        told = desk.row(row.id)
        left = opened is not None
        if name == "stop":
            # Either it was at the gate first, or it is not sent at all.
            assert told.state == ("sending" if left else "suppressed")
        else:
            assert (told.state, told.cancel_requested_at is not None) in (
                ("sending", True), ("canceled", False),
            )  # fmt: skip
            assert (told.state == "sending") == left
        _clear(line)


def _stop(line: Line, offer: Offer) -> None:
    consents.state(
        line.caller, offer.contact_id, "sms", "waitlist", granted=False, source="desk", now=line.now
    )


@pytest.mark.row("B2")
def test_a_timer_is_handled_in_few_statements(desk: Desk) -> None:
    line = Line(desk.caller, desk.now)
    line.join_all(" ".join(f"P{number}" for number in range(40)))
    slot = line.frees()
    offer = Offer.open_on(slot=slot.id)
    assert offer is not None
    asked = itertools.count()
    database = base.db.obj
    plain = database.execute_sql

    def counted(*args: Any, **options: Any) -> Any:
        next(asked)
        return plain(*args, **options)

    database.execute_sql = counted
    try:
        offers.expire(offer.id, offer.expires_at)
    finally:
        del database.execute_sql
    assert line.holder(slot) == "P1"
    assert next(asked) <= 45
