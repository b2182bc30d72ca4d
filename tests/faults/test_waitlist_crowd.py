"""A crowd on one waitlist, many slots free at once, and everybody answers when they like."""

import itertools
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import wallclock
from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import accounts, waitlist
from tests.client import Api
from tests.faults.conftest import Scene, SetScene
from tests.together import together
from tests.waiting import until

PEOPLE, SLOTS, CROWD = 200, 50, 6
RATE = 12.0  # a minute passes in five seconds
ENOUGH = 35  # real seconds, after which the rest is withdrawn
CUT = {"id": "cut", "name": "Haircut"}


def everybody_joins(scene: Scene) -> None:
    """Two hundred, one after the other."""
    now = wallclock.now()
    caller = accounts.authenticate(scene.stack.account.test_key, now)
    for number in range(PEOPLE):
        wish = waitlist.Wish(
            contact={"name": f"P{number}", "phone": f"+1202556{number:04d}"}, service=CUT,
            since=now, until=now + timedelta(days=9),
        )  # fmt: skip
        waitlist.join(caller, wish, wallclock.now())


def all_free_at_once(scene: Scene) -> None:
    """Fifty, by clients of their own."""
    start = datetime.now(UTC) + timedelta(days=3)

    def free(number: int) -> None:
        body = {
            "starts_at": (start + timedelta(hours=number)).isoformat(), "duration_minutes": 45,
            "service": CUT, "staff": {"id": "m-3"},
        }  # fmt: skip
        client = Api(scene.stack.web.url, scene.stack.account.test_key)
        for step in range(number, SLOTS, CROWD):
            moved = body | {"starts_at": (start + timedelta(hours=step)).isoformat()}
            until(lambda: client.ask("POST", "/slots", json=moved).ok, "a slot", 60)  # noqa: B023

    together(CROWD, free)


def some_take_and_some_leave_it(scene: Scene, seed: int) -> Counter[int]:
    """Until nothing is offered any more: of six people at telephones each takes what they see in
    the last moment of an offer or earlier, lets it go, or looks on; but every sixth offer nobody
    answers. The HTTP statuses."""
    answered: Counter[int] = Counter()
    ends = time.monotonic() + ENOUGH

    def answer(number: int) -> None:
        dice = random.Random(seed + number)
        client = Api(scene.stack.web.url, scene.stack.account.test_key)
        while time.monotonic() < ends:
            seen = client.ask("GET", "/offers", params={"state": "offered", "limit": 50})
            open_ = seen.json()["data"] if seen.ok else []
            if seen.ok and not open_:
                return
            open_ = [offer for offer in open_ if random.Random(offer["id"]).random() > 1 / 6]
            for offer in dice.sample(open_, min(4, len(open_))):
                fate = dice.random()
                left = datetime.fromisoformat(offer["expires_at"]) - wallclock.now()
                if fate < 0.35 and timedelta(0) < left < timedelta(seconds=20):
                    # Together with its timer: a little before its end, or a little after.
                    time.sleep(max(0.0, left.total_seconds() / RATE + dice.uniform(-0.05, 0.03)))
                verb = "accept" if fate < 0.6 else "decline" if fate < 0.7 else "revoke"
                if fate < 0.75:
                    said = client.ask("POST", f"/offers/{offer['id']}/{verb}")
                    answered[said.status_code] += 1

    together(CROWD, answer)
    return answered


@pytest.mark.row("B1")
@pytest.mark.row("B2")
def test_of_two_hundred_people_and_fifty_slots_every_slot_has_one_holder(
    set_scene: SetScene, tmp_path: Path
) -> None:
    clock = tmp_path / "clock.json"
    wallclock.set_reading(str(clock), datetime.now(UTC), RATE)
    leases = {"CLAIM_LEASE_SECONDS": "15", "SENDING_LEASE_SECONDS": "60"}  # nobody is killed here
    scene = set_scene(GATEWAY_CLOCK_FILE=str(clock), DATABASE_CONNECTIONS="32", **leases)
    try:
        terms = {"minutes": 1, "channels": ["sms"]}
        policy = {"quiet_hours": None, "caps": {}, "waitlist": terms}
        changes = {"policy": policy, "rates": {"waitlist": 5000}, "reminders": []}
        scene.stack.api.take("PATCH", "/organization", json=changes)
        with base.connection():
            everybody_joins(scene)
        for roles in (("worker",), ("worker",), ("clock",)):
            scene.crew.start(*roles)
        all_free_at_once(scene)
        answered = some_take_and_some_leave_it(scene, seed=11)
        the_rest_is_withdrawn(scene)
        with base.connection():
            _every_slot_has_one_holder()
            _every_offer_has_one_outcome()
            _the_line_kept_its_order()
            states = Counter(row.state for row in Offer.select())
        assert set(answered) <= {200, 409, 503}  # so many on two cores may wait too long
        assert answered[409], "nobody raced"
        assert states["expired"], states
        assert states["accepted"], states  # the more, the less the machine has to do
    finally:
        wallclock.follow(None)


