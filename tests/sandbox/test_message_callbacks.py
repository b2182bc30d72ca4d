"""What Twilio posts about a message, and what may go wrong with it."""

import re

import pytest
import requests

from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Received
from tests.sandbox.running import SENDER, Running, scenario
from tests.sandbox.test_callbacks import signed_by
from tests.sandbox.test_messages import TEMPLATE, ends

SMS, WHATSAPP = "", "whatsapp:"
READ = ["sent", "delivered", "read"]


def states(received: list[Received]) -> list[str]:
    return [request["MessageStatus"] for request in received]


def test_the_states_of_an_sms_come_in_order_and_signed(sandbox: Running) -> None:
    sid = sandbox.message(scenario("0100"), body="Noon, see you").sid
    received = sandbox.receiver.wait_for(2)

    assert states(received) == ["sent", "delivered"]
    for request in received:
        assert signed_by("current-token", request)
        assert request["MessageSid"] == request["SmsSid"] == sid
        assert request["SmsStatus"] == request["MessageStatus"]
        assert (request["To"], request["From"]) == (scenario("0100"), SENDER)
        assert request["AccountSid"] == sandbox.account.sid
        assert "ErrorCode" not in request.params
        assert "ChannelPrefix" not in request.params
    assert "RawDlrDoneDate" not in received[0].params
    assert re.fullmatch(r"\d{10}", received[1]["RawDlrDoneDate"])
    assert received[0].headers["user-agent"] == "TwilioProxy/1.1"
    assert len({request.headers["i-twilio-idempotency-token"] for request in received}) == 2
    assert sandbox.receiver.stays_at(2, 0.1)


def test_a_whatsapp_message_is_read_and_brings_the_words_of_its_channel(sandbox: Running) -> None:
    sandbox.message(f"whatsapp:{scenario('0100')}")
    received = sandbox.receiver.wait_for(3)

    assert states(received) == READ
    assert [request.params.get("EventType") for request in received] == [None, "DELIVERED", "READ"]
    for request in received:
        assert signed_by("current-token", request)
        assert request["To"] == f"whatsapp:{scenario('0100')}"
        assert request["ChannelPrefix"] == "whatsapp"
        assert request["ChannelToAddress"] == "+1202555XXXX"
        assert re.fullmatch("XE[0-9a-f]{32}", request["ChannelInstallSid"])


@pytest.mark.parametrize("channel", [SMS, WHATSAPP])
@pytest.mark.parametrize(("last", "code"), [("0101", "30003"), ("0102", "30007")])
def test_a_message_may_not_arrive(sandbox: Running, channel: str, last: str, code: str) -> None:
    sid = sandbox.message(f"{channel}{scenario(last)}").sid
    received = sandbox.receiver.wait_for(2)

    assert states(received) == ["sent", "undelivered"]
    assert received[1]["ErrorCode"] == code
    assert "ErrorMessage" not in received[1].params
    assert ("ChannelStatusMessage" in received[1].params) is (channel == WHATSAPP)
    assert sandbox.client().messages(sid).fetch().error_code == int(code)


def test_callbacks_can_end_at_sent_while_the_message_is_found_delivered(sandbox: Running) -> None:
    sid = sandbox.message(scenario("0103")).sid
    ends(sandbox, sid, "delivered")
    assert states(sandbox.receiver.wait_for(1)) == ["sent"]
    assert sandbox.receiver.stays_at(1, 0.1)


def test_every_state_can_come_thrice(sandbox: Running) -> None:
    sandbox.message(f"whatsapp:{scenario('0104')}")
    received = sandbox.receiver.wait_for(9)
    assert states(received) == [state for state in READ for _ in range(3)]
    assert len({request.headers["i-twilio-idempotency-token"] for request in received}) == 3


def test_delivered_can_come_before_sent(sandbox: Running) -> None:
    sandbox.message(scenario("0105"))
    assert states(sandbox.receiver.wait_for(2)) == ["delivered", "sent"]


