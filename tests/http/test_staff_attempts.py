"""Guessing passwords: the wait that grows, for whom, and that it ends."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from gateway import wallclock
from gateway.http import create_app
from gateway.models import base
from gateway.models.staff import StaffThrottle
from gateway.usecases import staff, staff_sign_in
from tests.conftest import Configure
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.http.conftest import SETTINGS
from tests.http.staff_stage import ADA, ORIGIN, Browser, hire

EVE = "eve@example.com"


class Stopped:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, path: Path) -> None:
        self.path, self.shown = str(path), datetime.now(UTC)
        self.later()

    def later(self, **span: float) -> None:
        """Let so much time pass."""
        self.shown += timedelta(**span)
        wallclock.set_reading(self.path, self.shown, rate=1e-9)


@pytest.fixture
def clock(tmp_path: Path) -> Stopped:
    """The time of the application."""
    return Stopped(tmp_path / "clock.json")


@pytest.fixture
def app(configure: Configure, clock: Stopped) -> Flask:
    """The application behind one proxy, with two people of all organizations."""
    told = {"GATEWAY_TESTING": "1", "GATEWAY_CLOCK_FILE": clock.path, "PROXY_HOPS": "1"}
    made = create_app(configure(**SETTINGS, **told))
    hire("admin", None, ADA)
    hire("viewer", None, EVE)
    return made


@pytest.fixture
def guess(app: Flask) -> Callable[..., int]:
    """`guess(email, seen_as)`: the status of a wrong password that comes from an address."""

    def attempt(email: str, seen_as: str = "203.0.113.9") -> int:
        # A client can write what it likes; only the last place is the proxy's.
        told = {"Origin": ORIGIN, "X-Forwarded-For": f"{email}, {seen_as}"}
        sent = {"email": email, "password": "wrong"}
        return Browser(app).post("/console/sign-in", headers=told, **sent).status_code

    return attempt


@pytest.mark.parametrize("email", [ADA, "nobody@example.com"])
def test_after_three_failures_there_is_a_wait_that_grows_and_ends(
    browser: Browser, clock: Stopped, email: str
) -> None:
    waits = []
    for _ in range(9):
        while (answer := browser.sign_in(email, "wrong")).status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            clock.later(seconds=waits[-1])
        assert answer.status_code == 403

    assert waits == [1, 2, 4, 8, 16]


def test_while_it_lasts_the_right_password_does_not_help_and_afterwards_it_does(
    browser: Browser, clock: Stopped
) -> None:
    for _ in range(4):
        browser.sign_in(ADA, "wrong")
    assert browser.sign_in(ADA).status_code == 429
    clock.later(seconds=1)
    assert browser.sign_in(ADA).status_code == 303
    assert browser.sign_in(ADA, "wrong").status_code == 403  # counted from the beginning again


def test_no_account_waits_over_half_a_minute_and_no_address_over_a_quarter_of_an_hour() -> None:
    for failures in (20, 10_000):
        assert staff_sign_in.wait_after(failures, staff_sign_in.ACCOUNT_WAIT).seconds == 30
        assert staff_sign_in.wait_after(failures, staff_sign_in.ADDRESS_WAIT).seconds == 900


def test_strangers_who_guess_all_the_time_do_not_keep_the_owner_out(
    app: Flask, guess: Callable[..., int]
) -> None:
    owner, other = Browser(app), Browser(app)
    assert owner.sign_in(ADA).status_code == other.sign_in(EVE).status_code == 303
    for number in range(4):
        assert guess(ADA, f"203.0.113.{number}") == 403

    assert other.sign_in(ADA).status_code == 429  # known, but not for this account
    assert Browser(app).sign_in(ADA).status_code == 429
    assert owner.sign_in(ADA).status_code == 303
    for status in (403, 403, 403, 403, 429):  # and it may not guess more often than others
        assert owner.sign_in(ADA, "wrong").status_code == status


def test_somebody_unknown_costs_as_much_work_as_somebody_known() -> None:
    def work(hashed: str | None) -> float:
        began = time.thread_time()
        assert not staff.right("wrong", hashed)
        return time.thread_time() - began

    known = generate_password_hash("right", method="scrypt")
    assert min(work(None) for _ in range(3)) > min(work(known) for _ in range(3)) / 2


@ON_SQLITE
def test_one_address_that_tries_many_accounts_waits_and_another_one_does_not(
    guess: Callable[..., int],
) -> None:
    first = [guess(f"guess{number}@example.com") for number in range(5)]

    assert first == [403, 403, 403, 403, 429]
    assert guess(ADA, "203.0.113.10") == 403


@ON_POSTGRESQL
def test_many_attempts_at_once_gain_nothing(guess: Callable[..., int]) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: guess(ADA), range(8)))

    assert sorted(statuses) == [403] * 4 + [429] * 4


def test_counts_are_forgotten(browser: Browser, guess: Callable[..., int], clock: Stopped) -> None:
    for number in range(3):
        guess(f"guess{number}@example.com")
    clock.later(hours=25)
    browser.sign_in(ADA)
    with base.connection():
        assert StaffThrottle.select().count() == 1  # of the address
