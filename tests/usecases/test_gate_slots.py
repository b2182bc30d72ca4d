"""The slots of those that come to the gate together, and who is waited for."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.models.notification import LET_GO, Notification
from gateway.models.pace import CATCH_UP
from gateway.models.rate import Rate
from gateway.usecases import gate, gate_batches
from tests.usecases.crowd import LEASE, NOW, Opening, account_scope

NEAR = timedelta(milliseconds=250)
MICRO = timedelta(microseconds=1)


def _slot(id_: str, opened: dict[str, datetime | None]) -> datetime | str:
    """When it may leave, or that it waits for the rate."""
    row = Notification.get_by_id(id_)
    if row.held_by:
        return "held"
    return opened[id_] or NOW if id_ in opened else row.slot_at


@pytest.mark.row("A7")
def test_slots_are_those_that_each_would_have_got_alone(crowd: Opening) -> None:
    @given(st.integers(1, 20), st.sampled_from([0.4, 3.0, 7.0, 80.0]),
           st.sampled_from([None, 2.0, 30.0]), st.booleans())  # fmt: skip
    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def alike(how_many: int, rate: float, whole: float | None, let_go: bool) -> None:
        alone, together = crowd(), crowd()
        for one in (alone, together):
            one.sender("sms", rate, account_scope().split("|")[2])
            if whole is not None:
                Rate.put(f"rate|{one.organization}", whole)
            for _ in range(how_many):
                one.adds(one.person(), "sms", slot_at=LET_GO if let_go else None)
        expected = {one.notification.id: one.leave_at for one in alone.alone()}
        came = {one.notification.id: one.leave_at for one in together.together()}
        slots = [_slot(id_, expected) for id_ in alone.rows]
        assert [_slot(id_, came) for id_ in together.rows] == slots
        assert all(at is None or NOW < at <= NOW + NEAR for at in came.values())
        for id_, other in zip(alone.rows, together.rows, strict=True):
            assert id_ not in expected or other in came

    alike()


@pytest.mark.row("A7")
def test_batches_never_leave_faster_than_their_sender_may(crowd: Opening) -> None:
    batch = st.tuples(st.integers(1, 12), st.integers(0, 900))

    @given(st.sampled_from([0.5, 4.0, 80.0, 333.0]), st.lists(batch, min_size=1, max_size=6))
    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def paced(rate: float, batches: list[tuple[int, int]]) -> None:
        mine, at, left = crowd(), NOW, list[datetime]()
        mine.sender("sms", rate, account_scope().split("|")[2])
        for size, later in batches:
            at += timedelta(milliseconds=later)
            came = [mine.adds(mine.person(), "sms", slot_at=LET_GO) for _ in range(size)]
            opened, _ = gate_batches.open_together([(row.id, 1) for row in came], at, LEASE)
            left += [one.leave_at or at for one in opened]
            put_back = [Notification.get_by_id(row.id) for row in came]
            left += [row.slot_at for row in put_back if row.slot_at and row.slot_at > NOW]
        gap, left = timedelta(seconds=1 / rate), sorted(left)
        made_up = CATCH_UP if rate >= 16 else timedelta(0)
        for number, first in enumerate(left):
            for after, then in enumerate(left[number:]):
                assert then - first >= after * gap - made_up - after * MICRO

    paced()


@pytest.mark.row("A7")
def test_a_lone_row_waits_for_a_slot_that_is_a_moment_away(crowd: Opening) -> None:
    mine = crowd()
    mine.sender("sms", 10.0, account_scope().split("|")[2])
    first, second, third = (mine.adds(mine.person(), "sms") for _ in range(3))
    tenth, then = timedelta(milliseconds=100), NOW + timedelta(milliseconds=60)
    opened = [gate.open_attempt(first.id, 1, NOW, LEASE)]
    opened += [gate.open_attempt(row.id, 1, then, LEASE) for row in (second, third)]
    assert [one and one.leave_at for one in opened] == [None, NOW + tenth, None]
    late = Notification.get_by_id(third.id)
    assert (late.state, late.slot_at) == ("scheduled", NOW + 2 * tenth)
    assert late.next_attempt_at == late.slot_at


@pytest.mark.row("A7")
def test_rows_with_many_slots_a_second_come_by_the_tenth_and_leave_at_their_slots(
    crowd: Opening,
) -> None:
    mine = crowd()
    mine.sender("sms", 80.0, account_scope().split("|")[2])
    for _ in range(48):
        mine.adds(mine.person(), "sms")
    slots = [NOW + number * timedelta(milliseconds=12.5) for number in range(48)]
    opened, left = gate_batches.open_together(mine.claims, NOW, LEASE)
    assert ([one.leave_at or NOW for one in opened], left) == (slots[:21], [])
    while waiting := [row for row in map(Notification.get_by_id, mine.rows) if row.slot_at]:
        at = min(row.next_attempt_at for row in waiting)
        due = [row.id for row in waiting if row.next_attempt_at == at]
        Notification.update(state="due", claim=2).where(Notification.id.in_(due)).execute()
        late = at + timedelta(milliseconds=30)
        came, left = gate_batches.open_together([(id_, 2) for id_ in due], late, LEASE)
        assert (len(came), left) == (len(due), [])
        opened += came
    assert [one.leave_at or NOW for one in opened] == slots
    rounds = {one.attempt.created_at for one in opened}
    assert len(rounds) == 5
