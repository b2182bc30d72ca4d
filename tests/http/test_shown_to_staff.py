"""What holds for a page of staff that shows something, seen on pages made for these tests."""

from collections.abc import Callable

import pytest
from flask import Flask, Response

from gateway.http import create_app, staff_answers
from gateway.http.staff_pages import recorded, staff
from gateway.models import base
from tests.conftest import Configure
from tests.http.conftest import SETTINGS
from tests.http.staff_stage import Browser, ledger, let_time_pass
from tests.http.stage import PHONE, Api


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
