"""What holds for every page for staff, whoever wrote it."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response

from gateway.http import create_app, staff_answers
from gateway.http.staff_pages import recorded, staff
from gateway.models import base
from tests.conftest import Account, Configure
from tests.http.conftest import SETTINGS
from tests.http.staff_stage import ORIGIN, Browser, hire, ledger, let_time_pass
from tests.http.stage import PHONE, Api

OPEN = {"console.sign_in", "console.enter", "console.asset"}
PLACES = re.compile(r"<[^>]+>")
MIXED = {"Origin": ORIGIN}


def routes(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """Endpoint and address of each page for staff."""
    for rule in app.url_map.iter_rules():
        own = rule.rule.startswith(("/console", "/admin/"))
        if own and method in (rule.methods or ()) and rule.endpoint not in OPEN:
            yield rule.endpoint, PLACES.sub("1", rule.rule)


@pytest.fixture
def app(configure: Configure) -> Flask:
    """An application of its own: pages are added to it."""
    return create_app(configure(**SETTINGS))


@pytest.fixture
def probe(app: Flask) -> None:
    """Pages that do what pages do, each in one line."""
    group = staff_answers.blueprint("probe", __name__, "/console/probe")

    @group.post("/number/<call_id>")
    @staff("support")
    def number(call_id: str) -> Response:
        with recorded("read-number", call_id, reason="customer asked"):
            return staff_answers.answer(PHONE)

    @group.post("/fails")
    @staff()
    def fails() -> Response:
        with recorded("try", "x"):
            raise ValueError(PHONE)

    @group.get("/live")
    @staff(background=True)
    def live() -> Response:
        return staff_answers.partial("frame_nav.html")

    app.register_blueprint(group)


def test_no_page_is_there_for_who_is_not_signed_in(app: Flask, browser: Browser) -> None:
    for method in ("GET", "POST"):
        found = list(routes(app, method))
        assert found
        for _, path in found:
            answer = browser.client.open(path, method=method, base_url=ORIGIN, headers=MIXED)
            assert answer.status_code == 303, path
            assert answer.headers["Location"].startswith("/console/sign-in"), path


def test_no_form_is_taken_without_the_sessions_token_or_from_elsewhere(
    app: Flask, signed_in: Callable[..., Browser]
) -> None:
    browser, other = signed_in("admin"), signed_in("admin", email="b@example.com")
    assert browser.csrf != other.csrf
    for _, path in routes(app, "POST"):
        for headers, token in (
            (MIXED, ""), (MIXED, other.csrf), (MIXED, browser.csrf + "x"),
            ({"Origin": "https://evil.example"}, browser.csrf), ({}, browser.csrf),
        ):  # fmt: skip
            answer = browser.post(path, headers=headers, csrf=token)
            assert answer.status_code == 403, (path, headers)
    assert browser.get("/console/organization").status_code == 200  # nobody signed it out
    assert ledger() == []


def test_htmx_sends_the_token_in_a_header(signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("viewer")
    assert f'"X-CSRF-Token": "{browser.csrf}"' in browser.see("/console")

    sent = {**MIXED, "X-CSRF-Token": browser.csrf, "HX-Request": "true"}
    answer = browser.post("/console/sign-out", headers=sent, csrf="")

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/console/sign-in")
    asked = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/console/audit?person=Sam"}
    gone = browser.get("/console", headers=asked)
    assert gone.headers["HX-Redirect"] == "/console/sign-in?next=/console/audit?person%3DSam"


def test_every_page_is_private_and_runs_and_loads_only_what_is_ours(
    app: Flask, browser: Browser, signed_in: Callable[..., Browser]
) -> None:
    inside = signed_in("admin")
    for path in ("/console/sign-in", *(path for _, path in routes(app, "GET"))):
        answer = (browser if path == "/console/sign-in" else inside).get(path)
        if answer.mimetype != "text/html":
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; "), path
        assert "unsafe" not in policy
        assert "data:" not in policy
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        inline = re.findall(
            r"<style|\bstyle=|\bon[a-z]+=\"|<script(?! src=)|javascript:", answer.text
        )
        assert inline == [], path
        assert set(re.findall(r"(?:src|href|action)=\"(?:https?:)?//[^\"]*", answer.text)) == set()


def test_only_admins_see_the_audit_ledger(signed_in: Callable[..., Browser]) -> None:
    for role in ("viewer", "support", "operator"):
        browser = signed_in(role)
        answer = browser.get("/console/audit")
        assert (answer.status_code, answer.mimetype) == (403, "text/html")
        assert answer.headers["X-Request-Id"] in answer.text
        assert "/console/audit" not in browser.see("/console")
    assert "/console/audit" in signed_in("admin").see("/console")


def test_staff_of_one_organization_never_see_another(
    signed_in: Callable[..., Browser], open_account: Callable[[str], Account]
) -> None:
    clinic = open_account("Clinic")
    browser = signed_in("admin")
    page = browser.see("/console/organization")
    assert "Salon Berlin" in page
    assert "Clinic" not in page

    for other in (clinic.organization_id, "or_nobody", ""):
        answer = browser.post("/console/organization", organization=other, mode="live")
        assert answer.status_code == 404
    assert "Salon Berlin" in browser.see("/console")


def test_staff_of_all_choose_one_first_and_see_its_name_and_mode(
    signed_in: Callable[..., Browser], open_account: Callable[[str], Account]
) -> None:
    clinic = open_account("Clinic")
    browser = signed_in("admin", everywhere=True)
    assert browser.get("/console").headers["Location"] == "/console/organization"
    browser.see("/console/organization")

    chosen = {"organization": clinic.organization_id}
    assert browser.post("/console/organization", mode="loud", **chosen).status_code == 422
    assert browser.post("/console/organization", mode="test", **chosen).status_code == 303

    first, second = browser.see("/console"), browser.see("/console")
    assert "Now looking at test data." in first
    assert "Now looking at test data." not in second  # told once
    assert 'Clinic <span class="tag test">test</span>' in second


@pytest.mark.usefixtures("probe")
def test_a_number_is_shown_to_support_and_the_ledger_says_to_whom(
    api: Api, signed_in: Callable[..., Browser]
) -> None:
    for role in ("viewer", "operator"):
        assert signed_in(role).post("/console/probe/number/ca_1").status_code == 403
    assert ledger() == []

    answer = signed_in("support").post("/console/probe/number/ca_1")

    assert answer.text == PHONE
    (entry,) = ledger()
    assert (entry.organization_id, entry.person) == (api.account.organization_id, "Sam Support")
    assert (entry.action, entry.objects, entry.reason) == (
        "read-number", ["ca_1"], "customer asked",
    )  # fmt: skip
    assert entry.key is not None
    assert entry.key.startswith("st_")
    assert entry.request_id == answer.headers["X-Request-Id"]


@pytest.mark.usefixtures("probe")
def test_without_an_entry_in_the_ledger_nothing_is_shown(signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("support")
    with base.connection():
        base.db.execute_sql("ALTER TABLE audit_entry RENAME TO lost")

    answer = browser.post("/console/probe/number/ca_1")

    assert answer.status_code >= 500
    assert PHONE not in answer.text


@pytest.mark.usefixtures("probe")
def test_what_failed_is_not_in_the_ledger_and_the_page_says_nothing_of_it(
    signed_in: Callable[..., Browser],
) -> None:
    answer = signed_in("viewer").post("/console/probe/fails")

    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert PHONE not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert ledger() == []


@pytest.mark.usefixtures("probe")
def test_a_live_part_that_did_not_change_is_not_sent_again(
    signed_in: Callable[..., Browser],
) -> None:
    browser = signed_in("viewer")
    first = browser.get("/console/probe/live")
    tag = first.headers["HX-PTag"]
    for name, value in (("HX-PTag", tag), ("If-None-Match", f'"{tag}"')):
        again = browser.get("/console/probe/live", headers={name: value})
        assert (again.status_code, again.data) == (304, b"")
    other = browser.get("/console/probe/live", headers={"HX-PTag": "another"})
    assert (other.status_code, other.text) == (200, first.text)


@pytest.mark.usefixtures("probe")
def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(
    signed_in: Callable[..., Browser],
) -> None:
    browser = signed_in("viewer")
    let_time_pass(minutes=29)
    assert browser.get("/console/probe/live").status_code == 200
    let_time_pass(minutes=2)
    assert browser.get("/console/probe/live").status_code == 303


def test_what_is_no_form_is_refused_by_a_page(signed_in: Callable[..., Browser]) -> None:
    browser = signed_in("viewer")
    sent = {**MIXED, "X-CSRF-Token": browser.csrf}
    for data, kind, status in (
        ('{"mode": "live"}', "application/json", 415),
        ("mode=live&mode=test", "application/x-www-form-urlencoded", 400),
        ("x" * 70_000, "application/x-www-form-urlencoded", 413),
    ):
        answer = browser.client.post(
            "/console/organization", base_url=ORIGIN, headers=sent, data=data, content_type=kind
        )
        assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_a_name_is_text_wherever_it_comes_from(
    app: Flask, browser: Browser, open_account: Callable[[str], Account]
) -> None:
    salon = open_account("<script>alert(1)</script> & 'Sons'")
    browser.sign_in(hire("viewer", salon.organization_id, name="<img src=x>"))
    page = browser.get("/console").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
