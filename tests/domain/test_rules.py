"""A rule's identity, its channels and how it is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.channel_plan import CHANNELS, Step
from gateway.domain.errors import Invalid
from gateway.domain.reminders import AT, BEFORE, EVERY, NUDGE, USUAL, Rule, check, plan

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = (Step("whatsapp", "delivered", 30), Step("voice", "answered", 10), Step("sms"))

# What rows hold already, and what has to stay the same for them.
KEYS = {
    "every:120:voice:contact": Rule(EVERY, minutes=120),
    "before:1440:voice:contact": Rule(BEFORE, minutes=1440, say="Hello"),
    "before:60:voice:staff": Rule(BEFORE, minutes=60, to="staff"),
    "at:20261121T120000.000000Z:voice:contact": Rule(AT, at=NOW),
    "nudge:30:voice:staff": Rule(NUDGE),
    "nudge:15:sms:staff": Rule(NUDGE, channel="sms", minutes=15),
    "nudge:30:voice:contact": Rule(NUDGE, to="contact"),
    "before:60:email:contact": Rule(BEFORE, minutes=60, channels=(Step("email"),)),
    "before:60:whatsapp/d30+voice/a10+sms:contact": Rule(BEFORE, minutes=60, channels=PLAN),
}


@pytest.mark.row("A2")
@pytest.mark.parametrize(("key", "rule"), KEYS.items())
def test_a_rule_keeps_its_identity(key: str, rule: Rule) -> None:
    assert rule.key == key


def test_a_rule_is_kept_as_it_was_before_there_were_more_channels() -> None:
    kept = {"kind": "before", "channel": "voice", "to": "contact", "minutes": 60, "say": "Hi",
            "within_minutes": 10_080}  # fmt: skip
    assert Rule.from_json(kept) == Rule(BEFORE, minutes=60, say="Hi")
    assert Rule(BEFORE, minutes=60, say="Hi").to_json() == kept


def test_one_channel_is_the_plan_of_that_channel_alone() -> None:
    assert Rule(BEFORE, channel="sms").steps == (Step("sms"),)
    assert Rule(BEFORE, channels=(Step("sms"),)) == Rule(BEFORE, channel="sms")
    several = Rule(BEFORE, channels=PLAN)
    assert (several.channel, several.steps) == ("whatsapp", PLAN)
    waiting = Rule(BEFORE, channels=(Step("voice", "answered", 5),))
    assert waiting.steps == (Step("voice", "answered", 5),)
    assert waiting.key != Rule(BEFORE).key


@pytest.mark.row("E1")
def test_a_nudge_goes_to_the_staff_half_an_hour_before_the_start_once() -> None:
    rule, starts_at = Rule(NUDGE), NOW + 5 * HOUR
    (moment,) = plan([rule], starts_at, NOW, NOW)
    assert (rule.to, rule.purpose) == ("staff", "nudge")
    assert moment.due_at == starts_at - timedelta(minutes=30)
    assert (moment.expires_at, moment.past) == (starts_at, False)
    assert Rule(BEFORE, minutes=30, to="staff").purpose == "reminder"


@pytest.mark.row("E1")
def test_whoever_is_assigned_inside_the_lead_time_is_nudged_at_once_until_the_start() -> None:
    starts_at = NOW + timedelta(minutes=10)
    for now, past in ((NOW, False), (starts_at - HOUR / 3600, False), (starts_at, True)):
        (moment,) = plan([Rule(NUDGE)], starts_at, NOW, now)
        assert (moment.due_at, moment.past) == (NOW - timedelta(minutes=20), past)


def test_each_reminder_of_a_repeating_rule_knows_the_next() -> None:
    first, second = plan([Rule(EVERY, minutes=120)], NOW + 5 * HOUR, NOW, NOW)
    assert (first.successor_at, second.successor_at) == (second.due_at, None)
    assert [moment.successor_at for moment in plan(USUAL, NOW + 48 * HOUR, NOW, NOW)] == [None] * 2


def test_an_organization_may_have_any_rule_that_fits_every_booking() -> None:
    for channel in CHANNELS:
        check([Rule(BEFORE, channel, minutes=60), Rule(EVERY, channel, minutes=60), Rule(NUDGE)])
    check([*USUAL, Rule(BEFORE, minutes=60, channels=PLAN)])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": AT, "at": NOW}, "kind"),
    ({"kind": "daily"}, "kind"),
    ({"kind": BEFORE}, "minutes"),
    ({"kind": BEFORE, "minutes": 0}, "minutes"),
    ({"kind": NUDGE, "minutes": 0}, "minutes"),
    ({"kind": EVERY, "minutes": True}, "minutes"),
    ({"kind": BEFORE, "minutes": 60, "to": "owner"}, "to"),
    ({"kind": BEFORE, "minutes": 60, "channel": "fax"}, "channel"),
    ({"kind": BEFORE, "minutes": 60, "channels": (Step("sms"), Step("voice"))},
     "channels.0.unless"),
    ({"kind": BEFORE, "minutes": 60, "channels": (Step("sms", "read", 5), Step("voice"))},
     "channels.0.unless"),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "field"), WRONG)
def test_a_rule_that_no_organization_can_have_is_refused_by_name(
    given_: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as fault:
        check([*USUAL, Rule(**given_)])
    assert fault.value.field == f"reminders.2.{field}"


steps = st.one_of(
    st.builds(Step, st.sampled_from(CHANNELS), st.just("delivered"), st.integers(1, 10_080)),
    st.builds(Step, st.sampled_from(["whatsapp", "email"]), st.just("read"), st.integers(1, 60)),
)
plans = st.lists(steps, max_size=4, unique_by=lambda step: step.channel).map(tuple)
texts = st.none() | st.text(max_size=5)
rules = st.builds(
    Rule,
    st.sampled_from([EVERY, BEFORE, AT, NUDGE]),
    channel=st.sampled_from(CHANNELS),
    to=st.sampled_from(["", "contact", "staff"]),
    minutes=st.none() | st.integers(1, 1_051_200),
    at=st.none() | st.timedeltas(timedelta(0), timedelta(days=730)).map(NOW.__add__),
    within_minutes=st.none() | st.integers(1, 1_051_200),
    say=texts,
    text=texts,
    subject=texts,
    template=texts,
    variables=st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    channels=plans,
)


@given(rules)
def test_a_rule_survives_being_kept_with_all_that_belongs_to_it(rule: Rule) -> None:
    kept = Rule.from_json(rule.to_json())
    assert kept == rule
    assert kept.key == rule.key
    assert len(rule.key) <= 120


@given(rules, rules)
def test_rules_of_different_moments_channels_or_recipients_have_different_keys(
    one: Rule, other: Rule
) -> None:
    def identity(rule: Rule) -> tuple[Any, ...]:
        return (rule.kind, rule.at or rule.minutes, rule.steps, rule.to)

    assert (one.key == other.key) == (identity(one) == identity(other))


def test_words_are_not_shown_by_accident() -> None:
    shown = repr(Rule(BEFORE, minutes=5, say="xyzzy", text="xyzzy", subject="xyzzy",
                      variables={"name": "xyzzy"}))  # fmt: skip
    assert "xyzzy" not in shown
