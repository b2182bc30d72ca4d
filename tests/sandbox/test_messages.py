"""Twilio's REST resource for messages, asked by the official client."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.conftest import ACCOUNT, Start
from tests.sandbox.running import SENDER, Running, scenario
from tests.waiting import until

TEMPLATE = "HX" + "a" * 32
# The properties of a message in Twilio's OpenAPI description, and what each may be beside null.
TEXTS = """
    sid account_sid messaging_service_sid from to body status direction num_segments num_media
    error_message price price_unit date_created date_sent date_updated api_version uri
"""
MESSAGE_PROPERTIES = {
    **dict.fromkeys(TEXTS.split(), str),
    "error_code": int,
    "subresource_uris": dict,
}


def ends(sandbox: Running, sid: str, status: str) -> Any:
    """The message once it has come to this state."""
    message = sandbox.client().messages(sid)
    return until(
        lambda: (found := message.fetch()).status == status and found, f"a message that is {status}"
    )


def test_a_created_message_has_every_property_that_twilio_documents(sandbox: Running) -> None:
    answer = sandbox.post_message()
    message = answer.json()

    assert answer.status_code == 201
    assert set(message) == set(MESSAGE_PROPERTIES)
    for name, kind in MESSAGE_PROPERTIES.items():
        assert message[name] is None or isinstance(message[name], kind), name
    assert re.fullmatch("SM[0-9a-f]{32}", message["sid"])
    assert (message["status"], message["direction"]) == ("queued", "outbound-api")
    assert (message["num_segments"], message["num_media"]) == ("1", "0")
    assert message["date_sent"] is message["error_code"] is None
    assert parsedate_to_datetime(message["date_created"]).utcoffset() == timedelta(0)
    assert message["uri"].endswith(f"/Messages/{message['sid']}.json")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (scenario("0100"), "delivered"),
        (f"whatsapp:{scenario('0100')}", "read"),
        (scenario("0101"), "undelivered"),
        (scenario("0103"), "delivered"),
    ],
)
def test_a_message_that_was_played_is_found_at_its_end(
    sandbox: Running, address: str, status: str
) -> None:
    message = ends(sandbox, sandbox.message(address).sid, status)
    assert message.date_sent is not None
    assert message.date_created <= message.date_sent <= message.date_updated
    assert message.error_code == (30003 if status == "undelivered" else None)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": None}, 21604),
        ({"From": None}, 21603),
        ({"Body": None}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "12025550100"}, 21211),
        ({"To": "whatsapp:12025550100", "From": f"whatsapp:{SENDER}"}, 21211),
        ({"To": f"whatsapp:{scenario('0100')}"}, 21910),
        ({"From": "not a sender at all"}, 21212),
        ({"ContentSid": "HX1"}, 21655),
        ({"ContentSid": TEMPLATE, "ContentVariables": "Ana"}, 21656),
        ({"ContentSid": TEMPLATE, "ContentVariables": "[]"}, 21656),
        ({"StatusCallback": "http://my_host/status"}, 21609),
        ({"MessagingServiceSid": "MG1"}, 21705),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
    ],
)
def test_a_bad_message_is_refused_with_twilios_code(
    sandbox: Running, form: dict[str, str | None], code: int
) -> None:
    answer = sandbox.post_message(**form)

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["status"]) == (code, 400)
    assert answer.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert sandbox.look("ledger") == []
    assert [entry["status"] for entry in sandbox.look("requests")] == [400]


@pytest.mark.parametrize("sender", ["+4915112345678", "Ringback", "73240"])
def test_any_sender_may_write(sandbox: Running, sender: str) -> None:
    assert sandbox.post_message(From=sender).status_code == 201


def test_wrong_credentials_send_nothing(sandbox: Running) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        sandbox.client("wrong").messages.create(to=scenario("0100"), from_=SENDER, body="Hello")
    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    assert [entry["mode"] for entry in sandbox.look("requests")] == ["bad_credentials"]


def test_the_client_pages_through_the_messages_to_a_number(sandbox: Running) -> None:
    wanted = [sandbox.message(scenario("0100")).sid for _ in range(5)]
    sandbox.message(scenario("0104"))
    messages = sandbox.client().messages

    found = [message.sid for message in messages.stream(to=scenario("0100"), page_size=2)]
    assert found == wanted[::-1]
    assert [message.sid for message in messages.list(to=scenario("0100"), limit=3)] == found[:3]
    assert messages.list(to=scenario("0199")) == []
    assert messages.list(from_="+19999999999") == []
    assert len(messages.list(from_=SENDER)) == 6


def test_a_list_by_day_leaves_out_other_days_and_what_is_not_sent_yet(start: Start) -> None:
    sandbox = start(number_delay=30.0)
    sandbox.message(scenario("0107"))
    sid = sandbox.message(scenario("0100")).sid
    ends(sandbox, sid, "delivered")
    messages = sandbox.client().messages
    today = messages(sid).fetch().date_sent.date()

    assert [message.sid for message in messages.list(date_sent=today)] == [sid]
    assert [message.sid for message in messages.list(date_sent_after=today)] == [sid]
    assert messages.list(date_sent_before=today - timedelta(days=1)) == []
    assert len(messages.list()) == 2


def test_an_account_does_not_see_the_messages_of_another(start: Start) -> None:
    live = type(ACCOUNT)("AC" + "fedcba9876543210" * 2, "live-token")
    sandbox = start(accounts=(ACCOUNT, live))
    sid = sandbox.message(scenario("0100"), live).sid

    with pytest.raises(TwilioRestException) as refusal:
        sandbox.client().messages(sid).fetch()
    assert refusal.value.code == 20404
    assert sandbox.client().messages.list() == []
    assert [message.sid for message in sandbox.client(account=live).messages.list()] == [sid]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, "1"),
        ("a" * 161, "2"),
        ("€" * 80, "1"),
        ("€" * 81, "2"),
        ("€" * 154, "3"),
        ("ł" * 70, "1"),
        ("ł" * 71, "2"),
        ("😀" * 36, "2"),
        ("a" * 307, "3"),
    ],
)
def test_an_sms_is_counted_in_parts(sandbox: Running, text: str, parts: str) -> None:
    assert sandbox.post_message(Body=text).json()["num_segments"] == parts
    address = {"To": f"whatsapp:{scenario('0100')}", "From": f"whatsapp:{SENDER}"}
    assert sandbox.post_message(Body=text, **address).json()["num_segments"] == "1"
