"""What holds for every page for staff, whoever wrote it."""

import re
from collections.abc import Callable, Iterator

from flask import Flask

from tests.conftest import Account
from tests.http.staff_stage import ORIGIN, Browser, hire, ledger

OPEN = {"console.sign_in", "console.enter", "console.asset"}
PLACES = re.compile(r"<[^>]+>")
MIXED = {"Origin": ORIGIN}


def routes(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """Endpoint and address of each page for staff."""
    for rule in app.url_map.iter_rules():
        own = rule.rule.startswith(("/console", "/admin/"))
        if own and method in (rule.methods or ()) and rule.endpoint not in OPEN:
            yield rule.endpoint, PLACES.sub("1", rule.rule)


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
