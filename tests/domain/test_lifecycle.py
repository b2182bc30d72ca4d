"""The tables of states: closed, without a way out of the end but by correction."""

from enum import StrEnum
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.lifecycle import (
    BOOKING_MOVES,
    CALL_MOVES,
    CALL_RANK,
    INVOICE_MOVES,
    MESSAGE_MOVES,
    NOTIFICATION_MOVES,
    OUTCOMES,
    PENDING,
    CallState,
    MessageState,
    NotificationState,
    advances,
    is_final,
    sources,
)

N, C, M = NotificationState, CallState, MessageState
TABLES = [NOTIFICATION_MOVES, CALL_MOVES, MESSAGE_MOVES, BOOKING_MOVES, INVOICE_MOVES]
ENDINGS = {C.COMPLETED, C.BUSY, C.NO_ANSWER, C.FAILED, C.CANCELED}


@pytest.mark.parametrize(
    "table", TABLES, ids=["notification", "call", "message", "booking", "invoice"]
)
def test_every_state_is_in_its_table_and_no_move_leads_nowhere(
    table: dict[StrEnum, frozenset[StrEnum]],
) -> None:
    kind = type(next(iter(table)))
    assert set(table) == set(kind)
    assert all(set(targets) <= set(kind) for targets in table.values())
    assert all(state not in targets for state, targets in table.items())


@pytest.mark.parametrize(
    "table", TABLES, ids=["notification", "call", "message", "booking", "invoice"]
)
def test_every_state_can_be_reached_from_the_first(
    table: dict[StrEnum, frozenset[StrEnum]],
) -> None:
    reached = [next(iter(table))]
    for state in reached:
        reached += [target for target in table[state] if target not in reached]
    # What comes in begins and ends as received.
    assert set(reached) == set(table) - {M.RECEIVED}


def test_an_outcome_is_left_only_by_a_correction() -> None:
    for state in OUTCOMES - {N.REACHED, N.NOT_REACHED, N.EXPIRED}:
        assert NOTIFICATION_MOVES[state] == frozenset()
    assert NOTIFICATION_MOVES[N.EXPIRED] == {N.REACHED, N.NOT_REACHED}
    assert NOTIFICATION_MOVES[N.REACHED] == {N.NOT_REACHED}
    # What failed for good may be put back by hand.
    assert NOTIFICATION_MOVES[N.NOT_REACHED] == {N.REACHED, N.SCHEDULED}


def test_what_ended_or_may_have_been_placed_leaves_again_only_by_way_of_a_schedule() -> None:
    for state in OUTCOMES | {N.UNKNOWN}:
        assert N.DUE not in NOTIFICATION_MOVES[state]
    assert sources(NOTIFICATION_MOVES, N.DUE) == {N.SCHEDULED}
    assert C.PLACING not in {target for targets in CALL_MOVES.values() for target in targets}


def test_only_the_gate_and_news_from_the_carrier_lead_to_sending() -> None:
    assert sources(NOTIFICATION_MOVES, N.SENDING) == {N.DUE, N.UNKNOWN, N.SCHEDULED}
    assert frozenset({N.SCHEDULED, N.DUE}) == PENDING


def test_the_end_of_a_call_is_followed_by_another_end_at_most() -> None:
    assert {state for state in C if is_final(state)} == ENDINGS
    for state in ENDINGS - {C.FAILED}:
        assert CALL_MOVES[state] == ENDINGS - {state}


def test_a_failure_may_have_been_ours_and_then_gives_way_to_the_carrier() -> None:
    assert CALL_MOVES[C.FAILED] >= ENDINGS - {C.FAILED}
    assert not CALL_MOVES[C.FAILED] & {C.PLACING, C.UNKNOWN, C.FAILED}


@given(st.sampled_from(C), st.sampled_from(C))
def test_a_report_moves_a_call_forward_or_not_at_all(
    current: CallState, reported: CallState
) -> None:
    if advances(current, reported):
        assert CALL_RANK[reported] > CALL_RANK[current]
        assert not is_final(current)
        assert reported in CALL_MOVES[current] or reported == C.UNKNOWN
    assert not (advances(current, reported) and advances(reported, current))


@given(st.lists(st.sampled_from([C.QUEUED, C.INITIATED, C.RINGING, C.IN_PROGRESS, C.COMPLETED])))
def test_reports_in_any_order_end_at_the_furthest(reports: list[CallState]) -> None:
    state = C.PLACING
    for reported in reports:
        if advances(state, reported):
            state = reported
    assert state == max([C.PLACING, *reports], key=CALL_RANK.__getitem__)


REPORTS = (M.QUEUED, M.SENT, M.FAILED, M.UNDELIVERED, M.DELIVERED, M.READ)


@pytest.mark.row("A4")
def test_contradicting_reports_of_a_message_end_the_same_in_every_order() -> None:
    for some in combinations(REPORTS, 4):
        ends = set()
        for order in permutations(some):
            state = M.SENDING
            for reported in order:
                if advances(state, reported):
                    assert reported in MESSAGE_MOVES[state]
                    state = reported
            ends.add(state)
        assert len(ends) == 1


def test_that_a_message_arrived_outweighs_that_it_did_not() -> None:
    assert M.DELIVERED in MESSAGE_MOVES[M.UNDELIVERED]
    assert M.UNDELIVERED not in MESSAGE_MOVES[M.DELIVERED]
    assert MESSAGE_MOVES[M.READ] == MESSAGE_MOVES[M.RECEIVED] == frozenset()
