"""May it leave now? Every objection, and their order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FINE = Facts(
    due_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    ended=None,
    planned_for=3,
    in_force=3,
    opted_out=False,
    has_address=True,
)
EARLY = timedelta(seconds=1)


def test_what_nothing_speaks_against_may_leave() -> None:
    assert decide(FINE, NOW) == Decision(N.SENDING)


@pytest.mark.parametrize(
    ("objection", "decision"),
    [
        ({"ended": Reason.CANCELED}, Decision(N.CANCELED, Reason.CANCELED)),
        ({"ended": Reason.OVER}, Decision(N.CANCELED, Reason.OVER)),
        ({"planned_for": 2}, Decision(N.CANCELED, Reason.SUPERSEDED)),
        ({"planned_for": 4}, Decision(N.CANCELED, Reason.SUPERSEDED)),
        ({"expires_at": NOW}, Decision(N.EXPIRED, Reason.EXPIRED)),
        ({"opted_out": True}, Decision(N.SUPPRESSED, Reason.OPTED_OUT)),
        ({"has_address": False}, Decision(N.SUPPRESSED, Reason.INVALID_NUMBER)),
        ({"due_at": NOW + EARLY}, Decision(N.SCHEDULED, until=NOW + EARLY)),
    ],
)
def test_each_objection_has_its_end(objection: dict[str, Any], decision: Decision) -> None:
    assert decide(replace(FINE, **objection), NOW) == decision


@given(
    st.builds(
        Facts,
        due_at=st.timedeltas(timedelta(hours=-1), timedelta(hours=1)).map(NOW.__add__),
        expires_at=st.timedeltas(timedelta(hours=-1), timedelta(hours=1)).map(NOW.__add__),
        ended=st.sampled_from([None, Reason.CANCELED, Reason.OVER]),
        planned_for=st.integers(1, 2),
        in_force=st.integers(1, 2),
        opted_out=st.booleans(),
        has_address=st.booleans(),
    )
)
def test_nothing_leaves_early_late_canceled_superseded_or_unwanted(facts: Facts) -> None:
    may = decide(facts, NOW).state == N.SENDING
    assert may == (
        facts.due_at <= NOW < facts.expires_at
        and facts.ended is None
        and facts.planned_for == facts.in_force
        and not facts.opted_out
        and facts.has_address
    )
