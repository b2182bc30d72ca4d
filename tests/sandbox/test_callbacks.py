"""What Twilio posts about a call, and what may go wrong with it."""

import pytest
import requests
from twilio.request_validator import RequestValidator

from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.running import Running, scenario

FOUR = ["initiated", "ringing", "in-progress", "completed"]


def statuses(received: list[Received]) -> list[str]:
    return [request["CallStatus"] for request in received]


def signed_by(token: str, request: Received) -> bool:
    signature = request.headers["x-twilio-signature"]
    return bool(RequestValidator(token).validate(request.url, request.params, signature))


def test_the_four_events_of_a_call_come_in_order_and_signed(sandbox: Running) -> None:
    sid = sandbox.call(scenario("0100")).sid
    received = sandbox.receiver.wait_for(4)

    assert statuses(received) == FOUR
    assert [request["SequenceNumber"] for request in received] == ["0", "1", "2", "3"]
    assert all(signed_by("current-token", request) for request in received)
    assert {request["CallSid"] for request in received} == {sid}
    assert received[0].headers["user-agent"] == "TwilioProxy/1.1"
    assert b"Timestamp=" in received[0].body
    assert b"+" not in received[0].body
    assert b"%20" in received[0].body
    assert "CallDuration" not in received[2].params
    last = received[3].params
    assert (last["CallDuration"], last["Duration"], last["SipResponseCode"]) == ("1", "1", "200")
    assert "AnsweredBy" not in last


def test_only_the_end_is_told_unless_more_is_asked_for(sandbox: Running) -> None:
    sandbox.call(scenario("0100"), status_callback_event=[])
    (event,) = sandbox.receiver.wait_for(1)

    assert (event["CallStatus"], event["SequenceNumber"]) == ("completed", "0")
    assert sandbox.receiver.stays_at(1, 0.1)


@pytest.mark.parametrize(
    ("last", "status", "sip_code", "mode"),
    [
        ("0120", "busy", "486", "busy"),
        ("0121", "no-answer", "487", "no_answer"),
        ("0125", "failed", "603", "rejected"),
    ],
)
def test_a_number_that_is_not_reached_says_so(
    sandbox: Running, last: str, status: str, sip_code: str, mode: str
) -> None:
    call = sandbox.call(scenario(last))
    received = sandbox.receiver.wait_for(3)

    assert statuses(received) == ["initiated", "ringing", status]
    assert received[2]["SipResponseCode"] == sip_code
    assert received[2]["CallDuration"] == "0"
    assert call.fetch().status == status
    assert sandbox.look("ledger")[0]["mode"] == mode


def test_a_machine_is_always_named_and_a_person_when_asked(sandbox: Running) -> None:
    sandbox.call(scenario("0122"))
    assert sandbox.receiver.wait_for(4)[3]["AnsweredBy"] == "machine_end_beep"
    call = sandbox.call(scenario("0100"), machine_detection="Enable")
    assert sandbox.receiver.wait_for(8)[7]["AnsweredBy"] == "human"
    assert call.fetch().answered_by == "human"


