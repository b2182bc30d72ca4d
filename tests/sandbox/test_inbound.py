"""People who write: on a test's word, by their number, and to stop or to start messages."""

import re
from typing import Any

import pytest

from tests.sandbox.conftest import ACCOUNT, Start
from tests.sandbox.receiver import Received, Receiver
from tests.sandbox.running import SENDER, Running, scenario
from tests.sandbox.test_callbacks import signed_by
from tests.sandbox.test_message_callbacks import states
from tests.waiting import until

PERSON = scenario("0140")
PATH = "/webhooks/twilio/inbound"


def letters(received: list[Received]) -> list[Received]:
    """Those requests that tell of a message of a person."""
    return [request for request in received if request.params.get("SmsStatus") == "received"]


def refused(sandbox: Running, to: str) -> int | None:
    """The code with which a message to this address is refused, if it is."""
    answer = sandbox.post_message(
        To=to, From=SENDER if to.startswith("+") else f"whatsapp:{SENDER}"
    )
    assert answer.status_code in (201, 400)
    code: int | None = answer.json().get("code")
    return code


def test_an_sms_is_told_to_the_gateway_signed_and_as_twilio_words_it(sandbox: Running) -> None:
    answer = sandbox.write(PERSON, "1 & more")
    (request,) = sandbox.receiver.wait_for(1)

    assert answer.status_code == 201
    assert answer.json() == {
        "external_id": request["MessageSid"],
        "account": ACCOUNT.sid,
        "url": f"{sandbox.receiver.url}{PATH}",
        "status": 204,
    }
    assert request.url == f"{sandbox.receiver.url}{PATH}"
    assert signed_by("current-token", request)
    assert b"Body=1+%26+more" in request.body
    assert re.fullmatch("SM[0-9a-f]{32}", request["MessageSid"])
    assert request["SmsSid"] == request["SmsMessageSid"] == request["MessageSid"]
    assert (request["From"], request["To"]) == (PERSON, SENDER)
    assert (request["NumMedia"], request["NumSegments"]) == ("0", "1")
    assert (request["FromCountry"], request["FromCity"]) == ("US", "")
    assert {"OptOutType", "WaId", "MessageStatus"}.isdisjoint(request.params)


def test_a_whatsapp_message_with_pictures_says_so(sandbox: Running) -> None:
    sandbox.write(PERSON, channel="whatsapp", media=2)
    (request,) = sandbox.receiver.wait_for(1)

    assert (request["From"], request["To"]) == (f"whatsapp:{PERSON}", f"whatsapp:{SENDER}")
    assert (request["WaId"], request["MessageType"], request["Body"]) == (
        PERSON.removeprefix("+"),
        "image",
        "",
    )
    assert request["ProfileName"]
    assert request["MessageSid"].startswith("MM")
    assert (request["NumMedia"], request["MediaContentType1"]) == ("2", "image/jpeg")
    assert request["MediaUrl1"].startswith("https://")


def test_a_message_of_a_person_is_on_the_list_of_messages(sandbox: Running) -> None:
    sid = sandbox.write(PERSON, "Hello").json()["external_id"]
    (message,) = sandbox.client().messages.list(from_=PERSON)
    assert (message.sid, message.status, message.direction) == (sid, "received", "inbound")
    assert sandbox.look("ledger") == []


def test_the_gateway_is_found_beside_its_last_callback(start: Start) -> None:
    sandbox, other = start(gateway_url="http://127.0.0.1:1"), Receiver()
    base = f"{other.url}/ringback"
    sandbox.message(PERSON, status_callback=f"{base}/webhooks/twilio/messages?attempt=a-1#rc=5")
    assert sandbox.write(PERSON, "Hello").json()["url"] == f"{base}{PATH}"
    assert len(letters(other.wait_for(3))) == 1
    other.close()


def test_an_address_can_be_named_and_an_unreachable_gateway_is_tried_again(
    sandbox: Running,
) -> None:
    gone = Receiver()
    gone.close()
    answer = sandbox.write(PERSON, "Hello", url=f"{gone.url}/here?a=%C3%A9#rc=5&rp=all")
    assert answer.json()["status"] is None
    assert answer.json()["url"] == f"{gone.url}/here?a=%C3%A9"
    until(lambda: len(sandbox.look("callbacks")) > 1, "another attempt")


def test_what_the_gateway_could_not_take_comes_again(sandbox: Running) -> None:
    answers = iter([503, 204])
    sandbox.receiver.reply = lambda request: (next(answers), "")
    assert sandbox.write(PERSON, "Hello").json()["status"] == 503
    first, second = sandbox.receiver.wait_for(2)
    assert first.body == second.body
    token = "i-twilio-idempotency-token"
    assert first.headers[token] == second.headers[token]


def test_a_message_is_of_the_account_that_wrote_last_from_the_number(start: Start) -> None:
    live = type(ACCOUNT)("AC" + "fedcba9876543210" * 2, "live-token")
    sandbox = start(accounts=(ACCOUNT, live))
    sandbox.message(PERSON, live, status_callback="")
    assert sandbox.write(PERSON, "Hello").json()["account"] == live.sid
    named = sandbox.write(PERSON, "Hello", account=ACCOUNT.sid)
    assert named.json()["account"] == ACCOUNT.sid
    first, second = sandbox.receiver.wait_for(2)
    assert signed_by("live-token", first)
    assert signed_by("current-token", second)


