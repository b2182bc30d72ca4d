"""Appointments that are moved across every boundary of their reminders, worked out by hand. Each
reminder is named by its moment; what was due before the move has left."""

from datetime import datetime, timedelta

import pytest

from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.reminders import BEFORE, EVERY, NUDGE, USUAL, Rule, plan

BOOKED = "2026-10-20T12:00Z"
EVERY_2H = (Rule(EVERY, minutes=120),)
LAST_6H = (Rule(EVERY, minutes=120, within_minutes=360),)

# Rules, first start, when it is moved, to when; what had left, what is taken back, what stays
# as it was, what waits anew, what is past already.
MOVES = {
    "a day later before any left: both anew": (
        USUAL, "2026-11-24T20:00Z", "2026-11-22T12:00Z", "2026-11-25T20:00Z",
        {"taken back": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"],
         "anew": ["2026-11-24T20:00Z", "2026-11-25T17:00Z"]}),
    "a day later between the two: told again of the new day": (
        USUAL, "2026-11-24T20:00Z", "2026-11-24T10:00Z", "2026-11-25T20:00Z",
        {"left": ["2026-11-23T20:00Z"], "taken back": ["2026-11-24T17:00Z"],
         "anew": ["2026-11-24T20:00Z", "2026-11-25T17:00Z"]}),
    "three hours later after both left: only the nearer one is anew": (
        USUAL, "2026-11-24T20:00Z", "2026-11-24T18:00Z", "2026-11-24T23:00Z",
        {"left": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"], "past": ["2026-11-23T23:00Z"],
         "anew": ["2026-11-24T20:00Z"]}),
    "into the last 24 hours: the first is past": (
        USUAL, "2026-11-24T20:00Z", "2026-11-22T12:00Z", "2026-11-23T10:00Z",
        {"taken back": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"],
         "past": ["2026-11-22T10:00Z"], "anew": ["2026-11-23T07:00Z"]}),
    "to just 24 hours ahead: the first is due now": (
        USUAL, "2026-11-24T20:00Z", "2026-11-22T12:00Z", "2026-11-23T12:00Z",
        {"taken back": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"],
         "anew": ["2026-11-22T12:00Z", "2026-11-23T09:00Z"]}),
    "to a second less than 24 hours and a minute's grace ahead": (
        USUAL, "2026-11-24T20:00Z", "2026-11-22T12:00Z", "2026-11-23T11:58:59Z",
        {"taken back": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"],
         "past": ["2026-11-22T11:58:59Z"], "anew": ["2026-11-23T08:58:59Z"]}),
    "into the last 3 hours: both are past": (
        USUAL, "2026-11-24T20:00Z", "2026-11-22T12:00Z", "2026-11-22T14:00Z",
        {"taken back": ["2026-11-23T20:00Z", "2026-11-24T17:00Z"],
         "past": ["2026-11-21T14:00Z", "2026-11-22T11:00Z"]}),
    "to where it was: nothing changes": (
        USUAL, "2026-11-24T20:00Z", "2026-11-24T10:00Z", "2026-11-24T20:00Z",
        {"left": ["2026-11-23T20:00Z"], "stays": ["2026-11-24T17:00Z"]}),
    "over the end of summer time in New York: a day is 25 hours on the wall": (
        USUAL, "2026-10-31T13:00Z", "2026-10-29T12:00Z", "2026-11-01T14:00Z",
        {"taken back": ["2026-10-30T13:00Z", "2026-10-31T10:00Z"],
         "anew": ["2026-10-31T14:00Z", "2026-11-01T11:00Z"]}),
    "over its beginning in Berlin: a day is 23 hours on the wall": (
        USUAL, "2027-03-27T08:00Z", "2027-03-25T12:00Z", "2027-03-28T07:00Z",
        {"taken back": ["2027-03-26T08:00Z", "2027-03-27T05:00Z"],
         "anew": ["2027-03-27T07:00Z", "2027-03-28T04:00Z"]}),
    "over its beginning in New York, nine on the wall both days: 23 hours later": (
        USUAL, "2027-03-13T14:00Z", "2027-03-11T12:00Z", "2027-03-14T13:00Z",
        {"taken back": ["2027-03-12T14:00Z", "2027-03-13T11:00Z"],
         "anew": ["2027-03-13T13:00Z", "2027-03-14T10:00Z"]}),
    "over its end in Berlin, nine on the wall both days: 25 hours later": (
        USUAL, "2026-10-24T07:00Z", "2026-10-22T12:00Z", "2026-10-25T08:00Z",
        {"taken back": ["2026-10-23T07:00Z", "2026-10-24T04:00Z"],
         "anew": ["2026-10-24T08:00Z", "2026-10-25T05:00Z"]}),
    "over its end on Lord Howe, nine on the wall both days: 24 and a half hours later": (
        USUAL, "2027-04-02T22:00Z", "2027-03-31T12:00Z", "2027-04-03T22:30Z",
        {"taken back": ["2027-04-01T22:00Z", "2027-04-02T19:00Z"],
         "anew": ["2027-04-02T22:30Z", "2027-04-03T19:30Z"]}),
    "over its beginning on Lord Howe, nine on both days, the first told: 23 and a half later": (
        USUAL, "2027-10-01T22:30Z", "2027-10-01T12:00Z", "2027-10-02T22:00Z",
        {"left": ["2027-09-30T22:30Z"], "taken back": ["2027-10-01T19:30Z"],
         "anew": ["2027-10-01T22:00Z", "2027-10-02T19:00Z"]}),
    "over the day that Apia skipped, from the 29th at nine to the 31st at nine: a day later": (
        USUAL, "2011-12-29T19:00Z", "2011-12-29T17:00Z", "2011-12-30T19:00Z",
        {"left": ["2011-12-28T19:00Z", "2011-12-29T16:00Z"],
         "anew": ["2011-12-29T19:00Z", "2011-12-30T16:00Z"]}),
    "back over it, from the 31st at nine to the 29th at noon: the first is past": (
        USUAL, "2011-12-30T19:00Z", "2011-12-29T17:00Z", "2011-12-29T22:00Z",
        {"taken back": ["2011-12-29T19:00Z", "2011-12-30T16:00Z"],
         "past": ["2011-12-28T22:00Z"], "anew": ["2011-12-29T19:00Z"]}),
    "every two hours, later: those in between stay, more follow": (
        EVERY_2H, "2026-10-20T18:00Z", "2026-10-20T15:00Z", "2026-10-20T21:00Z",
        {"left": ["2026-10-20T14:00Z"], "stays": ["2026-10-20T16:00Z"],
         "anew": ["2026-10-20T18:00Z", "2026-10-20T20:00Z"]}),
    "every two hours, to just after the next one: it stays": (
        EVERY_2H, "2026-10-20T20:00Z", "2026-10-20T15:00Z", "2026-10-20T16:00:01Z",
        {"left": ["2026-10-20T14:00Z"], "stays": ["2026-10-20T16:00Z"],
         "taken back": ["2026-10-20T18:00Z"]}),
    "every two hours, to the moment of the next one: it is taken back": (
        EVERY_2H, "2026-10-20T20:00Z", "2026-10-20T15:00Z", "2026-10-20T16:00Z",
        {"left": ["2026-10-20T14:00Z"],
         "taken back": ["2026-10-20T16:00Z", "2026-10-20T18:00Z"]}),
    "every two hours of the last six, later: the stretch moves along": (
        LAST_6H, "2026-10-21T00:00Z", "2026-10-20T19:00Z", "2026-10-21T04:00Z",
        {"left": ["2026-10-20T18:00Z"], "taken back": ["2026-10-20T20:00Z"],
         "stays": ["2026-10-20T22:00Z"],
         "anew": ["2026-10-21T00:00Z", "2026-10-21T02:00Z"]}),
    "a nudge that left, ten minutes later: told at once of the new time": (
        (Rule(NUDGE),), "2026-10-20T15:00Z", "2026-10-20T14:45Z", "2026-10-20T15:10Z",
        {"left": ["2026-10-20T14:30Z"], "anew": ["2026-10-20T14:40Z"]}),
    "a nudge that waits, a day later": (
        (Rule(NUDGE),), "2026-10-20T15:00Z", "2026-10-20T14:00Z", "2026-10-21T15:00Z",
        {"taken back": ["2026-10-20T14:30Z"], "anew": ["2026-10-21T14:30Z"]}),
}  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _shown(at: datetime) -> str:
    return at.isoformat().removesuffix("+00:00").removesuffix(":00") + "Z"


