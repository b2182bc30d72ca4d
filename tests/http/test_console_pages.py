"""The pages of a call, a message, a booking and a person: what they tell, to whom, and what is
noted."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from gateway.models import base
from gateway.models.attempts import table_with
from gateway.models.provider_event import ProviderEvent
from tests.http import seed
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import PHONE, Api, soon

SignedIn = Callable[..., Browser]
SAID = "I would rather come on Tuesday"
BODY = "CallSid=CA1&To=%2B4915112345678"


@pytest.fixture
def heard(api: Api) -> str:
    """A call with everything: events, a transcript, words of ours."""
    call = seed.call(api, text="Hello Ada, see you on Monday.", answered_by="human", digits="1")
    seed.transcript(call, SAID)
    for seconds, status in enumerate(("initiated", "ringing", "in-progress", "completed")):
        seed.event(call, status, seconds=seconds)
    with base.connection():
        ProviderEvent.update(body=BODY).where(ProviderEvent.call == call).execute()
    return call


def entries() -> list[tuple[str, list[str], str | None]]:
    """What stands in the ledger."""
    return [(one.action, list(one.objects), one.reason) for one in ledger()]


def test_a_call_tells_its_progress_and_its_end(heard: str, signed_in: SignedIn) -> None:
    page = signed_in("viewer").see(f"/console/calls/{heard}")
    assert "Somebody answered, 12 seconds, and pressed 1." in page
    steps = re.findall(r"</time> (initiated|ringing|in-progress|completed|over)", page)
    assert steps == ["initiated", "ringing", "in-progress", "completed", "over"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"state": "busy", "reason": "busy", "failure_class": "temporary"}, "The line was busy."),
        (
            {"state": "failed", "reason": "invalid_number", "failure_class": "permanent",
             "provider_code": "21211"},
            "The number is missing, does not exist or can't be called."
            " It will not work for this person. Twilio gives it the code <code>21211</code>.",
        ),
        ({"state": "failed", "reason": "configuration", "failure_class": "technical"},
         "tell an operator"),
        ({"state": "unknown", "ended_at": None}, "being found out"),
        ({"state": "ringing", "ended_at": None}, "The telephone is ringing."),
        ({"answered_by": "machine"}, "An answering machine answered"),
        ({"duration_seconds": 1}, "Somebody answered, 1 second."),
    ],
)  # fmt: skip
def test_what_became_of_a_call_is_said_in_plain_words(
    api: Api, signed_in: SignedIn, columns: dict[str, Any], told: str
) -> None:
    call = seed.call(api, **columns)
    assert told in signed_in("viewer").see(f"/console/calls/{call}")


def test_a_message_tells_how_far_it_came(api: Api, signed_in: SignedIn) -> None:
    sent = seed.message(api)
    seed.event(sent, "delivered", seconds=3)
    page = signed_in("viewer").see(f"/console/messages/{sent}")
    assert "It arrived." in page
    assert "delivered" in page


def test_a_viewer_sees_no_number_and_no_words_and_reveals_none(
    api: Api, heard: str, signed_in: SignedIn
) -> None:
    book = api.book()
    text, person = seed.message(api, booking_id=book["id"]), book["contact"]["id"]
    for role in ("viewer", "operator"):
        browser = signed_in(role)
        for path in (f"calls/{heard}", f"calls/{heard}/live", f"messages/{text}",
                     f"messages/{text}/live", f"contacts/{person}", f"contacts/{person}/live",
                     f"bookings/{book['id']}", f"bookings/{book['id']}/live", ""):  # fmt: skip
            page = browser.see(f"/console/{path}".rstrip("/"))
            for secret in (PHONE, SAID, "See you at noon", "Hello Ada", BODY, "<summary>Words"):
                assert secret not in page, (path, secret)
            assert "Show " not in page, path
            assert "reason" not in page, path  # no actions either
        for path in (f"calls/{heard}/number", f"calls/{heard}/words", f"calls/{heard}/events",
                     f"messages/{text}/words", f"contacts/{person}/number",
                     f"contacts/{person}/words"):  # fmt: skip
            assert browser.post(f"/console/{path}").status_code == 403, path
    assert ledger() == []


def test_every_reveal_is_an_entry_in_the_ledger(api: Api, heard: str, signed_in: SignedIn) -> None:
    book = api.book()
    text, person = seed.message(api), book["contact"]["id"]
    browser = signed_in("support")
    for kind, id_, part, secret, action, objects in (
        ("calls", heard, "number", PHONE, "read-number", [heard]),
        ("calls", heard, "words", SAID, "read-transcript", [heard]),
        ("calls", heard, "events", BODY, "read-events", [heard]),
        ("messages", text, "number", PHONE, "read-number", [text]),
        ("messages", text, "words", "See you at noon.", "read-message", [text]),
        ("messages", text, "events", "Nothing came", "read-events", [text]),
        ("contacts", person, "number", PHONE, "read-number", [person]),
        ("contacts", person, "words", SAID, "read-conversation", [person, text, heard]),
    ):  # fmt: skip
        page = browser.see(f"/console/{kind}/{id_}")
        assert secret not in page
        before = len(ledger())
        answer = browser.post(f"/console/{kind}/{id_}/{part}")
        assert answer.status_code == 200, answer.text
        assert secret.replace("&", "&amp;") in answer.text, (kind, part)
        assert "<html" in answer.text
        assert entries()[before:] == [(action, objects, None)], (kind, part)


def test_what_is_revealed_beside_the_page_is_an_entry_too(heard: str, signed_in: SignedIn) -> None:
    browser = signed_in("support")
    browser.see(f"/console/calls/{heard}")
    own = {"HX-Request": "true", "Origin": "https://hooks.example.com"}
    for part, secret in (("number", PHONE), ("words", SAID), ("events", BODY)):
        before = len(ledger())
        answer = browser.post(f"/console/calls/{heard}/{part}", headers=own)
        assert secret.replace("&", "&amp;") in answer.text, part
        assert "<html" not in answer.text
        assert len(ledger()) == before + 1, part


def test_the_transcript_is_told_by_speaker(heard: str, signed_in: SignedIn) -> None:
    browser = signed_in("support")
    browser.see(f"/console/calls/{heard}")
    page = browser.post(f"/console/calls/{heard}/words").text
    assert re.search(rf"<strong>They</strong> <span[^>]*>0:00</span>: {SAID}", page)
    assert "<strong>We said:</strong> Hello Ada, see you on Monday." in page


def test_a_live_part_is_sent_again_only_when_it_changed(api: Api, signed_in: SignedIn) -> None:
    call = seed.call(api, state="ringing", ended_at=None)
    browser = signed_in("viewer")
    path = f"/console/calls/{call}/live"
    first = browser.get(path)
    same = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, same.status_code) == (200, 304)
    with base.connection():
        table_with(call).update(state="completed").where(table_with(call).id == call).execute()
    later = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert "Somebody answered" in later.text
    page = browser.see(f"/console/calls/{call}")
    assert f'hx-get="{path}" hx-trigger="every 3s"' in page


def test_a_booking_tells_what_will_be_sent_when_and_why_not(api: Api, signed_in: SignedIn) -> None:
    rules = [
        {"kind": "before", "minutes": 60, "channel": "voice"},
        {"kind": "before", "minutes": 1440, "channel": "email", "text": "Come!", "subject": "x"},
    ]
    book = api.book(reminders=rules, starts_at=soon(days=3))
    page = signed_in("support").see(f"/console/bookings/{book['id']}")
    plan = page.partition("What will be sent")[2].partition("Calls and messages")[0]
    assert plan.count("Will it leave") == 1
    assert "reminder by call" in plan
    assert "Yes." in plan
    assert re.search(r"reminder by e-mail.*?No\.</span> The address is missing", plan, re.DOTALL)
    assert "<summary>Words" in plan


def test_a_booking_has_a_timeline_of_everything_about_it(api: Api, signed_in: SignedIn) -> None:
    book = api.book()
    api.patch(f"/api/v1/bookings/{book['id']}", {"duration_minutes": 20})
    api.delete(f"/api/v1/bookings/{book['id']}")
    page = signed_in("viewer").see(f"/console/bookings/{book['id']}")
    timeline = re.sub(r"<[^>]+>|\s+", " ", page.partition("Timeline</h2>")[2])
    told = set(re.findall(r"booking \w+|reminder \w+", timeline))
    assert told >= {"booking canceled", "booking booked", "reminder canceled", "reminder planned"}
    assert "(changed)" in timeline
    assert timeline.index("booking canceled") < timeline.rindex("booking booked")
    assert "Nothing more is planned." in page
    assert "hx-trigger" not in page  # nothing of it can change


def test_a_conversation_goes_both_ways_in_its_order(api: Api, signed_in: SignedIn) -> None:
    person = api.book()["contact"]["id"]
    first = seed.message(api)
    answer = seed.message(
        api, direction="inbound", from_address=PHONE, to_address="+15005550006",
        state="received", text="Thanks!",
    )  # fmt: skip
    last = seed.call(api)
    page = signed_in("support").see(f"/console/contacts/{person}")
    order = re.findall(r'class="(ours|theirs)"><a href="[^"]*/(\w+)"', page)
    assert order == [("ours", last), ("theirs", answer), ("ours", first)]


def test_what_somebody_said_stop_to_is_on_their_page(api: Api, signed_in: SignedIn) -> None:
    person = api.book()["contact"]["id"]
    path = f"/api/v1/contacts/{person}/consent"
    api.post(path, {"channel": "sms", "granted": False, "source": "told us"})
    page = signed_in("viewer").see(f"/console/contacts/{person}")
    assert re.search(r"SMS: <span[^>]*>No, they said stop", page)
    assert re.search(r"call: <span[^>]*>Yes", page)
    assert "(told us)" in page


def test_somebody_with_the_same_number_is_named(api: Api, signed_in: SignedIn) -> None:
    ada = api.book(contact={"phone": PHONE, "name": "Ada", "external_id": "a"})["contact"]["id"]
    bob = api.book(contact={"phone": PHONE, "name": "Bob", "external_id": "b"})["contact"]["id"]
    page = signed_in("viewer").see(f"/console/contacts/{ada}")
    assert f'<a href="/console/contacts/{bob}">Bob</a>' in page


def test_another_organizations_pages_are_not_there(
    app: Any, api: Api, new_api: Callable[[str], Api], signed_in: SignedIn
) -> None:
    theirs = new_api("Salon Paris")
    book = theirs.book()
    call, text = seed.call(theirs), seed.message(theirs)
    live = seed.call(api, mode="live")
    ids = {"call_id": call, "message_id": text, "booking_id": book["id"],
           "contact_id": book["contact"]["id"], "enrolment_id": "en_x"}  # fmt: skip
    browser = signed_in("admin")
    tried = 0
    for rule in app.url_map.iter_rules():
        if not (rule.rule.startswith("/console/") and rule.arguments & set(ids)):
            continue
        parts = {"number", "words"} if "part" in rule.arguments else {""}
        for part in parts:
            path = rule.rule.replace("<part>", part)
            for name, id_ in ids.items():
                path = path.replace(f"<{name}>", id_)
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            answer = browser.post(path, reason="test") if method == "POST" else browser.get(path)
            assert answer.status_code == 404, path
            tried += 1
    assert tried >= 18
    assert browser.get(f"/console/calls/{live}").status_code == 404
    assert browser.get(f"/console/messages/{call}").status_code == 404
    assert ledger() == []
