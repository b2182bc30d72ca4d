"""DELETE /api/v1/contacts/{id}: a person is erased, and what they said no to outlives them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import base, personal
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.erasure import Erasure
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import AuditEntry
from gateway.usecases import accounts, inbox
from tests.http import seed
from tests.http.callbacks import CALL_SID, SID, twilio
from tests.http.stage import BOOKINGS, CALLS, MESSAGES, OTHER_PHONE, PHONE, Api, booking, soon

CONTACTS = "/api/v1/contacts"
ADA = {"phone": PHONE, "name": "Ada", "email": "ada@example.com", "external_id": "c-77"}
STOP = {"channel": "sms", "granted": False, "source": "Ada's sister told us"}


@pytest.fixture
def booked(api: Api) -> dict[str, Any]:
    """A booking of Ada's, with a reminder to come."""
    return api.book(contact=ADA, external_id="bk-1", metadata={"note": "likes tea"})


@pytest.fixture
def ada(booked: dict[str, Any]) -> str:
    """The path of the contact."""
    return f"{CONTACTS}/{booked['contact']['id']}"


def erased(api: Api, path: str, status: int = 200) -> dict[str, Any]:
    """The answer to an erasure."""
    answer = api.delete(path)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def reminders(api: Api) -> list[tuple[str, str | None]]:
    """State and reason of all reminders of all bookings."""
    ids = [row["id"] for row in api.read(BOOKINGS)["data"]]
    found = [one for id_ in ids for one in api.read(f"{BOOKINGS}/{id_}/reminders")["data"]]
    return [(one["state"], one["reason"]) for one in found]


@pytest.mark.row("B5")
def test_an_erased_person_is_gone_and_their_reminders_are_withdrawn(api: Api, ada: str) -> None:
    assert erased(api, ada)["contacts"] == [ada.split("/")[-1]]
    assert reminders(api) == [("canceled", "erased")]
    for path in (ada, f"{ada}/consent"):
        assert api.get(path).status_code == 404
    assert api.patch(ada, {"name": "Eve"}).status_code == 404
    kept = api.read(BOOKINGS)["data"][0]
    blank = dict.fromkeys(("external_id", "name", "phone", "email", "time_zone"))
    assert kept["contact"] == {"id": ada.split("/")[-1], "locale": "en", **blank}
    assert (kept["external_id"], kept["metadata"], kept["service"]) == ("bk-1", {}, None)
    assert kept["state"] == "booked"


@pytest.mark.row("B5")
def test_erasing_twice_is_the_same_as_once_and_leaves_one_record(api: Api, ada: str) -> None:
    first = erased(api, ada)
    assert erased(api, ada) == {**first, "sharing": []}
    with base.connection():
        (record,) = Erasure.select()
        done = [row.action for row in AuditEntry.select()]
        told = [row.type for row in FeedEntry.select().where(FeedEntry.object == "contact")]
    assert (record.contact_id, record.named_id) == (ada.split("/")[-1],) * 2
    assert (done, told) == (["erase-contact"], ["contact.erased"])


def test_nobody_else_s_contact_is_erased_nor_without_the_scope(
    api: Api, new_api: Callable[[str], Api], ada: str
) -> None:
    for other in (new_api("Another salon"), api.with_key(api.account.live_key)):
        assert other.delete(ada).status_code == 404
        assert other.get(f"{ada}/export").status_code == 404
    assert api.with_key(None).delete(ada).status_code == 401
    with base.connection():
        now = datetime.now(UTC)
        reader = accounts.create_key(
            api.account.organization_id, "Reader", "test", ["contacts:read"], now
        )[1]
    assert api.with_key(reader).delete(ada).status_code == 403
    assert api.with_key(reader).get(f"{ada}/export").status_code == 403
    assert api.read(ada)["name"] == "Ada"


@pytest.mark.row("B5")
def test_what_the_person_said_no_to_outlives_them(api: Api, ada: str) -> None:
    api.post(f"{ada}/consent", STOP)
    api.post(f"{ada}/consent", {**STOP, "channel": "voice", "granted": True})
    erased(api, ada)
    again = api.book(contact=ADA)["contact"]
    assert again["id"] != ada.split("/")[-1]
    assert api.read(f"{CONTACTS}/{again['id']}")["opted_out"] == ["sms"]
    told = api.read(f"{CONTACTS}/{again['id']}/consent")["data"]
    assert [(one["granted"], one["source"]) for one in told] == [
        (True, "client"),
        (False, "client"),
    ]


@pytest.mark.row("B5")
def test_rows_without_an_external_id_and_with_the_same_address_are_the_same_person(
    api: Api, ada: str
) -> None:
    twin = api.book(contact={"phone": PHONE, "name": "Ada L."})["contact"]["id"]
    mail = api.book(contact={"email": "ada@example.com"}, reminders=[])["contact"]["id"]
    child = api.book(contact={"phone": PHONE, "name": "Byron", "external_id": "c-78"})["contact"]
    eve = api.book(contact={"phone": OTHER_PHONE, "name": "Eve"})["contact"]["id"]
    staff = api.book(
        contact={"phone": OTHER_PHONE, "name": "Eve"}, staff={"name": "Ada", "phone": PHONE}
    )["id"]
    answer = erased(api, ada)
    assert set(answer["contacts"]) == {ada.split("/")[-1], twin, mail}
    assert answer["sharing"] == [child["id"]]
    assert api.read(f"{CONTACTS}/{child['id']}")["name"] == "Byron"
    assert api.read(f"{CONTACTS}/{eve}")["name"] == "Eve"
    assert api.read(f"{BOOKINGS}/{staff}")["staff"]["phone"] == PHONE