def _fates(rules: tuple[Rule, ...], first: str, moved: str, then: str) -> dict[str, list[str]]:
    """What a move does to each reminder, by the rule that one whose rule and moment are still
    planned is the same reminder."""
    now = _at(moved)
    booked = _at(BOOKED) if _at(BOOKED) < now else now - timedelta(days=7)
    before = {(m.rule.key, m.due_at): m for m in plan(rules, _at(first), booked, booked)}
    after = {(m.rule.key, m.due_at): m for m in plan(rules, _at(then), booked, now)}
    fates: dict[str, list[str]] = {}
    for pair in sorted({*before, *after}, key=lambda pair: pair[1]):
        if pair in before and pair[1] <= now:
            fate = "left"
        elif pair in before:
            fate = "stays" if pair in after else "taken back"
        else:
            fate = "past" if after[pair].past else "anew"
        fates.setdefault(fate, []).append(_shown(pair[1]))
    return fates


@pytest.mark.row("A2")
@pytest.mark.row("C1")
@pytest.mark.parametrize(("rules", "first", "moved", "then", "fates"), MOVES.values(), ids=MOVES)
def test_a_moved_appointment_is_reminded_of_at_its_time_never_in_the_past_and_never_twice(
    rules: tuple[Rule, ...], first: str, moved: str, then: str, fates: dict[str, list[str]]
) -> None:
    assert _fates(rules, first, moved, then) == fates


@pytest.mark.row("E4")
@pytest.mark.parametrize("kind", [BEFORE, EVERY, NUDGE])
def test_what_was_planned_for_another_time_is_skipped_whenever_it_comes_up(kind: str) -> None:
    facts = Facts(
        due_at=_at("2026-11-23T20:00Z"),
        expires_at=_at("2026-11-24T20:00Z"),
        ended=None,
        planned_for=1,
        in_force=2,
        opted_out=False,
        has_address=True,
        kind=kind,
    )
    for now in ("2026-11-22T12:00Z", "2026-11-23T20:00Z", "2026-11-25T00:00Z"):
        assert decide(facts, _at(now)) == Decision(N.CANCELED, Reason.SUPERSEDED)