@pytest.mark.parametrize(("last", "token"), [("0130", None), ("0131", "previous-token")])
def test_people_with_forged_or_stale_signatures_write_that_way_too(
    sandbox: Running, last: str, token: str | None
) -> None:
    sandbox.write(scenario(last), "1")
    (request,) = sandbox.receiver.wait_for(1)
    assert not signed_by("current-token", request)
    assert token is None or signed_by(token, request)


@pytest.mark.parametrize("channel", ["", "whatsapp:"])
@pytest.mark.parametrize(("last", "words"), [("0108", "1"), ("0109", "STOP")])
def test_a_number_replies_after_it_got_its_message(
    sandbox: Running, channel: str, last: str, words: str
) -> None:
    sandbox.message(f"{channel}{scenario(last)}")
    received = sandbox.receiver.wait_for(4 if channel else 3)

    assert states(received[:-1]) == ["sent", "delivered", "read"][: len(received) - 1]
    reply = received[-1]
    assert (reply["Body"], reply["From"]) == (words, f"{channel}{scenario(last)}")
    assert reply["To"] == f"{channel}{SENDER}"
    assert reply.url == f"{sandbox.receiver.url}{PATH}"
    assert signed_by("current-token", reply)


def test_after_stop_a_sender_is_refused_until_start(sandbox: Running) -> None:
    sandbox.message(scenario("0109"))
    sandbox.receiver.wait_for(3)
    assert refused(sandbox, scenario("0109")) == 21610
    assert len(sandbox.look("ledger")) == 1

    assert sandbox.post_message(To=scenario("0109"), From="+15005550010").status_code == 201
    sandbox.write(scenario("0109"), " start ")
    assert refused(sandbox, scenario("0109")) is None


@pytest.mark.parametrize(
    "word", ["STOP", "stop", "StopAll", "UNSUBSCRIBE", "cancel", "END", "Quit"]
)
def test_single_words_stop_messages_by_sms(sandbox: Running, word: str) -> None:
    sandbox.write(PERSON, word)
    assert refused(sandbox, PERSON) == 21610
    for back in ("YES", "unstop"):
        sandbox.write(PERSON, back)
        assert refused(sandbox, PERSON) is None
        sandbox.write(PERSON, word)
    assert all("OptOutType" not in letter.params for letter in sandbox.receiver.received)


@pytest.mark.parametrize(("address", "text"), [(PERSON, "please stop"), (PERSON, "STOP."),
                                               (f"whatsapp:{PERSON}", "STOP")])  # fmt: skip
def test_nothing_else_stops_messages_by_default(sandbox: Running, address: str, text: str) -> None:
    sandbox.write(address, text)
    assert refused(sandbox, address) is None


@pytest.mark.parametrize("address", [PERSON, f"whatsapp:{PERSON}"])
def test_where_advanced_opt_out_is_set_up_its_verdict_counts(
    sandbox: Running, address: str
) -> None:
    sandbox.write(address, "arret", opt_out_type="STOP")
    assert refused(sandbox, address) == 21610
    sandbox.write(address, "STOP", opt_out_type="HELP")
    sandbox.write(address, "encore", opt_out_type="START")
    assert refused(sandbox, address) is None
    told = [letter["OptOutType"] for letter in sandbox.receiver.wait_for(3)]
    assert told == ["STOP", "HELP", "START"]


@pytest.mark.parametrize(
    ("status", "kind", "body", "sent"),
    [
        (200, "text/plain", "OK", ["OK"]),
        (200, "text/xml", "<Response><Message>Noted.</Message></Response>", ["Noted."]),
        (200, "text/xml", "<Response><Message><Body>Hi</Body></Message></Response>", ["Hi"]),
        (200, "text/xml", "<Response/>", []),
        (200, "text/xml", "<Response", []),
        (400, "text/plain", "Bad Request", []),
        (204, "text/plain", "", []),
    ],
)
def test_words_in_the_gateways_answer_are_sent_to_the_person(
    sandbox: Running, status: int, kind: str, body: str, sent: list[str]
) -> None:
    sandbox.receiver.reply = lambda request: (status, body)
    sandbox.receiver.content_type = kind
    sandbox.write(PERSON, "1")
    ledger = sandbox.look("ledger")
    assert [line["text"] for line in ledger] == sent
    assert all((line["mode"], line["to"]) == ("webhook_reply", PERSON) for line in ledger)


@pytest.mark.parametrize(
    "letter",
    [
        {"from": "someone"},
        {"to": "noone"},
        {"text": 1},
        {"channel": "email"},
        {"media": -1},
        {"media": True},
        {"opt_out_type": "END"},
        {"url": "nowhere"},
        {"account": "AC1"},
        {"subject": "Hello"},
    ],
)
def test_a_message_that_makes_no_sense_is_refused(sandbox: Running, letter: dict[str, Any]) -> None:
    sender = letter.pop("from", PERSON)
    answer = sandbox.write(sender, **letter)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert sandbox.receiver.received == []