@pytest.mark.row("B5")
def test_calls_messages_and_transcripts_keep_their_ids_and_nothing_else(
    api: Api, ada: str, booked: dict[str, Any]
) -> None:
    call = seed.call(api, booking_id=booked["id"], text="Hello Ada", digits="1")
    seed.transcript(call, "yes this is ada")
    seed.event(call, "completed", seconds=1)
    out = seed.message(api, text="Hello Ada", subject="Ada")
    came = seed.message(
        api, text="I am Ada", direction="inbound", from_address=PHONE, to_address="+15005550006",
        state="received",
    )  # fmt: skip
    other = seed.message(api, to_address=OTHER_PHONE)
    erased(api, ada)
    shown = api.read(f"{CALLS}/{call}")
    assert (shown["to"], shown["text"], shown["digits"], shown["transcript"]) == (None,) * 4
    assert shown["external_id"].startswith("CA")
    assert [one["status"] for one in shown["events"]] == ["completed"]
    for message in (out, came):
        said = api.read(f"{MESSAGES}/{message}")
        assert (said["text"], said["subject"]) == (None, None)
        assert PHONE not in (said["from"], said["to"])
    assert api.read(f"{MESSAGES}/{other}")["to"] == OTHER_PHONE
    assert api.read(CALLS, q="ada")["data"] == []


@pytest.mark.row("F3")
@pytest.mark.row("B5")
def test_a_late_callback_is_applied_once_and_brings_nothing_back(
    api: Api, ada: str, booked: dict[str, Any]
) -> None:
    call = seed.call(
        api, booking_id=booked["id"], account=SID, external_id=CALL_SID, state="in-progress"
    )
    erased(api, ada)
    hook = twilio(f"/webhooks/twilio/voice?attempt={call}", To=PHONE, CallStatus="completed")
    spoken = twilio(
        f"/webhooks/twilio/transcription?attempt={call}", RecordingSid="RE" + "a" * 32,
        TranscriptionSid="TR" + "0" * 32, TranscriptionText="yes this is ada",
        TranscriptionStatus="completed",
    )  # fmt: skip
    for callback in (hook, spoken, hook, spoken):
        assert callback.to(api).status_code == 204
    with base.connection():
        waiting = [row.id for row in ProviderEvent.select().order_by(ProviderEvent.received_at)]
        assert len(waiting) == 2
        inbox.apply_each(waiting, datetime.now(UTC))
        states = {(row.state, row.body, row.query) for row in ProviderEvent.select()}
        row = CallLog.get_by_id(call)
    assert states == {("applied", None, "")}
    assert (row.state, row.to_address) == ("completed", "")
    assert api.read(f"{CALLS}/{call}")["transcript"] is None


@pytest.mark.row("B5")
def test_a_kept_answer_goes_and_its_key_still_books_nothing_twice(api: Api) -> None:
    body, headers = booking(contact=ADA, external_id="bk-9"), {"Idempotency-Key": "k-1"}
    made = api.post(BOOKINGS, body, headers=headers)
    assert made.status_code == 201
    contact = json.loads(made.text)["contact"]["id"]
    erased(api, f"{CONTACTS}/{contact}")
    again = api.post(BOOKINGS, body, headers=headers)
    kind = json.loads(again.text)["type"]
    assert (again.status_code, kind) == (409, "urn:ringback:problem:answer-erased")
    same = api.post(BOOKINGS, body)
    assert (same.status_code, json.loads(same.text)["contact"]["phone"]) == (200, None)
    assert api.booked() == 1


@pytest.mark.row("B5")
def test_a_booking_of_an_erased_person_goes_on_without_telling_them(
    api: Api, ada: str, booked: dict[str, Any]
) -> None:
    path = f"{BOOKINGS}/{booked['id']}"
    erased(api, ada)
    moved = api.patch(path, {"starts_at": soon(days=9)})
    assert moved.status_code == 200, moved.text
    assert [state for state, _ in reminders(api)] == ["canceled"]
    assert api.delete(path).status_code == 200


def test_staff_are_erased_like_anybody_and_their_customer_stays(api: Api) -> None:
    made = api.book(
        contact=ADA, staff={"id": "m-3", "name": "Eve", "phone": OTHER_PHONE},
        reminders=[{"kind": "nudge", "minutes": 30, "channel": "sms", "to": "staff"}],
    )  # fmt: skip
    with base.connection():
        staff = Contact.get(Contact.role == "staff").id
    assert erased(api, f"{CONTACTS}/{staff}")["contacts"] == [staff]
    assert reminders(api) == [("canceled", "erased")]
    shown = api.read(f"{BOOKINGS}/{made['id']}")
    assert (shown["staff"]["name"], shown["contact"]["name"]) == (None, "Ada")


@pytest.mark.row("B5")
def test_a_row_that_was_blank_by_its_age_is_erased_with_what_was_sent_to_it(
    api: Api, ada: str, booked: dict[str, Any]
) -> None:
    with base.connection():
        row = Notification.get(Notification.booking == booked["id"])
        call = seed.call(api, notification=row.id, text="Hello Ada")
        came = seed.message(
            api, text="I am Ada", direction="inbound", from_address=PHONE, to_address="+15005550006"
        )
        personal.fade(Contact.get_by_id(ada.split("/")[-1]), datetime.now(UTC), ())
    erased(api, ada)
    assert api.read(f"{CALLS}/{call}")["text"] is None
    assert api.read(f"{MESSAGES}/{came}")["from"] is None
