"""How long to wait before the next try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.backoff import MOST, PURPOSES, Backoff
from gateway.settings import Settings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENVIRON = {
    "DATABASE_URL": "sqlite:///unused.db",
    "REDIS_URL": "redis://unused",
    "SECRET_KEY": "s" * 32,
}


def _backoff(**environ: str) -> Backoff:
    settings = Settings.from_env(ENVIRON | environ)
    return Backoff({name: getattr(settings, f"retry_{name}_seconds") for name in PURPOSES})


def _waits(backoff: Backoff, purpose: str) -> list[float]:
    waits: list[float] = []
    while (then := backoff.next_try(purpose, len(waits) + 1, NOW)) is not None:
        waits.append((then - NOW).total_seconds())
    return waits


@pytest.mark.row("A5")
@pytest.mark.parametrize(
    ("purpose", "waits"),
    [
        ("default", [5, 25, 125, 625, 3125]),
        ("reminder", [5, 25, 125, 625, 3125]),
        ("voice", [1, 2]),
        ("waitlist", [1, 2, 4]),
        ("timer", [1, 2, 4]),
        ("preference", [5, 10, 20]),
        ("nurture", [5, 25]),
        ("dunning", [5, 25]),
        ("snapshot", [5, 25]),
    ],
)
def test_each_purpose_has_its_series_out_of_the_box(purpose: str, waits: list[float]) -> None:
    assert _waits(_backoff(), purpose) == waits


@pytest.mark.row("A5")
def test_a_series_is_a_setting_and_may_be_empty() -> None:
    assert _waits(_backoff(RETRY_VOICE_SECONDS="0.5, 3,7"), "voice") == [0.5, 3, 7]
    assert _waits(_backoff(RETRY_VOICE_SECONDS="none"), "voice") == []
    assert _waits(_backoff(RETRY_DEFAULT_SECONDS="9"), "unheard-of") == [9]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(None, 1), (0.0, 1), (0.5, 1), (7.0, 7), (MOST, MOST), (MOST * 9, MOST), (float("inf"), MOST)],
)
def test_the_longer_of_our_wait_and_the_carriers_wish_counts(
    asked: float | None, waited: float
) -> None:
    then = _backoff().next_try("voice", 1, NOW, asked)
    assert then == NOW + timedelta(seconds=waited)


def test_a_carriers_wish_gives_no_further_try() -> None:
    assert _backoff().next_try("voice", 3, NOW, 30.0) is None


@given(st.sampled_from(PURPOSES), st.integers(1, 20), st.floats(0, 1e6))
def test_the_next_try_is_never_before_its_time(purpose: str, tries: int, asked: float) -> None:
    own = _backoff().next_try(purpose, tries, NOW)
    with_wish = _backoff().next_try(purpose, tries, NOW, asked)
    assert (own is None) == (with_wish is None)
    if own is not None and with_wish is not None:
        assert own <= with_wish <= max(own, NOW + timedelta(seconds=MOST))
