"""Signing in to the pages, and out of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway.http import create_app
from gateway.models import base
from gateway.models.staff import Staff, StaffSession
from gateway.usecases import staff, staff_sign_in
from tests.conftest import Configure
from tests.databases import ON_SQLITE
from tests.http.conftest import SETTINGS
from tests.http.staff_stage import (
    ADA,
    COOKIE,
    HOST,
    ORIGIN,
    PASSWORD,
    Browser,
    hire,
    inside,
    let_time_pass,
)


def test_who_gives_the_right_password_gets_in(browser: Browser, ada: str) -> None:
    answer = browser.sign_in(f" {ada.upper()} ")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    assert inside(browser)
    cookies = answer.headers.getlist("Set-Cookie")
    assert [name.partition("=")[0] for name in cookies] == [
        "__Host-ringback", "__Host-ringback-device",
    ]  # fmt: skip
    for name in cookies:
        assert {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"} <= set(name.split("; "))


@ON_SQLITE
def test_without_https_the_cookie_has_a_name_that_browsers_take(configure: Configure) -> None:
    app = create_app(configure(**SETTINGS | {"PUBLIC_BASE_URL": "http://127.0.0.1:8000"}))
    hire("viewer", None, ADA)

    answer = Browser(app).sign_in(ADA)

    assert answer.headers["Set-Cookie"].startswith("ringback=")
    assert "Secure" not in answer.headers["Set-Cookie"]


def _refused(answer: TestResponse, email: str) -> str:
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    return answer.text.replace(email, "")


def test_whatever_is_wrong_the_answer_is_the_same(app: Flask, ada: str) -> None:
    hire("viewer", None, "bob@example.com")
    with base.connection():
        staff.disable("bob@example.com", datetime.now(UTC))
    tried = {
        (ADA, "grey harbour seven lamp"), (ADA, ""), (ADA, PASSWORD.upper()),
        ("bob@example.com", PASSWORD), ("nobody@example.com", PASSWORD), ("", ""),
    }  # fmt: skip

    answers = set()
    for email, word in sorted(tried):
        let_time_pass(hours=1)  # or there would be a wait
        answers.add(_refused(Browser(app).sign_in(email, word), email))

    assert len(answers) == 1
    assert 'role="alert"' in answers.pop()


def test_each_sign_in_makes_another_session_and_ends_the_one_before(
    browser: Browser, ada: str
) -> None:
    cookies = []
    for _ in range(2):
        browser.sign_in(ada)
        cookies.append(browser.cookie())

    assert cookies[0] != cookies[1]
    assert len(cookies[1]) >= 43  # 256 bits
    with base.connection():
        kept = [row.id for row in StaffSession.select()]
    assert kept == [staff_sign_in.token_id(cookies[1])]
    assert cookies[1] not in kept


def test_a_session_ends_when_nobody_used_it_for_half_an_hour(browser: Browser, ada: str) -> None:
    browser.sign_in(ada)
    let_time_pass(minutes=29)
    assert inside(browser)  # a use: the half hour begins again
    let_time_pass(minutes=29)
    assert inside(browser)
    let_time_pass(minutes=31)
    assert not inside(browser)


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(
    browser: Browser, ada: str
) -> None:
    browser.sign_in(ada)
    for _ in range(25):
        assert inside(browser)
        let_time_pass(minutes=29)
    assert not inside(browser)


def test_who_signs_out_is_out_even_with_the_cookie_kept(browser: Browser, ada: str) -> None:
    browser.sign_in(ada)
    kept = browser.cookie()
    browser.see("/console/organization")

    answer = browser.post("/console/sign-out")

    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    browser.client.set_cookie(COOKIE, kept, domain=HOST, secure=True)
    assert not inside(browser)


@pytest.mark.parametrize("how", ["disable", "password", "role", "everywhere"])
def test_all_sessions_of_somebody_can_be_ended_at_once(app: Flask, ada: str, how: str) -> None:
    here, there = Browser(app), Browser(app)
    for browser in (here, there):
        browser.sign_in(ada)
        assert inside(browser)

    if how == "everywhere":
        assert "another" in here.see("/console/sessions")
        here.post("/console/sessions/end")
    else:
        with base.connection():
            if how == "disable":
                staff.disable(ada, datetime.now(UTC))
            elif how == "password":
                staff.set_password(ada, None)
            else:
                staff.change(ada, {"role": "viewer"})

    assert not inside(here)
    assert not inside(there)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": ORIGIN}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "https://hooks.example.com.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({}, 403),
    ],
)
@ON_SQLITE
def test_nobody_is_signed_in_by_a_form_of_another_site(
    browser: Browser, ada: str, headers: dict[str, str], status: int
) -> None:
    sent = {"email": ada, "password": PASSWORD}
    assert browser.post("/console/sign-in", headers=headers, **sent).status_code == status
    assert inside(browser) is (status == 303)


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/console/audit?person=Sam", "/console/audit?person=Sam"),
        ("/admin/queues", "/admin/queues"),
        ("/console", "/console"),
        ("https://evil.example/console", "/console"),
        ("//evil.example", "/console"),
        ("/\\evil.example", "/console"),
        ("/console\\@evil.example", "/console"),
        ("/consoles", "/console"),
        ("/api/v1/calls", "/console"),
        ("javascript:alert(1)", "/console"),
    ],
)
@ON_SQLITE
def test_a_sign_in_leads_to_a_page_of_ours_only(
    browser: Browser, ada: str, asked: str, led: str
) -> None:
    assert browser.sign_in(ada, next=asked).headers["Location"] == led


def test_who_was_sent_away_comes_back_to_the_page_that_was_asked_for(
    browser: Browser, signed_in: Callable[..., Browser]
) -> None:
    signed_in("admin")
    away = browser.get("/console/audit?person=Sam%20A")

    assert away.status_code == 303
    page = browser.get(away.headers["Location"])
    assert 'name="next" value="/console/audit?person=Sam%20A"' in page.text


def test_passwords_are_kept_as_scrypt_hashes(ada: str) -> None:
    with base.connection():
        row = Staff.by_email(ADA)
    assert row is not None
    assert row.password.startswith("scrypt:32768:8:1$")
    assert PASSWORD not in row.password