def test_all_states_can_come_before_the_answer(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/status"
    answer = sandbox.post_message(To=scenario("0106"), StatusCallback=url)
    assert states(sandbox.receiver.received) == ["sent", "delivered"]
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")


def test_a_delayed_message_stays_quiet_for_its_time(start: Start) -> None:
    sandbox = start(number_delay=2.0)
    sandbox.message(scenario("0107"))
    assert sandbox.receiver.stays_at(0, 0.5)
    assert states(sandbox.receiver.wait_for(2)) == ["sent", "delivered"]


@pytest.mark.parametrize(("last", "placed"), [("0110", 1), ("0111", 0)])
def test_a_hanging_request_may_or_may_not_have_sent_a_message(
    sandbox: Running, last: str, placed: int
) -> None:
    form = {
        "To": scenario(last),
        "From": SENDER,
        "Body": "Hello",
        "StatusCallback": sandbox.receiver.url,
    }
    with pytest.raises(requests.ReadTimeout):
        requests.post(sandbox.messages_url, data=form, auth=sandbox.auth(), timeout=1.5)

    assert len(sandbox.receiver.wait_for(2 * placed)) == 2 * placed
    assert len(sandbox.client().messages.list(to=scenario(last))) == placed
    assert [entry["status"] for entry in sandbox.look("requests")] == [None]


def test_a_number_is_throttled_twice_and_then_let_through(sandbox: Running) -> None:
    answers = [sandbox.post_message(To=scenario("0112")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 201, 429]
    assert answers[0].headers["Retry-After"] == "1"
    assert answers[0].json()["code"] == 20429
    assert sandbox.post_call(To=scenario("0112")).status_code == 429


@pytest.mark.parametrize(("last", "token"), [("0130", None), ("0131", "previous-token")])
def test_a_number_can_have_forged_or_stale_signatures(
    sandbox: Running, last: str, token: str | None
) -> None:
    sandbox.message(scenario(last))
    for request in sandbox.receiver.wait_for(2):
        assert not signed_by("current-token", request)
        assert token is None or signed_by(token, request)


def test_free_words_outside_the_window_fail_until_the_person_writes(sandbox: Running) -> None:
    person = f"whatsapp:{scenario('0113')}"
    sid = sandbox.message(person).sid
    (event,) = sandbox.receiver.wait_for(1)
    assert (event["MessageStatus"], event["ErrorCode"]) == ("failed", "63016")
    failed = sandbox.client().messages(sid).fetch()
    assert (failed.status, failed.error_code, failed.date_sent) == ("failed", 63016, None)

    assert sandbox.write(person, "Hello", url=sandbox.receiver.url).status_code == 201
    sandbox.message(person)
    assert states(sandbox.receiver.wait_for(5)[2:]) == READ
    modes = [entry["mode"] for entry in sandbox.look("ledger")]
    assert modes == ["outside_window", "delivered"]


def test_a_template_and_an_sms_need_no_window(sandbox: Running) -> None:
    sandbox.message(f"whatsapp:{scenario('0113')}", body=None, content_sid=TEMPLATE)
    assert states(sandbox.receiver.wait_for(3)) == READ
    sandbox.message(scenario("0113"))
    assert states(sandbox.receiver.wait_for(5)[3:]) == ["sent", "delivered"]


def test_a_refused_state_is_repeated_as_the_fragment_asks(sandbox: Running) -> None:
    answers = iter([500, 204, 204])
    sandbox.receiver.reply = lambda request: (next(answers), "")
    url = f"{sandbox.receiver.url}/%7Estatus?a=%C3%A9&b=x%20y"
    sandbox.message(scenario("0100"), status_callback=f"{url}#rc=5&rp=all")
    received = sandbox.receiver.wait_for(3)
    assert states(received) == ["sent", "sent", "delivered"]
    assert {request.url for request in received} == {url}
    assert all(signed_by("current-token", request) for request in received)


def test_messages_keep_the_pace_of_the_sandbox(start: Start) -> None:
    sandbox = start(ring_seconds=0.5, talk_seconds=30.0)
    sid = sandbox.message(f"whatsapp:{scenario('0100')}").sid
    assert states(sandbox.receiver.wait_for(1)) == ["sent"]
    assert sandbox.receiver.stays_at(1, 0.1)
    assert states(sandbox.receiver.wait_for(2)) == ["sent", "delivered"]
    assert sandbox.client().messages(sid).fetch().status == "delivered"
    assert sandbox.receiver.stays_at(2, 0.1)
