"""When to remind: tables for the rules, properties for all of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Invalid
from gateway.domain.reminders import AT, BEFORE, EVERY, GRACE, MOST_PER_RULE, Moment, Rule, plan

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _due(moments: list[Moment]) -> list[datetime]:
    return [moment.due_at for moment in moments]


def _local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK, fold=fold).astimezone(UTC)


# Hours are elapsed hours: the local clock shows another one across a clock change.
CLOCK_CHANGES = [
    ("2026-11-01T09:00:00", 1440, "2026-10-31T14:00:00Z", "2026-10-31T10:00:00"),
    ("2026-11-01T09:00:00", 180, "2026-11-01T11:00:00Z", "2026-11-01T06:00:00"),
    ("2026-11-01T09:00:00", 480, "2026-11-01T06:00:00Z", "2026-11-01T01:00:00"),
    ("2026-11-01T09:00:00", 600, "2026-11-01T04:00:00Z", "2026-11-01T00:00:00"),
    ("2027-03-14T09:00:00", 1440, "2027-03-13T13:00:00Z", "2027-03-13T08:00:00"),
    ("2027-03-14T09:00:00", 180, "2027-03-14T10:00:00Z", "2027-03-14T06:00:00"),
    ("2027-03-14T09:00:00", 360, "2027-03-14T07:00:00Z", "2027-03-14T03:00:00"),
    ("2027-03-14T09:00:00", 480, "2027-03-14T05:00:00Z", "2027-03-14T00:00:00"),
]


@pytest.mark.parametrize(("start", "minutes", "utc", "local"), CLOCK_CHANGES)
def test_before_counts_elapsed_time_across_a_clock_change(
    start: str, minutes: int, utc: str, local: str
) -> None:
    starts_at = _local(start)
    booked = starts_at - timedelta(days=3)
    (moment,) = plan([Rule(BEFORE, minutes=minutes)], starts_at, booked, booked)
    assert moment.due_at == _at(utc)
    assert moment.due_at.astimezone(NEW_YORK).replace(tzinfo=None).isoformat() == local


@pytest.mark.row("A2")
def test_every_two_hours_neither_gains_nor_loses_one_when_the_clocks_change() -> None:
    for start in ("2026-11-01T09:00:00", "2027-03-14T09:00:00"):
        starts_at = _local(start)
        booked = starts_at - timedelta(hours=24)
        due = _due(plan([Rule(EVERY, minutes=120)], starts_at, booked, booked))
        assert due == [booked + timedelta(hours=2 * step) for step in range(1, 12)]


@pytest.mark.row("A2")
def test_every_counts_forward_from_the_booking_and_stops_before_the_start() -> None:
    starts_at = NOW + timedelta(hours=5)
    moments = plan([Rule(EVERY, minutes=120)], starts_at, NOW, NOW)
    assert _due(moments) == [NOW + timedelta(hours=2), NOW + timedelta(hours=4)]
    assert [moment.number for moment in moments] == [1, 2]
    assert {moment.expires_at for moment in moments} == {starts_at}
    exact = plan([Rule(EVERY, minutes=60)], NOW + timedelta(hours=2), NOW, NOW)
    assert _due(exact) == [NOW + timedelta(hours=1)], "one at the start itself reminds nobody"


@pytest.mark.row("A2")
@pytest.mark.parametrize("within", [60, 90, 240, 10_080, None])
def test_every_stays_within_the_last_stretch_before_the_start(within: int | None) -> None:
    starts_at = NOW + timedelta(days=9, minutes=7)
    rule = Rule(EVERY, minutes=30, within_minutes=within)
    due = _due(plan([rule], starts_at, NOW, NOW))
    opens = starts_at - timedelta(minutes=within) if within else NOW
    assert all(max(opens, NOW) <= at < starts_at for at in due)
    assert all((at - NOW) % timedelta(minutes=30) == timedelta(0) for at in due)
    assert due[0] - max(opens, NOW) <= timedelta(minutes=30)
    assert starts_at - due[-1] <= timedelta(minutes=30)


def test_a_rule_of_more_than_a_thousand_reminders_is_refused() -> None:
    rule = Rule(EVERY, minutes=1, within_minutes=None)
    assert len(plan([rule], NOW + timedelta(minutes=1001), NOW, NOW)) == MOST_PER_RULE
    with pytest.raises(Invalid) as fault:
        plan([rule], NOW + timedelta(minutes=1002), NOW, NOW)
    assert fault.value.field == "reminders.0"


def test_several_rules_are_refused_when_they_make_too_many_together() -> None:
    rules = [Rule(EVERY, minutes=1, within_minutes=900, channel=str(n)) for n in range(3)]
    assert len(plan(rules[:2], NOW + timedelta(hours=20), NOW, NOW)) == 1800
    with pytest.raises(Invalid):
        plan(rules, NOW + timedelta(hours=20), NOW, NOW)


@pytest.mark.parametrize(
    ("late", "past"),
    [(timedelta(0), False), (GRACE, False), (GRACE + timedelta(microseconds=1), True)],
)
@pytest.mark.row("C1")
def test_a_moment_up_to_a_minute_ago_is_due_now_and_an_older_one_is_past(
    late: timedelta, past: bool
) -> None:
    starts_at = NOW + timedelta(hours=2) - late
    before = plan([Rule(BEFORE, minutes=120)], starts_at, NOW, NOW)
    at = plan([Rule(AT, at=NOW - late)], NOW + timedelta(hours=1), NOW, NOW)
    assert [moment.past for moment in before + at] == [past, past]


def test_reminders_of_every_keep_their_numbers_while_time_goes_by() -> None:
    rule, starts_at = Rule(EVERY, minutes=120), NOW + timedelta(hours=9)
    fresh = {moment.due_at: moment.number for moment in plan([rule], starts_at, NOW, NOW)}
    later = plan([rule], starts_at, NOW, NOW + timedelta(hours=5))
    assert {moment.due_at: moment.number for moment in later} == fresh
    assert [moment.past for moment in later] == [True, True, False, False]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(EVERY), "reminders.0.minutes"),
        (Rule(EVERY, minutes=0), "reminders.0.minutes"),
        (Rule(BEFORE, minutes=0), "reminders.0.minutes"),
        (Rule(BEFORE), "reminders.0.minutes"),
        (Rule(AT), "reminders.0.kind"),
        (Rule(AT, at=NOW + timedelta(hours=1)), "reminders.0.at"),
        (Rule("daily", minutes=5), "reminders.0.kind"),
    ],
)
def test_a_rule_that_can_not_be_is_refused_by_name(rule: Rule, field: str) -> None:
    with pytest.raises(Invalid) as fault:
        plan([rule], NOW + timedelta(hours=1), NOW, NOW)
    assert fault.value.field == field


def test_the_same_rule_twice_is_refused_whatever_it_says() -> None:
    twice = [Rule(BEFORE, minutes=60, say="One"), Rule(BEFORE, minutes=60, say="Two")]
    with pytest.raises(Invalid):
        plan(twice, NOW + timedelta(hours=2), NOW, NOW)
    to_both = [Rule(BEFORE, minutes=60), Rule(BEFORE, minutes=60, to="staff")]
    assert len(plan(to_both, NOW + timedelta(hours=2), NOW, NOW)) == 2


moments = st.timedeltas(timedelta(0), timedelta(days=730)).map(NOW.__add__)
minutes = st.integers(1, 20_000)
rules = st.one_of(
    st.builds(
        Rule, st.just(EVERY), minutes=minutes, within_minutes=st.none() | st.integers(1, 20_000)
    ),
    st.builds(Rule, st.just(BEFORE), minutes=minutes, to=st.sampled_from(["contact", "staff"])),
    st.builds(Rule, st.just(AT), at=moments, say=st.none() | st.text(max_size=5)),
)


@given(
    st.lists(rules, max_size=4, unique_by=lambda rule: rule.key),
    moments,
    st.timedeltas(timedelta(0), timedelta(days=9)),
    st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_every_plan_is_in_order_unique_and_over_before_the_start(
    wanted: list[Rule], booked: datetime, ahead: timedelta, passed: timedelta
) -> None:
    starts_at, now = booked + ahead, booked + passed
    try:
        planned = plan(wanted, starts_at, booked, now)
    except Invalid:
        return
    identities = [(moment.rule.key, moment.number) for moment in planned]
    assert len(set(identities)) == len(identities)
    for rule in wanted:
        mine = [moment for moment in planned if moment.rule.key == rule.key]
        assert _due(mine) == sorted(_due(mine))
        assert [m.number for m in mine] == sorted(m.number for m in mine)
        assert rule.kind == EVERY or len(mine) == 1
    assert all(moment.due_at < moment.expires_at == starts_at for moment in planned)
    assert all(moment.past == (moment.due_at < now - GRACE) for moment in planned)


@given(rules)
def test_a_rule_survives_being_kept(rule: Rule) -> None:
    assert Rule.from_json(rule.to_json()) == rule
    assert Rule.from_json(rule.to_json()).key == rule.key
