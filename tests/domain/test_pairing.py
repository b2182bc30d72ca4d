"""Whose call is whose, when our own record of it is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.lifecycle import CallState
from gateway.domain.pairing import EARLY, LATE, Expecting, pair, reserved
from gateway.domain.provider import Found

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def call(name: str, seconds: float, state: CallState = CallState.COMPLETED) -> Found:
    return Found(name, str(state), state, at(seconds))


def row(name: str, due: float, *, expires: float = 86400, **more: object) -> Expecting:
    values: dict[str, object] = {"waits": True, **more}
    return Expecting(name, at(due), at(expires), **values)  # type: ignore[arg-type]


def shown(rows: list[Expecting], calls: list[Found]) -> dict[str, list[str]]:
    """The ids of the calls of each row; those suspected with a question mark."""
    return {
        name: [one.external_id for one in owned.attempts]
        + [f"{one.external_id}?" for one in owned.suspected]
        for name, owned in pair(rows, calls).items()
    }


def test_calls_and_rows_meet_in_time_order() -> None:
    rows, calls = [row("b", 60), row("a", 0)], [call("2", 61), call("1", 1)]
    assert shown(rows, calls) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("seconds", "fits"),
    [(-6, False), (-5, True), (0, True), (100, True), (145, True), (146, False)],
)
def test_a_call_fits_from_a_little_before_due_to_a_little_after_expired(
    seconds: float, fits: bool
) -> None:
    assert bool(pair([row("a", 0, expires=100)], [call("1", seconds)])) is fits


def test_after_a_failed_call_a_further_one_is_an_attempt_else_it_is_suspected() -> None:
    busy = [call("1", 0, CallState.BUSY), call("2", 300), call("3", 600)]
    assert shown([row("a", 0)], busy) == {"a": ["1", "2", "3?"]}


def test_a_row_without_a_call_comes_before_a_further_one_for_another() -> None:
    calls = [call("1", 0, CallState.BUSY), call("2", 300)]
    assert shown([row("a", 0), row("b", 10)], calls) == {"a": ["1"], "b": ["2"]}
    assert shown([row("a", 0), row("b", 400)], calls) == {"a": ["1", "2"]}


@pytest.mark.parametrize(
    ("last", "follows"),
    [
        (None, True),
        (CallState.BUSY, True),
        (CallState.FAILED, True),
        (CallState.COMPLETED, False),
        (CallState.RINGING, False),
        (CallState.UNKNOWN, False),
    ],
)
def test_what_has_an_attempt_may_have_another_only_if_that_one_failed(
    last: CallState | None, follows: bool
) -> None:
    assert bool(pair([row("a", 0, waits=False, last=last)], [call("1", 300)])) is follows


def test_within_one_second_what_is_over_came_first() -> None:
    calls = [call("1", 0, CallState.RINGING), call("2", 0)]
    assert shown([row("a", 0)], calls) == {"a": ["2", "1?"]}


def test_a_call_is_reserved_for_an_attempt_of_its_time_and_one_for_each() -> None:
    calls = [call("2", 2), call("1", 1), call("9", 90)]
    assert reserved([at(0)], calls) == {"1"}
    assert reserved([at(0), at(1)], calls) == {"1", "2"}
    assert reserved([at(-60), at(200)], calls) == set()


STATES = st.sampled_from([CallState.COMPLETED, CallState.BUSY, CallState.QUEUED])
ROWS = st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=6)
CALLS = st.lists(st.tuples(st.integers(0, 400), STATES), max_size=8)


@given(ROWS, CALLS)
def test_each_call_goes_to_one_row_and_none_that_fits_a_waiting_row_is_left(
    due: list[tuple[int, bool]], made: list[tuple[int, CallState]]
) -> None:
    rows = [row(f"r{n}", at_, waits=waits) for n, (at_, waits) in enumerate(due)]
    calls = [call(f"c{n}", at_, state) for n, (at_, state) in enumerate(made)]
    pairs = pair(rows, calls)
    given_ = [
        one.external_id for owned in pairs.values() for one in owned.attempts + owned.suspected
    ]
    assert len(given_) == len(set(given_))
    by_id = {one.id: one for one in rows}
    for name, owned in pairs.items():
        assert owned.attempts, "a suspected call is beside another"
        for one in owned.attempts + owned.suspected:
            assert one.created_at is not None
            assert by_id[name].due_at - EARLY <= one.created_at
            assert one.created_at <= by_id[name].expires_at + LATE
    bare = [one for one in rows if one.waits and one.id not in pairs]
    for one in calls:
        assert one.created_at is not None
        if one.external_id not in given_:
            assert not any(other.may_have(one.created_at) for other in bare)
