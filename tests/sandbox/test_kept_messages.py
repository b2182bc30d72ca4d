"""What becomes of messages later: services, schedules, changes, and what is kept of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.conftest import Start
from tests.sandbox.running import SENDER, Running, scenario
from tests.sandbox.test_messages import TEMPLATE, ends

SERVICE = "MG" + "5" * 32


def test_a_message_of_a_service_is_accepted_and_then_queued(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/status"
    answer = sandbox.post_message(From=None, MessagingServiceSid=SERVICE, StatusCallback=url).json()
    assert (answer["status"], answer["from"], answer["num_segments"]) == ("accepted", None, "0")
    received = sandbox.receiver.wait_for(3)
    states = [request["MessageStatus"] for request in received]
    assert states == ["queued", "sent", "delivered"]
    assert {request["MessagingServiceSid"] for request in received} == {SERVICE}


def test_a_scheduled_message_can_be_canceled_once(sandbox: Running) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    message = sandbox.message(
        scenario("0100"), messaging_service_sid=SERVICE, schedule_type="fixed", send_at=at
    )
    assert message.status == "scheduled"
    assert message.update(status="canceled").status == "canceled"
    assert sandbox.receiver.wait_for(1)[0]["MessageStatus"] == "canceled"
    with pytest.raises(TwilioRestException) as refusal:
        message.update(status="canceled")
    assert refusal.value.code == 30409


def test_a_moment_too_near_is_refused(sandbox: Running) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    form = {"MessagingServiceSid": SERVICE, "ScheduleType": "fixed", "SendAt": soon}
    assert sandbox.post_message(**form).json()["code"] == 35114


def test_a_message_that_is_over_can_be_emptied_and_removed(sandbox: Running) -> None:
    message = sandbox.message(scenario("0107"))
    for touch in (lambda: message.update(body=""), message.delete):
        with pytest.raises(TwilioRestException):
            touch()
    ends(sandbox, message.sid, "delivered")

    assert message.update(body="").body == ""
    assert message.delete()
    with pytest.raises(TwilioRestException) as refusal:
        message.fetch()
    assert (refusal.value.status, refusal.value.code) == (404, 20404)
    assert sandbox.client().messages.list(to=scenario("0107")) == []


def test_unknown_messages_are_not_found(sandbox: Running) -> None:
    url = sandbox.messages_url.replace(".json", f"/SM{'0' * 32}.json")
    for ask in (requests.get, requests.post, requests.delete):
        assert ask(url, auth=sandbox.auth(), timeout=5).json()["code"] == 20404


def test_a_sent_message_stands_in_the_ledger(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/status?attempt=a-1#rc=2"
    sid = sandbox.message(scenario("0100"), status_callback=url).sid
    address = f"whatsapp:{scenario('0101')}"
    sandbox.message(address, body=None, content_sid=TEMPLATE, content_variables='{"1": "Ana"}')
    plain, content = sandbox.look("ledger")

    assert str(plain.pop("at")).endswith("Z")
    assert plain == {
        "kind": "message",
        "provider": "twilio",
        "channel": "sms",
        "to": scenario("0100"),
        "from": SENDER,
        "text": "See you at noon.",
        "callback_url": url,
        "external_id": sid,
        "mode": "delivered",
    }
    assert (content["channel"], content["to"], content["mode"]) == (
        "whatsapp",
        address,
        "unreachable",
    )
    assert content["text"] == f'{TEMPLATE} {{"1": "Ana"}}'


def test_messages_of_the_last_run_are_found_when_they_are_looked_up(
    start: Start, tmp_path: Path
) -> None:
    first = start(ledger_path=tmp_path / "ledger.jsonl")
    first.call(scenario("0100"))
    read = first.message(f"whatsapp:{scenario('0100')}").sid
    lost = first.message(scenario("0102")).sid
    stranger = f"whatsapp:{scenario('0113')}"
    outside = first.message(stranger).sid
    first.write(stranger, "Hello")
    inside = first.message(stranger).sid

    client = start(ledger_path=tmp_path / "ledger.jsonl").client()
    found = {
        message.sid: (message.status, message.error_code) for message in client.messages.list()
    }
    assert found == {
        read: ("read", None),
        lost: ("undelivered", 30007),
        outside: ("failed", 63016),
        inside: ("read", None),
    }
    assert len(client.calls.list()) == 1
