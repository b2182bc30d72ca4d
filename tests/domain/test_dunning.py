"""Which reminder of an unpaid invoice comes next."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import dunning, dunning_rules, money, times
from gateway.domain.channel_plan import Step
from gateway.domain.dunning import Because, Reminded, by_hand, following
from gateway.domain.dunning_rules import USUAL, Rules, Stage
from gateway.domain.errors import Invalid

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe")
DUE = date(2027, 3, 1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def stage(days: int) -> Stage:
    return Stage(days, (Step("sms"),), "dunning")


RULES = st.builds(
    Rules,
    st.sets(st.integers(1, 40), min_size=1, max_size=6).map(
        lambda days: tuple(stage(one) for one in sorted(days))
    ),
    st.integers(1, 10),
    st.integers(1, 6),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
# What happens next: hours that pass, whether somebody asks by hand, how the reminder ends.
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.booleans(),
        st.sampled_from(["left", "left", "left later", "failed", "in vain"]),
        st.integers(-20, 20),
    ),
    max_size=40,
)


def at(day: int, hour: int, zone: str = "UTC") -> datetime:
    return datetime.combine(DUE + day * DAY, time(hour), ZoneInfo(zone)).astimezone(UTC)


def left(days: int, when: datetime) -> Reminded:
    return Reminded(days, when, ended_at=when)


@settings(max_examples=400, deadline=None)
@given(RULES, st.sampled_from(ZONES), EVENTS)
@pytest.mark.row("C3")
def test_no_history_brings_one_too_many_too_early_or_milder_than_before(
    rules: Rules, zone: str, events: list[tuple[int, bool, str, int]]
) -> None:
    now, due_on, past = at(-5, 0), DUE, list[Reminded]()
    for hours, asked, end, moved in events:
        now += hours * HOUR
        due_on += moved * DAY if moved % 5 == 0 else 0 * DAY
        find = by_hand if asked else following
        found = find(rules, due_on, zone, past, now)
        if found.at is None or found.at > now:
            continue
        assert found.stage is not None
        overdue = dunning.days_overdue(due_on, zone, now)
        before = [one for one in past if one.left_at is not None]
        assert len(before) < rules.maximum
        days = [times.local_day(one.left_at, zone) for one in before if one.left_at]
        if days:
            gap = times.local_day(now, zone) - max(days)
            assert gap.days >= rules.minimum_days_between
        highest = max((one.stage for one in before), default=0)
        if asked:
            assert overdue >= 1
            assert found.stage.days_overdue >= highest
        else:
            assert overdue >= found.stage.days_overdue > highest
            missed = [
                one for one in rules.stages
                if found.stage.days_overdue < one.days_overdue
                and dunning._moment(due_on + one.days_overdue * DAY, rules, zone) <= now
            ]  # fmt: skip
            assert missed == []
        when = now + 20 * HOUR if end == "left later" else now
        gone = end.startswith("left")
        past.append(
            Reminded(
                found.stage.days_overdue, when if gone else None, False, when, end == "in vain"
            )
        )
        now = when


@pytest.mark.row("C3")
def test_each_stage_begins_at_its_hour_where_the_contact_lives() -> None:
    found = following(USUAL, DUE, "America/New_York", [], at(0, 0))
    assert (found.at, found.because) == (at(1, 10, "America/New_York"), Because.STAGE)
    assert found.stage == USUAL.stages[0]


@pytest.mark.row("C3")
def test_the_minimum_of_days_puts_a_stage_off_and_may_pass_over_one() -> None:
    rules = replace(USUAL, stages=(stage(1), stage(2), stage(4)), minimum_days_between=5)
    found = following(rules, DUE, "UTC", [left(1, at(1, 10))], at(1, 11))
    assert (found.at, found.because) == (at(6, 10), Because.MINIMUM_DAYS)
    assert found.stage == rules.stages[2]


@pytest.mark.row("C3")
def test_one_that_did_not_leave_is_tried_on_three_days_and_no_more() -> None:
    past = list[Reminded]()
    for day in range(3):
        found = following(USUAL, DUE, "UTC", past, at(1 + day, 10))
        assert (found.at, found.stage) == (at(1 + day, 10), USUAL.stages[0])
        past.append(Reminded(1, ended_at=at(1 + day, 11)))
        again = following(USUAL, DUE, "UTC", past, at(1 + day, 12))
    assert (again.at, again.stage) == (at(8, 10), USUAL.stages[1])


@pytest.mark.row("C3")
def test_while_one_is_under_way_none_follows() -> None:
    past = [Reminded(1, at(1, 10), open=True)]
    assert following(USUAL, DUE, "UTC", past, at(30, 0)).because == Because.UNDER_WAY
    assert by_hand(USUAL, DUE, "UTC", past, at(30, 0)).because == Because.UNDER_WAY


@pytest.mark.row("C3")
def test_the_rules_of_an_invoice_lie_over_its_organizations() -> None:
    own = dunning_rules.from_json({"at": "08:30", "maximum": 2})
    assert dunning_rules.from_json({"maximum": 3}, own) == replace(USUAL, at=time(8, 30), maximum=3)
    assert dunning_rules.from_json(None, own).stages == ()
    assert dunning_rules.from_json(USUAL.to_json()) == USUAL
    dunning_rules.check(USUAL.to_json())
    found = following(dunning_rules.from_json(None), DUE, "UTC", [], at(9, 9))
    assert found.because == Because.STAGES


@pytest.mark.row("C3")
@pytest.mark.parametrize(
    ("kept", "field"),
    [
        ([], "dunning"), ({"days": 1}, "dunning"), ({"at": "9:00"}, "dunning.at"),
        ({"maximum": True}, "dunning.maximum"), ({"maximum": 51}, "dunning.maximum"),
        ({"minimum_days_between": 0}, "dunning.minimum_days_between"),
        ({"stages": [{}]}, "dunning.stages.0"),
        (
            {"stages": [stage(3).to_json(), stage(3).to_json()]},
            "dunning.stages.1.days_overdue",
        ),
        ({"stages": [stage(3).to_json() | {"template": "A b"}]}, "dunning.stages.0.template"),
    ],
)  # fmt: skip
def test_rules_that_can_not_be_are_refused_at_their_place(kept: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        dunning_rules.check(kept)
    assert refused.value.field == field


@pytest.mark.row("C3")
@given(st.decimals(min_value="0.01", max_value="999999999999.99", places=2))
def test_a_sum_is_written_as_it_was_read(value: object) -> None:
    assert money.plain(money.amount(str(value), "EUR"), "EUR") == str(value)
    assert money.written(money.amount(f"{value}0", "KWD"), "KWD") == f"{value}0 KWD"
