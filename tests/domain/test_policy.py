"""What an organization and a booking may want of sending, and whom it binds."""

from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import policy
from gateway.domain.channel_plan import Step
from gateway.domain.errors import Invalid
from gateway.domain.policy import ON_UNKNOWN, Policy, merged
from gateway.domain.quiet_hours import USUAL, Action, QuietHours


def test_nobody_is_disturbed_at_night_or_too_often_unless_it_is_wanted() -> None:
    usual = merged()
    assert usual == merged({}, {}) == Policy()
    assert usual.quiet_hours == QuietHours(time(21), time(8), Action.DEFER)
    assert (usual.strict, usual.cap_per_day, usual.gap_seconds) == (False, 10, 0)
    assert (usual.overdue_minutes, usual.lookahead_minutes) == (30, 120)
    assert usual.cancellation is None


BINDS = [
    ("every", "contact", True, True),
    ("before", "contact", True, True),
    ("waitlist", "contact", True, True),
    ("nurture", "contact", True, True),
    ("dunning", "contact", True, True),
    ("whatever comes", "contact", True, True),
    ("at", "contact", False, True),
    ("nudge", "contact", False, True),
    ("call", "contact", False, True),
    ("message", "contact", False, True),
    ("cancellation", "contact", False, True),
    ("opt_out", "contact", False, False),
    ("help", "contact", False, False),
    ("reply", "contact", False, False),
    ("nudge", "staff", False, False),
    ("before", "staff", False, False),
    ("every", "staff", False, False),
]


@pytest.mark.row("E1")
@pytest.mark.parametrize(("kind", "role", "usually", "strictly"), BINDS)
def test_quiet_hours_and_caps_bind_rules_to_the_contact_and_never_the_staff(
    kind: str, role: str, usually: bool, strictly: bool
) -> None:
    assert Policy().binds(kind, role) is usually
    assert Policy().quiet_for(kind, role) == (USUAL if usually else None)
    strict = Policy(strict=True, gap_seconds=60)
    assert strict.binds(kind, role) is strictly
    assert strict.quiet_for(kind, role) == (USUAL if strictly else None)
    assert strict.cap_for(kind, role) == (10 if strictly else None)
    assert strict.gap_for(kind, role) == (60 if strictly else 0)


@pytest.mark.row("A2")
def test_a_booking_overrides_its_organization_part_by_part() -> None:
    organization = {"quiet_hours": {"from": "20:00", "action": "suppress"}, "caps": {"day": 3}}
    booking = {"quiet_hours": {"to": "09:30"}, "gap_seconds": 600}
    assert merged(organization, booking) == Policy(
        QuietHours(time(20), time(9, 30), Action.SUPPRESS), cap_per_day=3, gap_seconds=600
    )
    assert merged(organization).quiet_hours == QuietHours(time(20), time(8), Action.SUPPRESS)


def test_null_and_empty_take_a_part_away_and_a_booking_may_bring_it_back() -> None:
    loose: dict[str, Any] = {"quiet_hours": None, "caps": {}}
    assert merged(loose) == Policy(None, cap_per_day=None)
    assert merged(loose, {"quiet_hours": {}}) == Policy(USUAL, cap_per_day=None)
    assert merged({}, loose) == merged(loose)
    plan = {"cancellation": {"channels": ["whatsapp", "sms"]}}
    assert merged(plan).cancellation == (Step("whatsapp", "delivered", 60), Step("sms"))
    assert merged(plan, {"cancellation": None}).cancellation is None


WRONG: list[tuple[Any, str]] = [
    (None, "policy"),
    ([], "policy"),
    ({"quiet": {}}, "policy"),
    ({"quiet_hours": False}, "policy.quiet_hours"),
    ({"quiet_hours": {"from": "25:00"}}, "policy.quiet_hours.from"),
    ({"quiet_hours": {"action": "later"}}, "policy.quiet_hours.action"),
    ({"strict": 1}, "policy.strict"),
    ({"strict": None}, "policy.strict"),
    ({"caps": None}, "policy.caps"),
    ({"caps": {"week": 3}}, "policy.caps"),
    ({"caps": {"day": 0}}, "policy.caps.day"),
    ({"caps": {"day": True}}, "policy.caps.day"),
    ({"caps": {"day": 1.5}}, "policy.caps.day"),
    ({"gap_seconds": -1}, "policy.gap_seconds"),
    ({"gap_seconds": 86_401}, "policy.gap_seconds"),
    ({"overdue_minutes": 0}, "policy.overdue_minutes"),
    ({"lookahead_minutes": "120"}, "policy.lookahead_minutes"),
    ({"on_unknown": "twice"}, "policy.on_unknown"),
    ({"on_unknown": []}, "policy.on_unknown"),
    ({"cancellation": []}, "policy.cancellation"),
    ({"cancellation": {"channels": ["sms"], "to": "staff"}}, "policy.cancellation"),
    ({"cancellation": {"channels": []}}, "policy.cancellation.channels"),
    ({"cancellation": {"channels": ["fax"]}}, "policy.cancellation.channels.0.channel"),
]


@pytest.mark.parametrize(("kept", "field"), WRONG)
def test_a_policy_that_can_not_be_is_refused_by_name(kept: Any, field: str) -> None:
    with pytest.raises(Invalid) as fault:
        policy.check(kept)
    assert fault.value.field == field


times_of_day = st.times().map(lambda at: at.replace(second=0, microsecond=0))
policies = st.builds(
    Policy,
    quiet_hours=st.none()
    | st.builds(QuietHours, times_of_day, times_of_day, st.sampled_from(Action)),
    strict=st.booleans(),
    cap_per_day=st.none() | st.integers(1, 1000),
    gap_seconds=st.integers(0, 86_400),
    overdue_minutes=st.integers(1, 10_080),
    lookahead_minutes=st.integers(1, 10_080),
    cancellation=st.none() | st.just((Step("whatsapp", "read", 5), Step("voice"))),
    on_unknown=st.sampled_from(ON_UNKNOWN),
)


@given(policies, policies)
def test_a_whole_policy_is_shown_kept_and_overrides_any_other(one: Policy, other: Policy) -> None:
    kept = one.to_json()
    policy.check(kept)
    assert merged(kept) == one
    assert merged(other.to_json(), kept) == one


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["quiet_hours", "from", "caps", "day", "cancellation", "channels",
                             "channel", "unless", "strict", "gap_seconds"]),
            inner,
            max_size=4,
        ),
        max_leaves=8,
    )
)  # fmt: skip
def test_whatever_passes_the_check_can_be_merged(kept: Any) -> None:
    try:
        policy.check(kept)
    except Invalid:
        return
    assert merged(merged(kept).to_json()) == merged(kept)
