"""What a batch at the gate costs, and what may happen to it."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.models import base, last_look
from gateway.models.attempts import of_notifications
from gateway.models.booking import Booking
from gateway.models.notification import LET_GO, Notification
from gateway.models.rate import Rate
from gateway.usecases import gate_batches
from tests.databases import ON_POSTGRESQL
from tests.statements import heard, queries
from tests.usecases.crowd import LEASE, NOW, Opening, account_scope

MOST = 12  # statements for a batch of plain rows


@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_a_batch_costs_the_same_statements_however_many_claims_it_has(
    crowd: Opening, channel: str
) -> None:
    first = crowd()
    first.adds(first.person(), channel)
    assert first.together(), "the shared sender has its row since then"
    spent = []
    for size in (2, 8, 32):
        mine = crowd()
        for number in range(size):
            person = mine.person()
            booking = mine.booking(person)
            more = {"booking": booking.id, "purpose": "reminder", "wording": {}}
            mine.adds(person, channel, kind="before" if number % 2 else "call", **more)
        with heard() as said:
            opened, left = gate_batches.open_together(mine.claims, NOW, LEASE)
        assert (len(opened), left) == (size, [])
        spent.append([one.sql for one in queries(said)])
    assert len({len(said) for said in spent}) == 1
    assert len(spent[0]) <= MOST, "\n".join(spent[0])


def test_a_batch_in_which_anything_goes_wrong_is_left_one_by_one(crowd: Opening) -> None:
    mine = crowd()
    for _ in range(3):
        mine.adds(mine.person())
    broken = mine.adds(mine.person(), booking=mine.booking(mine.person()).id)
    Booking.update(state="nothing").where(Booking.id == broken.booking_id).execute()
    before = [dict(Notification.get_by_id(id_).__data__) for id_ in mine.rows]
    assert gate_batches.open_together(mine.claims, NOW, LEASE) == ([], mine.claims)
    assert [dict(Notification.get_by_id(id_).__data__) for id_ in mine.rows] == before
    assert of_notifications(mine.rows) == []


def test_what_is_nobodys_any_more_or_failed_before_comes_alone(crowd: Opening) -> None:
    mine = crowd()
    plain = mine.adds(mine.person())
    unplain = ({"failures": 1}, {"tries": 1}, {"claim": 6}, {"state": "reached"})
    others: list[dict[str, Any]] = list(unplain)
    for more in others:
        mine.adds(mine.person(), **more)
    claims = [*mine.claims, (plain.id, 7), ("nt_nobody", 1)]
    opened, left = gate_batches.open_together(claims, NOW, LEASE)
    assert [one.notification.id for one in opened] == [plain.id]
    assert left == claims[1:]


@ON_POSTGRESQL
def test_a_row_that_somebody_holds_keeps_no_other_waiting(crowd: Opening) -> None:
    mine = crowd()
    free, busy = mine.adds(mine.person()), mine.adds(mine.person())

    def open_others() -> tuple[Any, Any]:
        with base.connection():
            return gate_batches.open_together([(busy.id, 1), (free.id, 1)], NOW, LEASE)

    with ThreadPoolExecutor(1) as pool, base.atomic():
        Notification.locked(busy.id)
        opened, left = pool.submit(open_others).result()
    assert [one.notification.id for one in opened] == [free.id]
    assert left == [(busy.id, 1)]


@pytest.mark.row("A4")
def test_a_batch_handed_out_several_times_at_once_is_opened_once(crowd: Opening) -> None:
    mine = crowd()
    for _ in range(12):
        mine.adds(mine.person())

    def come(seed: int) -> int:
        claims = [(id_, 1) for id_ in random.Random(seed).sample(mine.rows, 12)]
        with base.connection():
            return len(gate_batches.open_together(claims, NOW, LEASE)[0])

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(come, range(8)))
    assert sum(opened) == 12
    assert len(of_notifications(mine.rows)) == 12


def test_a_last_look_at_several_attempts_sees_what_each_would_see(crowd: Opening) -> None:
    mine = crowd()
    people = [mine.person() for _ in range(4)]
    for person, channel in zip(people, ["voice", "sms", "sms", "voice"], strict=True):
        booking = mine.booking(person)
        mine.adds(person, channel, booking=booking.id)
    opened = mine.together()
    mine.stops(people[1], "sms")
    Notification.update(cancel_requested_at=NOW).where(Notification.id == mine.rows[0]).execute()
    moved = Booking.update(schedule_version=2)
    moved.where(Booking.id == opened[2].notification.booking_id).execute()
    asked_of = [(one.attempt.id, one.notification.claim) for one in opened]
    with heard() as spent:
        seen = last_look.look_each(asked_of)
    assert len(spent) == 2
    assert seen == {id_: last_look.look(id_, claim) for id_, claim in asked_of}
    found = [seen[one.attempt.id] for one in opened]
    assert [one.canceled for one in found] == [True, False, False, False]
    assert [one.opted_out for one in found] == [False, True, False, False]
    assert [one.in_force for one in found] == [True, True, False, True]


@ON_POSTGRESQL
@pytest.mark.row("A4")
def test_batches_that_meet_at_people_lines_and_senders_wait_for_no_other(crowd: Opening) -> None:
    many, account = [crowd() for _ in range(3)], account_scope().split("|")[2]
    for one in many:
        one.obeys(quiet_hours=None, caps={"day": 50})
        Rate.put(f"rate|{one.organization}", 900.0)
        one.sender("sms", 900.0, account)
        people = [one.person() for _ in range(24)]
        for person in people * 3:
            one.adds(person, "sms", kind="before", slot_at=LET_GO)
    rows = [id_ for one in many for id_ in one.rows]
    random.Random(7).shuffle(rows)
    parts = [[(id_, 1) for id_ in rows[start::9]] for start in range(9)]

    def come(part: list[tuple[str, int]]) -> tuple[int, int]:
        with base.connection():
            opened, left = gate_batches.open_together(part, NOW, LEASE)
        return len(opened), len(left)

    with ThreadPoolExecutor(9) as pool:
        came = list(pool.map(come, parts))
    made = of_notifications(rows)
    assert len(made) == sum(opened for opened, _ in came) == 3 * 24, "one for each line"
    assert len({one.open_key for one in made}) == len(made)
