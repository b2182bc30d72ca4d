"""What support does for people on the pages of /console: with a reason, once, and noted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.models import base
from gateway.models.notification import Notification
from tests.http import seed
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import BOOKINGS, PHONE, Api, soon
from tests.http.test_sequences import enrolled, made

SignedIn = Callable[..., Browser]
RULES = [{"kind": "before", "minutes": 60, "channel": "voice"}]


@pytest.fixture
def over(api: Api) -> tuple[dict[str, Any], str]:
    """A booking whose reminder ended without reaching anybody, and the call."""
    book = api.book(starts_at=soon(minutes=30), reminders=RULES, policy={"quiet_hours": None})
    id_ = api.read(f"{BOOKINGS}/{book['id']}/reminders")["data"][0]["id"]
    with base.connection():
        now = datetime.now(UTC)
        Notification.update(
            state="not_reached", reason="busy", finished_at=now, next_attempt_at=None,
            lease_until=None,
        ).where(Notification.id == id_).execute()  # fmt: skip
    call = seed.call(api, booking_id=book["id"], notification=id_, state="busy", text="Hello.")
    return book, call


def entry() -> tuple[str, list[str], str | None, str | None]:
    """The last one of the ledger."""
    last = ledger()[-1]
    return last.action, list(last.objects), last.reason, last.person


def reminders(api: Api, book: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a booking."""
    found: list[dict[str, Any]] = api.read(f"{BOOKINGS}/{book['id']}/reminders")["data"]
    return found


def act(browser: Browser, page: str, path: str, reason: str = "customer asked") -> str:
    """Press a button of a page; the page it leads to."""
    assert f'action="/console/{path}"' in browser.see(f"/console/{page}")
    answer = browser.post(f"/console/{path}", reason=reason)
    assert answer.status_code == 303, answer.text
    return browser.see(answer.headers["Location"])


def test_calling_again_plans_one_more_call_of_the_booking(
    api: Api, over: tuple[dict[str, Any], str], signed_in: SignedIn
) -> None:
    book, call = over
    browser = signed_in("support")
    page = act(browser, f"calls/{call}", f"calls/{call}/again")

    assert "The call is planned." in page
    assert entry() == ("call-again", [call], "customer asked", "Sam Support")
    fresh = [one for one in reminders(api, book) if one["state"] != "not_reached"]
    assert [(one["state"], one["channel"]) for one in fresh] == [("due", "voice")]

    assert "it was asked for already" in browser.see(f"/console/calls/{call}")
    again = browser.post(f"/console/calls/{call}/again", reason="customer asked")
    assert again.status_code == 409
    assert len(reminders(api, book)) == 2


def test_a_single_request_can_be_sent_again(api: Api, signed_in: SignedIn) -> None:
    asked = api.post("/api/v1/messages", {"to": PHONE, "channel": "sms", "text": "Ready!"})
    assert asked.json is not None
    first = asked.json["id"]
    with base.connection():
        Notification.update(
            state="reached", finished_at=datetime.now(UTC), lease_until=None
        ).where(Notification.id == first).execute()  # fmt: skip
        person = Notification.get_by_id(first).contact_id
    sent = seed.message(api, notification=first, text="Ready!")

    page = act(signed_in("support"), f"messages/{sent}", f"messages/{sent}/again")

    assert "The message is planned." in page
    with base.connection():
        row = Notification.get(Notification.id != first)
    assert (row.state, row.wording, row.contact_id) == ("due", {"text": "Ready!"}, person)


def test_nobody_is_called_again_who_may_not_be_called(
    api: Api, over: tuple[dict[str, Any], str], signed_in: SignedIn
) -> None:
    book, call = over
    path = f"/api/v1/contacts/{book['contact']['id']}/consent"
    api.post(path, {"channel": "voice", "granted": False, "source": "told us"})
    browser = signed_in("support")
    browser.see(f"/console/calls/{call}")
    answer = browser.post(f"/console/calls/{call}/again", reason="customer asked")
    assert answer.status_code == 409
    assert "The person said that they want no more of this." in answer.text
    assert len(reminders(api, book)) == 1
    assert ledger() == []  # nothing was done


