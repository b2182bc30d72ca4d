"""What the plan shows and what the sender does can't differ: the sender is played here, with
wake-ups of every kind, against the projection."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.decision import Decision, Facts, decide, opens_at
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.projection import Projected, project
from gateway.domain.quiet_hours import Action, QuietHours

NOW = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)  # New York's clock is put back at 06:00Z
MINUTE, SPAN = timedelta(minutes=1), timedelta(hours=40)
ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]

around = st.timedeltas(-SPAN, SPAN).map(NOW.__add__)
minutes_around = st.integers(-2400, 2400).map(lambda count: NOW + count * MINUTE)
moments = around | minutes_around
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
actions = st.sampled_from(Action)
nights = st.one_of(
    st.builds(QuietHours, clock_times, clock_times, actions),
    st.builds(QuietHours, st.just(time(21)), st.just(time(8)), actions),
)
days = st.dictionaries(
    st.sampled_from([date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]), st.integers(0, 3)
)
seldom = st.integers(0, 19).map(lambda drawn: drawn == 19)
known_facts = st.builds(
    Facts,
    due_at=moments,
    expires_at=moments.map(lambda at: at + timedelta(hours=24)),
    ended=seldom.map({False: None, True: Reason.CANCELED}.get),
    planned_for=seldom.map({False: 1, True: 2}.__getitem__),
    in_force=st.just(1),
    opted_out=seldom,
    has_address=seldom.map(lambda lacks: not lacks),
    channel_usable=seldom.map(lambda lacks: not lacks),
    kind=st.sampled_from(["every", "before", "at", "nudge"]),
    role=st.sampled_from(["contact", "staff"]),
    confirmed=seldom,
    paid=seldom,
    quiet=st.one_of(st.none(), nights, nights),
    zone=st.sampled_from(ZONES),
    sent_on_day=days,
    cap_per_day=st.none() | st.integers(1, 3),
    recipient_free_at=st.none() | moments,
    made_at=st.none() | moments,
    successor_at=st.none() | moments,
)
wake_ups = st.lists(moments, max_size=8)


def _sent(facts: Facts, start: datetime, woken: list[datetime], late: timedelta) -> Projected:
    """What a sender does that is woken at these moments too, before what it waits for is there,
    and that much too late for all that it waits for."""
    at, waits = start, []
    while (decision := decide(facts, at)).state == N.SCHEDULED:
        assert decision.until is not None
        waits.append(decision)
        earlier = [moment for moment in woken if at < moment < decision.until]
        at = min(earlier) if earlier else decision.until + late
    return Projected(at, decision, tuple(waits))


@pytest.mark.row("C1")
@given(known_facts, moments, wake_ups)
@settings(max_examples=400)
def test_the_sender_does_what_was_shown_however_often_it_is_woken_before(
    facts: Facts, start: datetime, woken: list[datetime]
) -> None:
    shown, done = project(facts, start), _sent(facts, start, woken, timedelta(0))
    assert (done.at, done.decision) == (shown.at, shown.decision)
    assert done.moved_by == shown.moved_by


@given(known_facts, moments, wake_ups, st.timedeltas(timedelta(0), timedelta(hours=12)))
@settings(max_examples=200)
def test_a_sender_that_comes_late_does_what_is_shown_from_then_on(
    facts: Facts, start: datetime, woken: list[datetime], late: timedelta
) -> None:
    shown, done = project(facts, start), _sent(facts, start, woken, late)
    assert done.at >= shown.at
    assert done.decision == decide(facts, done.at)
    # What comes late may meet its end, the next quiet hours or another day: nothing else.
    if done.decision != shown.decision:
        night = facts.quiet is not None
        assert done.decision.reason in {None, Reason.EXPIRED} | (
            {Reason.QUIET_HOURS, Reason.FREQUENCY_CAP} if night else {Reason.FREQUENCY_CAP}
        )


@given(known_facts, moments)
@settings(max_examples=200)
def test_what_is_shown_stays_true_at_every_step_of_the_way(facts: Facts, start: datetime) -> None:
    shown = project(facts, start)
    at = start
    for index, wait in enumerate(shown.waits):
        assert wait.until is not None
        assert at < wait.until <= facts.expires_at
        halfway = at + (wait.until - at) / 2
        assert decide(facts, at) == decide(facts, halfway) == wait
        assert project(facts, wait.until) == replace(shown, waits=shown.waits[index + 1 :])
        at = wait.until
    assert shown.at == at
    assert shown.decision.state != N.SCHEDULED


@given(known_facts, moments)
@settings(max_examples=200)
def test_what_is_shown_to_leave_leaves_awake_in_time_and_not_early(
    facts: Facts, start: datetime
) -> None:
    shown = project(facts, start)
    if not shown.decision.allowed:
        return
    assert max(start, opens_at(facts)) <= shown.at < facts.expires_at
    assert facts.quiet is None or not facts.quiet.covers(shown.at, facts.zone)
    assert facts.recipient_free_at is None or facts.recipient_free_at <= shown.at


def test_the_way_to_the_end_says_what_moved_it() -> None:
    evening = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
    facts = Facts(
        due_at=evening + timedelta(hours=1),
        expires_at=evening + timedelta(hours=24),
        ended=None,
        planned_for=1,
        in_force=1,
        opted_out=False,
        has_address=True,
        quiet=QuietHours(time(21), time(8)),
        zone="Europe/Berlin",
    )
    shown = project(facts, evening)
    morning = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    assert shown == Projected(
        morning,
        Decision(N.SENDING),
        (
            Decision(N.SCHEDULED, Reason.NOT_DUE, evening + timedelta(hours=1)),
            Decision(N.SCHEDULED, Reason.QUIET_HOURS, morning),
        ),
    )
    assert shown.moved_by == Reason.QUIET_HOURS
    assert project(replace(facts, quiet=None), evening).moved_by is None
