"""How long things are kept: the setting, and an organization's own days over it."""

import pytest

from gateway import retained
from gateway.domain import retention
from gateway.domain.errors import Invalid


def test_what_is_named_is_laid_over_what_is_usual() -> None:
    assert retained.parse("events=7, people=forever") == {
        **retained.DAYS, "events": 7, "people": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw", ["", "events", "events=", "letters=3", "events=0", "events=-1", "events=1.5",
            "events=40000", "events=٣", "events=7,,calls=3"],
)  # fmt: skip
def test_days_that_can_not_be_are_refused_without_repeating_them(raw: str) -> None:
    with pytest.raises(ValueError, match=r"must be|takes") as fault:
        retained.parse(raw)
    assert "40000" not in str(fault.value)


def test_an_organization_s_own_days_come_first() -> None:
    found = retention.merged({**retained.DAYS, "events": 7}, {"calls": None, "people": 3})
    assert found == {**retained.DAYS, "events": 7, "calls": None, "people": 3}


@pytest.mark.parametrize("kept", [None, [], {"x": 1}, {"calls": "1"}, {"calls": 0}])
def test_an_organization_s_days_have_to_be_days(kept: object) -> None:
    with pytest.raises(Invalid):
        retention.check(kept)
