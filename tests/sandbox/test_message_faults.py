"""Faults of messages: those that calls have too, and those of their own."""

from typing import Any

import pytest
import requests

from tests.sandbox.running import SENDER, Running, scenario
from tests.sandbox.test_message_callbacks import states
from tests.sandbox.test_messages import ends

WHATSAPP = f"whatsapp:{scenario('0100')}"


@pytest.mark.parametrize(
    ("fault", "status", "placed"),
    [
        ({"behaviour": "error_500"}, 500, 0),
        ({"behaviour": "error_500_accepted"}, 500, 1),
        ({"behaviour": "error_503"}, 503, 0),
        ({"behaviour": "throttle_429", "retry_after": "soon"}, 429, 0),
        ({"behaviour": "reject", "code": 21614}, 400, 0),
        ({"behaviour": "bad_credentials"}, 401, 0),
        ({"behaviour": "html_201"}, 201, 1),
        ({"behaviour": "empty_201"}, 201, 1),
        ({"behaviour": "slow", "seconds": 0.05}, 201, 1),
    ],
)
def test_an_answer_can_go_wrong_with_or_without_a_message(
    sandbox: Running, fault: dict[str, Any], status: int, placed: int
) -> None:
    sandbox.fault(next=1, **fault)
    answer = sandbox.post_message()
    assert answer.status_code == status
    assert [line["kind"] for line in sandbox.look("ledger")] == ["message"] * placed
    assert sandbox.look("requests")[0]["mode"] == fault["behaviour"]
    assert "code" not in fault or answer.json()["code"] == fault["code"]


def test_an_answer_can_name_the_previous_message(sandbox: Running) -> None:
    call = sandbox.post_call().json()["sid"]
    first = sandbox.post_message().json()["sid"]
    sandbox.fault(behaviour="same_sid", next=1)
    assert sandbox.post_message().json()["sid"] == first != call


@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        ({"behaviour": "undelivered"}, ["sent", "undelivered"], "30003"),
        ({"behaviour": "undelivered", "code": 30005}, ["sent", "undelivered"], "30005"),
        ({"behaviour": "failed"}, ["failed"], "30008"),
        ({"behaviour": "failed", "code": 63018}, ["failed"], "63018"),
        ({"behaviour": "stays_sent"}, ["sent"], None),
        ({"behaviour": "unread"}, ["sent", "delivered"], None),
        ({"behaviour": "reversed_callbacks"}, ["read", "delivered", "sent"], None),
    ],
)
def test_a_message_can_be_made_to_end_otherwise(
    sandbox: Running, fault: dict[str, Any], expected: list[str], code: str | None
) -> None:
    assert sandbox.fault(next=1, **fault).status_code == 201
    sid = sandbox.message(WHATSAPP).sid
    received = sandbox.receiver.wait_for(len(expected))
    assert states(received) == expected
    assert received[-1].params.get("ErrorCode") == code
    assert sandbox.receiver.stays_at(len(expected), 0.1)
    if fault["behaviour"] != "reversed_callbacks":
        assert sandbox.client().messages(sid).fetch().status == expected[-1]


def test_all_callbacks_of_a_message_can_be_lost(sandbox: Running) -> None:
    sandbox.fault(behaviour="lost_callbacks", next=1)
    ends(sandbox, sandbox.message(WHATSAPP).sid, "read")
    assert sandbox.receiver.stays_at(0, 0.1)


def test_anybody_can_be_made_to_reply(sandbox: Running) -> None:
    sandbox.fault(behaviour="replies", text="3", next=1)
    sandbox.message(scenario("0100"))
    assert sandbox.receiver.wait_for(3)[2]["Body"] == "3"


def test_what_only_calls_know_does_not_befall_messages(sandbox: Running) -> None:
    sandbox.fault(behaviour="busy", next=1)
    sandbox.message(scenario("0100"))
    assert states(sandbox.receiver.wait_for(2)) == ["sent", "delivered"]
    assert sandbox.look("faults") == [{"behaviour": "busy", "next": 1}]
    sandbox.call(scenario("0100"), status_callback_event=["completed"])
    assert sandbox.receiver.wait_for(3)[2]["CallStatus"] == "busy"


def test_a_fault_can_be_for_messages_alone_and_another_for_calls(sandbox: Running) -> None:
    sandbox.fault(behaviour="error_500", share=1, kind="message")
    sandbox.fault(behaviour="error_503", share=1, kind="call")
    assert sandbox.post_call().status_code == 503
    assert sandbox.post_message().status_code == 500
    assert len(sandbox.look("faults")) == 2


def test_a_fault_of_messages_befalls_no_call(sandbox: Running) -> None:
    sandbox.fault(behaviour="undelivered", next=1)
    sandbox.post_call()
    assert sandbox.post_message().json()["status"] == "queued"
    assert [line["mode"] for line in sandbox.look("ledger")] == ["answered", "undelivered"]


@pytest.mark.parametrize(
    "fault",
    [
        {"behaviour": "replies"},
        {"behaviour": "undelivered", "text": "1"},
        {"behaviour": "undelivered", "kind": "call"},
        {"behaviour": "failed", "kind": "letter"},
    ],
)
def test_a_fault_of_messages_that_makes_no_sense_is_refused(
    sandbox: Running, fault: dict[str, Any]
) -> None:
    assert sandbox.fault(next=1, **fault).status_code == 422


def test_look_ups_of_messages_can_fail_and_lag(sandbox: Running) -> None:
    sid = sandbox.post_message().json()["sid"]
    single = sandbox.messages_url.replace(".json", f"/{sid}.json")
    sandbox.fault(behaviour="lookup_503", share=1, kind="message")
    for url in (sandbox.messages_url, single):
        assert requests.get(url, auth=sandbox.auth(), timeout=5).status_code == 503
    assert requests.get(sandbox.calls_url, auth=sandbox.auth(), timeout=5).status_code == 200

    sandbox.fault(behaviour="lookup_lags", share=1, kind="message", seconds=30)
    listed = requests.get(sandbox.messages_url, auth=sandbox.auth(), timeout=5).json()
    assert listed["messages"] == []
    assert requests.get(single, auth=sandbox.auth(), timeout=5).json()["sid"] == sid


def test_opted_out_people_use_up_no_fault(sandbox: Running) -> None:
    sandbox.write(scenario("0100"), "STOP")
    sandbox.fault(behaviour="error_500", next=1)
    assert sandbox.post_message().json()["code"] == 21610
    assert sandbox.post_message(From=SENDER, To=scenario("0140")).status_code == 500