def test_asynchronous_detection_is_told_apart(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/amd"
    sandbox.call(
        scenario("0100"),
        machine_detection="DetectMessageEnd",
        async_amd="true",
        async_amd_status_callback=url,
    )
    received = sandbox.receiver.wait_for(5)

    (verdict,) = (request for request in received if request.url == url)
    assert verdict["AnsweredBy"] == "human"
    assert all("AnsweredBy" not in request.params for request in received if request.url != url)


def test_callbacks_can_be_lost_while_the_call_is_found_completed(sandbox: Running) -> None:
    call = sandbox.call(scenario("0103"))
    for _ in range(200):
        assert sandbox.receiver.stays_at(0, 0.02)
        if call.fetch().status == "completed":
            break
    assert call.fetch().status == "completed"
    assert sandbox.receiver.stays_at(0, 0.05)


def test_every_callback_can_come_thrice(sandbox: Running) -> None:
    sandbox.call(scenario("0104"))
    received = sandbox.receiver.wait_for(12)

    assert statuses(received) == [status for status in FOUR for _ in range(3)]
    assert len({request.headers["i-twilio-idempotency-token"] for request in received}) == 4


def test_the_end_can_come_before_the_beginning(sandbox: Running) -> None:
    sandbox.call(scenario("0105"))
    received = sandbox.receiver.wait_for(4)

    assert statuses(received) == FOUR[::-1]
    assert received[0]["SequenceNumber"] == "3"


def test_all_callbacks_can_come_before_the_answer(sandbox: Running) -> None:
    answer = sandbox.post_call(
        To=scenario("0106"),
        StatusCallback=f"{sandbox.receiver.url}/status",
        StatusCallbackEvent=["initiated", "ringing", "answered", "completed"],
    )

    assert statuses(sandbox.receiver.received) == FOUR
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")


def test_a_delayed_number_stays_quiet_for_its_time(start: Start) -> None:
    sandbox = start(number_delay=2.0)
    sandbox.call(scenario("0107"))
    assert sandbox.receiver.stays_at(0, 0.5)
    assert statuses(sandbox.receiver.wait_for(4)) == FOUR


@pytest.mark.parametrize(("last", "token"), [("0130", None), ("0131", "previous-token")])
def test_a_number_can_have_forged_or_stale_signatures(
    sandbox: Running, last: str, token: str | None
) -> None:
    sandbox.call(scenario(last))

    for request in sandbox.receiver.wait_for(4):
        assert not signed_by("current-token", request)
        assert token is None or signed_by(token, request)


def test_a_refused_callback_is_repeated_as_the_fragment_asks(sandbox: Running) -> None:
    answers = iter([500, 404, 204])
    sandbox.receiver.reply = lambda request: (next(answers), "")
    url = f"{sandbox.receiver.url}/%7Estatus?a=%C3%A9&b=x%20y&c=%2F%27"
    sandbox.call(
        scenario("0100"), status_callback=f"{url}#rc=5&rp=all", status_callback_event=["completed"]
    )
    received = sandbox.receiver.wait_for(3)

    assert {request.url for request in received} == {url}
    assert len({request.headers["i-twilio-idempotency-token"] for request in received}) == 1
    assert all(signed_by("current-token", request) for request in received)
    assert sandbox.receiver.stays_at(3, 0.1)
    assert [entry["status"] for entry in sandbox.look("callbacks")] == [500, 404, 204]


def test_a_refused_callback_is_not_repeated_by_default(sandbox: Running) -> None:
    sandbox.receiver.reply = lambda request: (500, "")
    sandbox.call(scenario("0100"), status_callback_event=["completed"])
    sandbox.receiver.wait_for(1)
    assert sandbox.receiver.stays_at(1, 0.4)


def test_an_unreachable_gateway_is_tried_once_more(sandbox: Running) -> None:
    gone = Receiver()
    gone.close()
    sandbox.call(scenario("0106"), status_callback=gone.url, status_callback_event=["completed"])

    tries = [(entry["attempt"], entry["trouble"]) for entry in sandbox.look("callbacks")]
    assert tries == [(1, "ct"), (2, "ct")]


def test_the_pace_can_be_changed_while_it_runs(sandbox: Running) -> None:
    pace = f"{sandbox.url}/sandbox/pace"
    assert requests.put(pace, json={"ring_seconds": 30}, timeout=5).json() == {
        "ring_seconds": 30,
        "talk_seconds": 0.01,
    }
    sandbox.call(scenario("0100"))
    assert sandbox.receiver.stays_at(0, 0.1)
    assert requests.put(pace, json={"ring_seconds": -1}, timeout=5).status_code == 422
    assert requests.put(pace, json={"speed": 1}, timeout=5).status_code == 422
