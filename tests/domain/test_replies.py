"""What an answer about an appointment comes to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.keywords import Reply
from gateway.domain.lifecycle import BOOKING_MOVES, BookingState
from gateway.domain.replies import Effect, Standing, effect

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(hours=3)
OPEN = Standing(BookingState.BOOKED, SOON, SOON, speaks=True, move_asked=False)

REPLIES = st.sampled_from(Reply)
STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(BookingState),
    starts_at=st.sampled_from([NOW - timedelta(hours=1), NOW, SOON]),
    told_start=st.sampled_from([None, NOW, SOON, SOON + timedelta(days=1)]),
    speaks=st.booleans(),
    move_asked=st.booleans(),
)


def test_one_confirms_two_asks_to_move_three_cancels() -> None:
    done = [effect(reply, OPEN, NOW) for reply in Reply]
    assert done == [Effect.CONFIRM, Effect.ASK_TO_MOVE, Effect.CANCEL]


def test_saying_the_same_again_does_nothing() -> None:
    confirmed = replace(OPEN, state=BookingState.CONFIRMED)
    assert effect(Reply.CONFIRM, confirmed, NOW) == Effect.NOTHING
    assert effect(Reply.MOVE, replace(OPEN, move_asked=True), NOW) == Effect.NOTHING


def test_confirming_takes_back_a_wish_to_move() -> None:
    wavering = replace(OPEN, state=BookingState.CONFIRMED, move_asked=True)
    assert effect(Reply.CONFIRM, wavering, NOW) == Effect.CONFIRM


@given(REPLIES, STANDINGS)
def test_nothing_is_changed_for_strangers_nor_once_it_began_or_is_over(
    reply: Reply, standing: Standing
) -> None:
    done = effect(reply, standing, NOW)
    open_ = standing.state in (BookingState.BOOKED, BookingState.CONFIRMED)
    if not (standing.speaks and open_ and standing.starts_at > NOW):
        assert done == Effect.NOTHING


@given(REPLIES, STANDINGS)
def test_an_answer_to_what_is_not_true_any_more_changes_nothing(
    reply: Reply, standing: Standing
) -> None:
    if standing.told_start not in (None, standing.starts_at):
        assert effect(reply, standing, NOW) in (Effect.NOTHING, Effect.TELL_ANEW)


@given(REPLIES, STANDINGS)
def test_every_effect_is_a_legal_move_of_the_booking(reply: Reply, standing: Standing) -> None:
    targets = {Effect.CONFIRM: BookingState.CONFIRMED, Effect.CANCEL: BookingState.CANCELED}
    target = targets.get(effect(reply, standing, NOW))
    if target is not None and target != standing.state:
        assert target in BOOKING_MOVES[standing.state]


@pytest.mark.parametrize("reply", list(Reply))
def test_a_stranger_with_the_same_message_decides_nothing(reply: Reply) -> None:
    assert effect(reply, replace(OPEN, speaks=False), NOW) == Effect.NOTHING
