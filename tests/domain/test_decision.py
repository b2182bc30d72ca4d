"""May it leave now? Every objection, and their order."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.decision import Decision, Facts, decide, opens_at
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.quiet_hours import Action, QuietHours

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FINE = Facts(
    due_at=NOW,
    expires_at=NOW + timedelta(hours=24),
    ended=None,
    planned_for=3,
    in_force=3,
    opted_out=False,
    has_address=True,
)
EARLY, HOUR = timedelta(seconds=1), timedelta(hours=1)
NOON = QuietHours(time(11), time(14))  # quiet at NOW
MORNING = QuietHours(time(8), time(11))  # not quiet at NOW
TODAY = date(2026, 11, 21)


def _noon(action: str) -> QuietHours:
    return replace(NOON, action=Action(action))


def _waits(reason: Reason, until: datetime) -> Decision:
    return Decision(N.SCHEDULED, reason, until)


def _suppressed(reason: Reason) -> Decision:
    return Decision(N.SUPPRESSED, reason)


OBJECTIONS: dict[str, tuple[dict[str, Any], Decision]] = {
    "the booking is canceled": (
        {"ended": Reason.CANCELED}, Decision(N.CANCELED, Reason.CANCELED)),
    "the appointment is over": ({"ended": Reason.OVER}, Decision(N.CANCELED, Reason.OVER)),
    "the booking was moved since": ({"planned_for": 2}, Decision(N.CANCELED, Reason.SUPERSEDED)),
    "it is planned for what is not in force yet": (
        {"planned_for": 4}, Decision(N.CANCELED, Reason.SUPERSEDED)),
    "its time is over": ({"expires_at": NOW}, Decision(N.EXPIRED, Reason.EXPIRED)),
    "it is not due": ({"due_at": NOW + EARLY}, _waits(Reason.NOT_DUE, NOW + EARLY)),
    "the contact confirmed": (
        {"kind": "every", "confirmed": True}, _suppressed(Reason.CONFIRMED)),
    "the invoice is paid": ({"paid": True}, _suppressed(Reason.PAID)),
    "the person wants none": ({"opted_out": True}, _suppressed(Reason.OPTED_OUT)),
    "there is no number": ({"has_address": False}, _suppressed(Reason.INVALID_NUMBER)),
    "there is no e-mail address": (
        {"has_address": False, "channel": "email"}, _suppressed(Reason.INVALID_ADDRESS)),
    "there is no carrier": (
        {"channel_usable": False}, _suppressed(Reason.CHANNEL_UNUSABLE)),
    "the person heard from us just now": (
        {"recipient_free_at": NOW + EARLY}, _waits(Reason.RATE_LIMITED, NOW + EARLY)),
    "it is quiet": ({"quiet": NOON}, _waits(Reason.QUIET_HOURS, NOW + 2 * HOUR)),
    "it is quiet until it is over": (
        {"quiet": NOON, "expires_at": NOW + 2 * HOUR}, _suppressed(Reason.QUIET_HOURS)),
    "it is quiet and not wanted later": (
        {"quiet": _noon("suppress")}, _suppressed(Reason.QUIET_HOURS)),
    "it is quiet and was made too late to come before": (
        {"quiet": _noon("advance"), "made_at": NOW - EARLY},
        _waits(Reason.QUIET_HOURS, NOW + 2 * HOUR)),
    "it is quiet and the next of its rule comes just then": (
        {"quiet": NOON, "successor_at": NOW + 2 * HOUR}, _suppressed(Reason.QUIET_HOURS)),
    "the person had enough for today": (
        {"cap_per_day": 2, "sent_on_day": {TODAY: 2}}, _suppressed(Reason.FREQUENCY_CAP)),
}  # fmt: skip

NONE: dict[str, dict[str, Any]] = {
    "a confirmed booking's single reminder": {"kind": "before", "confirmed": True},
    "a confirmed booking's reminder at a moment": {"kind": "at", "confirmed": True},
    "a confirmed booking's nudge": {"kind": "nudge", "role": "staff", "confirmed": True},
    "what repeats for the staff": {"kind": "every", "role": "staff", "confirmed": True},
    "quiet hours that are over": {"quiet": MORNING},
    "fewer than enough for today": {"cap_per_day": 2, "sent_on_day": {TODAY: 1}},
    "enough on another day": {"cap_per_day": 1, "sent_on_day": {date(2026, 11, 20): 9}},
    "no cap": {"sent_on_day": {TODAY: 1000}},
    "a recipient who is free just now": {"recipient_free_at": NOW},
}


def test_what_nothing_speaks_against_may_leave() -> None:
    assert decide(FINE, NOW) == Decision(N.SENDING)
    assert decide(FINE, NOW).allowed


@pytest.mark.row("A2")
@pytest.mark.row("E4")
@pytest.mark.parametrize(("objection", "decision"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_each_objection_has_its_end(objection: dict[str, Any], decision: Decision) -> None:
    assert decide(replace(FINE, **objection), NOW) == decision


@pytest.mark.parametrize("facts", NONE.values(), ids=NONE)
def test_what_is_no_objection_holds_nothing_back(facts: dict[str, Any]) -> None:
    assert decide(replace(FINE, **facts), NOW).allowed


ORDER: list[dict[str, Any]] = [
    {"ended": Reason.CANCELED},
    {"planned_for": 2},
    {"expires_at": NOW - HOUR},
    {"due_at": NOW + HOUR},
    {"confirmed": True, "kind": "every"},
    {"paid": True},
    {"opted_out": True},
    {"has_address": False},
    {"channel_usable": False},
    {"recipient_free_at": NOW + HOUR},
    {"quiet": NOON},
    {"cap_per_day": 0},
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_first_objection_of_the_order_counts(first: int) -> None:
    alone = replace(FINE, **ORDER[first])
    together: dict[str, Any] = {}
    for objection in reversed(ORDER[first:]):
        together |= objection
    assert decide(replace(FINE, **together), NOW) == decide(alone, NOW)


@pytest.mark.parametrize(
    ("facts", "next_step"),
    [
        ({"opted_out": True}, True),
        ({"has_address": False}, True),
        ({"has_address": False, "channel": "email"}, True),
        ({"channel_usable": False}, True),
        ({}, False),
        ({"ended": Reason.CANCELED}, False),
        ({"paid": True}, False),
        ({"quiet": _noon("suppress")}, False),
        ({"cap_per_day": 0}, False),
        ({"recipient_free_at": NOW + HOUR}, False),
    ],
)
def test_only_an_objection_to_the_channel_leads_on_to_the_next_one(
    facts: dict[str, Any], next_step: bool
) -> None:
    assert decide(replace(FINE, **facts), NOW).next_step is next_step


def test_the_day_of_the_cap_is_the_recipients() -> None:
    late = datetime(2026, 11, 22, 4, 59, tzinfo=UTC)
    facts = replace(FINE, cap_per_day=1, sent_on_day={TODAY: 1}, zone="America/New_York")
    assert decide(facts, late).reason == Reason.FREQUENCY_CAP
    assert decide(facts, late + timedelta(minutes=1)).allowed


ADVANCED: dict[str, tuple[dict[str, Any], datetime]] = {
    "made the day before": ({"made_at": NOW - 24 * HOUR}, NOW - 61 * 60 * EARLY),
    "made who knows when": ({}, NOW - 61 * 60 * EARLY),
    "made in the last minute before": (
        {"made_at": NOW - HOUR - 30 * EARLY}, NOW - HOUR - 30 * EARLY),
    "made when it just began": ({"made_at": NOW - HOUR}, NOW),
    "made in the quiet hours": ({"made_at": NOW - HOUR / 2}, NOW),
    "the last of its rule that night": ({"successor_at": NOW + 2 * HOUR}, NOW - 61 * 60 * EARLY),
    "another of its rule comes that night": ({"successor_at": NOW + HOUR}, NOW),
    "not quiet at its moment": ({"due_at": NOW + 3 * HOUR}, NOW + 3 * HOUR),
    "deferred by its organization": ({"quiet": NOON}, NOW),
    "suppressed by its organization": ({"quiet": _noon("suppress")}, NOW),
    "not bound by quiet hours": ({"quiet": None}, NOW),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "opens"), ADVANCED.values(), ids=ADVANCED)
def test_where_it_is_wanted_it_leaves_in_the_last_minute_before_quiet_hours(
    facts: dict[str, Any], opens: datetime
) -> None:
    known = replace(FINE, **({"quiet": _noon("advance")} | facts))
    assert opens_at(known) == opens
    early = decide(known, opens - EARLY)
    assert early == _waits(Reason.NOT_DUE, opens)
    assert decide(known, opens).reason != Reason.NOT_DUE


def test_one_that_missed_its_last_minute_waits_for_the_morning() -> None:
    facts = replace(FINE, quiet=_noon("advance"))
    assert decide(facts, NOW - HOUR - EARLY).allowed
    assert decide(facts, NOW - HOUR) == _waits(Reason.QUIET_HOURS, NOW + 2 * HOUR)


moments = st.timedeltas(timedelta(hours=-3), timedelta(hours=3)).map(NOW.__add__)
known_facts = st.builds(
    Facts,
    due_at=moments,
    expires_at=moments,
    ended=st.sampled_from([None, None, None, Reason.CANCELED, Reason.OVER]),
    planned_for=st.sampled_from([1, 1, 1, 2]),
    in_force=st.just(1),
    opted_out=st.sampled_from([False, False, False, True]),
    has_address=st.sampled_from([True, True, True, False]),
    channel_usable=st.sampled_from([True, True, True, False]),
    quiet=st.none() | st.sampled_from([NOON, MORNING]),
    recipient_free_at=st.none() | moments,
    cap_per_day=st.none() | st.integers(1, 3),
    sent_on_day=st.integers(0, 3).map(lambda sent: {TODAY: sent}),
)


@given(known_facts)
def test_nothing_leaves_early_late_canceled_superseded_or_unwanted(facts: Facts) -> None:
    assert decide(facts, NOW).allowed == (
        facts.due_at <= NOW < facts.expires_at
        and facts.ended is None
        and facts.planned_for == facts.in_force
        and not facts.opted_out
        and facts.has_address
        and facts.channel_usable
        and facts.quiet != NOON
        and (facts.recipient_free_at is None or facts.recipient_free_at <= NOW)
        and (facts.cap_per_day is None or facts.sent_on_day[TODAY] < facts.cap_per_day)
    )
