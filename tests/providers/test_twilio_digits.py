"""Keys pressed in a call: asked for by TwiML, told by a callback."""

from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from gateway import providers
from gateway.domain.callback import EventKind, ProviderEvent, Unreadable, Verified
from gateway.providers.twilio import TwilioProvider
from tests.providers.contract import placed
from tests.providers.kits import (
    ATTEMPT,
    CALL_SID,
    LIVE_SID,
    PUBLIC_URL,
    TwilioKit,
    settings,
    twilio_callback,
)

KIT = TwilioKit()


def twiml(**changes: object) -> ElementTree.Element:
    _, carrier = placed(KIT, KIT.accepting, **changes)
    return ElementTree.fromstring(carrier.requests[0].form["Twiml"][0])


def pressed(keys: str | None, **parameters: str) -> ProviderEvent:
    known = {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "CallStatus": "in-progress"}
    told = {**known, **({} if keys is None else {"Digits": keys}), **parameters}
    callback = twilio_callback("token", urlencode(told).encode(), "twilio/digits")
    provider = TwilioProvider(settings())
    (event,) = provider.parse(callback, Verified((LIVE_SID,), "current", "digest"))
    return event


@pytest.mark.row("D2")
def test_a_call_takes_one_key_while_it_speaks_and_a_moment_after() -> None:
    document = twiml(digits=True)
    assert [child.tag for child in document] == ["Start", "Gather", "Pause"]
    gather = document[1]
    assert gather.attrib == {
        "action": f"{PUBLIC_URL}/webhooks/twilio/digits?attempt={ATTEMPT}#rc=5&rp=all",
        "method": "POST",
        "numDigits": "1",
        "timeout": "5",
    }
    (say,) = gather
    assert (say.tag, say.get("language")) == ("Say", "pt-BR")
    assert say.text == "Olá, até amanhã às 9 <horas> & bom dia"


def test_a_call_that_asks_for_no_key_takes_none() -> None:
    assert [child.tag for child in twiml()] == ["Start", "Say", "Pause"]
    assert [child.tag for child in twiml(transcribe=False)] == ["Say", "Pause"]


@pytest.mark.row("D2")
@pytest.mark.parametrize("keys", ["1", "3", "9", "0", "*", "#", "12"])
def test_a_pressed_key_is_told_with_its_call_and_attempt(keys: str) -> None:
    event = pressed(keys)
    assert (event.kind, event.digits) == (EventKind.DIGITS, keys)
    assert (event.external_id, event.attempt_id) == (CALL_SID, ATTEMPT)


def test_the_same_key_is_one_event_and_another_key_is_another() -> None:
    assert pressed("1").dedup_key == pressed("1", CallStatus="completed").dedup_key
    assert pressed("1").dedup_key != pressed("3").dedup_key


@pytest.mark.parametrize("keys", ["", None])
def test_no_key_is_nothing_to_apply(keys: str | None) -> None:
    assert pressed(keys).kind is EventKind.NOTICE


@pytest.mark.parametrize("keys", ["١", "1 ", "yes", "1" * 33])
def test_what_is_no_key_is_unreadable(keys: str) -> None:
    with pytest.raises(Unreadable):
        pressed(keys)


def test_the_call_ends_once_a_key_was_pressed_without_a_word_in_any_language() -> None:
    providers.load(settings())
    found = providers.route("twilio/digits")
    assert found is not None
    said = found[1].acknowledgement
    assert said.status == 200
    document = ElementTree.fromstring(said.xml or "")
    assert (document.tag, [child.tag for child in document]) == ("Response", ["Hangup"])
    assert "".join(document.itertext()) == ""