def the_rest_is_withdrawn(scene: Scene) -> None:
    """What nobody took by then, while timers still run out."""
    for state in ("offered", "open"):
        query = {"state": state, "limit": 200}
        for slot in scene.stack.api.take("GET", "/slots", params=query)["data"]:
            path = f"/slots/{slot['id']}"
            until(
                lambda: scene.stack.api.ask("DELETE", path).status_code in (200, 409),  # noqa: B023
                "the withdrawal", 60,
            )  # fmt: skip
    with base.connection():
        open_ = Offer.select().where(Offer.state == "offered")
        until(lambda: not open_.exists(), "the end of every offer", 30)


def _every_slot_has_one_holder() -> None:
    taken = {slot.id: slot.booking_id for slot in Slot.select().where(Slot.state == "taken")}
    accepted = list(Offer.select().where(Offer.state == "accepted"))
    assert {offer.slot_id: offer.booking_id for offer in accepted} == taken
    assert len({offer.waitlist_entry_id for offer in accepted}) == len(accepted) == len(taken)
    booked = {row.id: row for row in Booking.select()}
    assert sorted(booked) == sorted(str(id_) for id_ in taken.values())
    assert all(booked[offer.booking_id].contact_id == offer.contact_id for offer in accepted)
    holders = {row.contact_id for row in WaitlistEntry.select().where(
        WaitlistEntry.state == "accepted")}  # fmt: skip
    assert holders == {offer.contact_id for offer in accepted}
    assert Slot.select().count() == SLOTS


def _every_offer_has_one_outcome() -> None:
    moves: dict[str, list[str]] = {}
    for entry in FeedEntry.select().where(FeedEntry.object == "offer").order_by(FeedEntry.id):
        moves.setdefault(entry.object_id, []).append(str(entry.state))
    by_slot: dict[str, list[Offer]] = {}
    for offer in Offer.select().order_by(Offer.offered_at):
        assert moves[offer.id] == ["offered", offer.state]
        if offer.state == "expired":
            assert offer.ended_at >= offer.expires_at
        elif offer.state != "revoked":  # withdrawn, it may be, before its timer came to it
            assert offer.ended_at < offer.expires_at
        by_slot.setdefault(offer.slot_id, []).append(offer)
    for offers in by_slot.values():
        for one, following in itertools.pairwise(offers):
            assert one.ended_at <= following.offered_at
            assert one.state != "accepted"
    told = Notification.select().where(Notification.rule == "offer")
    assert told.count() == Offer.select().count()


def _the_line_kept_its_order() -> None:
    """Whoever was offered a slot was, of all who waited at that moment and had not been offered it
    before, the one who came first."""
    came = {row.id: at for at, row in enumerate(
        WaitlistEntry.select().order_by(WaitlistEntry.created_at, WaitlistEntry.id))}  # fmt: skip
    offers: dict[str, Any] = {offer.id: offer for offer in Offer.select()}
    waiting: set[str] = set()
    had: dict[str, set[str]] = {}
    wanted = FeedEntry.object.in_(["waitlist_entry", "offer"])
    offered_now = ""
    for entry in FeedEntry.select().where(wanted).order_by(FeedEntry.id):
        if entry.type == "waitlist_entry.waiting":
            waiting.add(entry.object_id)
        elif entry.type == "waitlist_entry.offered":
            offered_now = entry.object_id
        elif entry.type == "offer.offered":
            offer = offers[entry.object_id]
            before = had.setdefault(offer.slot_id, set())
            assert offer.waitlist_entry_id == offered_now
            assert offered_now == min(waiting - before, key=lambda id_: came[id_])
            before.add(offered_now)
            waiting.discard(offered_now)