def test_what_goes_on_by_itself_is_not_asked_for_again(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    id_ = reminders(api, book)[0]["id"]
    call = seed.call(api, booking_id=book["id"], notification=id_, state="busy")
    browser = signed_in("support")
    assert "it goes on by itself" in browser.see(f"/console/calls/{call}")
    assert browser.post(f"/console/calls/{call}/again", reason="test").status_code == 409
    loose = seed.call(api)
    assert browser.post(f"/console/calls/{loose}/again", reason="test").status_code == 409
    assert ledger() == []


def test_a_booking_is_canceled_with_all_that_waits(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    where = f"bookings/{book['id']}"
    page = act(signed_in("support"), where, f"{where}/cancel", "business asked")
    assert "The booking is canceled." in page
    assert api.read(f"{BOOKINGS}/{book['id']}")["state"] == "canceled"
    assert {one["state"] for one in reminders(api, book)} == {"canceled"}
    assert entry() == ("cancel-booking", [book["id"]], "business asked", "Sam Support")
    assert "/cancel" not in page  # it can't be done twice


def test_a_booking_is_confirmed(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    where = f"bookings/{book['id']}"
    page = act(signed_in("support"), where, f"{where}/confirm")
    assert "The booking is confirmed." in page
    assert api.read(f"{BOOKINGS}/{book['id']}")["state"] == "confirmed"
    assert entry() == ("confirm-booking", [book["id"]], "customer asked", "Sam Support")
    assert "/confirm" not in page


def test_who_opts_out_is_told_nothing_more_there(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    person = book["contact"]["id"]
    browser = signed_in("support")
    browser.see(f"/console/contacts/{person}")
    answer = browser.post(
        f"/console/contacts/{person}/opt-out", channel="all", reason="customer asked"
    )
    assert answer.status_code == 303
    assert entry() == ("opt-out", [person], "customer asked", "Sam Support")
    shown = api.read(f"/api/v1/contacts/{person}")
    assert sorted(shown["opted_out"]) == ["sms", "voice", "whatsapp"]
    plan = browser.see(f"/console/bookings/{book['id']}")
    assert "No.</span> The person said that they want no more of this." in plan
    for channel in ("email", "fax", ""):
        wrong = browser.post(
            f"/console/contacts/{person}/opt-out", channel=channel, reason="customer asked"
        )
        assert wrong.status_code == 422, channel


def test_a_sequence_is_stopped_for_a_person(api: Api, signed_in: SignedIn) -> None:
    course = enrolled(api, made(api))
    id_, person = course["id"], course["contact"]["id"]

    page = act(signed_in("support"), f"contacts/{person}", f"enrolments/{id_}/stop")

    assert "The sequence is stopped for this person." in page
    assert entry() == ("stop-sequence", [id_], "customer asked", "Sam Support")
    assert api.read(f"/api/v1/enrolments/{id_}")["state"] == "excluded"


def test_nothing_is_done_without_a_reason_of_the_list(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    browser = signed_in("support")
    browser.see(f"/console/bookings/{book['id']}")
    for reason in ({}, {"reason": ""}, {"reason": "Ada was rude"}):
        for path in ("cancel", "confirm"):
            answer = browser.post(f"/console/bookings/{book['id']}/{path}", **reason)
            assert answer.status_code == 422, (path, reason)
    assert api.read(f"{BOOKINGS}/{book['id']}")["state"] == "booked"
    assert ledger() == []


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_support_acts_for_people(api: Api, signed_in: SignedIn, role: str) -> None:
    book = api.book()
    call, text = seed.call(api), seed.message(api)
    browser = signed_in(role)
    browser.see("/console")
    for path in (f"bookings/{book['id']}/cancel", f"bookings/{book['id']}/confirm",
                 f"calls/{call}/again", f"messages/{text}/again", "enrolments/en_1/stop",
                 f"contacts/{book['contact']['id']}/opt-out"):  # fmt: skip
        answer = browser.post(f"/console/{path}", reason="test", channel="all")
        assert answer.status_code == 403, path
    assert api.read(f"{BOOKINGS}/{book['id']}")["state"] == "booked"


def test_who_calls_again_after_the_appointment_is_told_why_not(
    api: Api, over: tuple[dict[str, Any], str], signed_in: SignedIn
) -> None:
    book, call = over
    with base.connection():
        past = datetime.now(UTC) - timedelta(minutes=1)
        Notification.update(expires_at=past).execute()
        base.db.execute_sql("UPDATE booking SET starts_at = '2026-01-01 00:00:00.000000+00:00'")
    browser = signed_in("support")
    browser.see(f"/console/calls/{call}")
    answer = browser.post(f"/console/calls/{call}/again", reason="test")
    assert answer.status_code == 409
    assert "Its time had passed" in answer.text
    assert len(reminders(api, book)) == 1
