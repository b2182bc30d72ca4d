"""How many further tries there are."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.budget import RetryBudget

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _spent(budget: RetryBudget, times: int, now: datetime) -> int:
    return sum(budget.spend(now) for _ in range(times))


def test_it_begins_full_and_is_used_up() -> None:
    budget = RetryBudget(0.1, 0.01, 10)
    assert _spent(budget, 50, NOW) == 10


def test_ten_first_tries_pay_for_one_further() -> None:
    budget = RetryBudget(0.1, 0.0001, 10)
    _spent(budget, 50, NOW)
    for _ in range(30):
        budget.earn()
    assert _spent(budget, 50, NOW) in (2, 3)  # a tenth is no binary number


def test_a_lone_further_try_never_waits_long() -> None:
    budget = RetryBudget(0.1, 5, 10)
    _spent(budget, 50, NOW)
    assert not budget.spend(NOW)
    assert budget.spend(NOW + SECOND / 4)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-30, 30)), max_size=200))
def test_never_more_is_saved_up_than_the_stock_however_the_clock_goes(
    steps: list[tuple[bool, int]],
) -> None:
    budget, now, highest = RetryBudget(0.1, 5, 10), NOW, NOW
    for first_try, seconds in steps:
        now += seconds * SECOND
        if first_try:
            budget.earn()
        else:
            budget.spend(now)
    assert _spent(budget, 50, max(highest, now)) <= 10
