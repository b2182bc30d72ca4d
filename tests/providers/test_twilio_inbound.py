"""Messages that somebody sends to a number at Twilio."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.domain.callback import EventKind, Inbound, ProviderEvent, Unreadable
from gateway.domain.lifecycle import MessageState
from tests.providers.kits import FROM, LIVE_SID, MESSAGE_SID, TO
from tests.providers.test_twilio_message_events import parse, status

_WHO = ["From", "To", "WaId", "ExternalUserId", "MessageSid", "CallSid"]
_WHAT = ["Body", "NumMedia", "OptOutType", "MessageStatus", "OriginalRepliedMessageSid", "Digits"]
_ADDRESSES = (TO, f"whatsapp:{TO}", "whatsapp:", ":", "+", "9" * 40)


def inbound(**parameters: str) -> ProviderEvent:
    known = {
        "AccountSid": LIVE_SID,
        "MessageSid": MESSAGE_SID,
        "SmsStatus": "received",
        "From": TO,
        "To": FROM,
        "Body": "1",
        "NumMedia": "0",
    }
    return parse("twilio/inbound", {**known, **parameters}, "")


def written(**parameters: str) -> Inbound:
    found = inbound(**parameters).inbound
    assert found is not None
    return found


@pytest.mark.row("F2")
def test_a_message_from_somebody_is_read_without_prefixes() -> None:
    assert written(Body="Olá, até às 23:59 ;)") == Inbound("sms", TO, FROM, "Olá, até às 23:59 ;)")
    assert written(From=f"whatsapp:{TO}", To=f"whatsapp:{FROM}") == Inbound(
        "whatsapp", TO, FROM, "1"
    )
    event = inbound()
    assert (event.kind, event.external_id, event.attempt_id) == (
        EventKind.INBOUND,
        MESSAGE_SID,
        None,
    )


def test_attachments_are_counted_and_not_named() -> None:
    found = inbound(
        Body="", NumMedia="2", MediaUrl0="https://x/y.jpg", MediaContentType0="image/jpeg"
    )
    assert found.inbound is not None
    assert (found.inbound.text, found.inbound.media) == ("", 2)
    assert "y.jpg" not in repr(found)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("Stop", "stop"), ("OTHER", None)],
)
def test_twilios_own_reading_of_an_opt_out_is_kept(word: str, ours: str | None) -> None:
    assert written(Body="Arrêt", OptOutType=word).opt_out == ours


def test_an_answer_names_the_message_that_it_answers() -> None:
    answered = "MM" + "5" * 32
    assert written(OriginalRepliedMessageSid=answered).reply_to == answered
    assert written(OriginalRepliedMessageSid="x").reply_to is None
    assert written().reply_to is None


def test_a_button_that_was_pressed_brings_what_it_stands_for() -> None:
    pressed = written(Body="I will come", ButtonText="I will come", ButtonPayload="1")
    assert (pressed.text, pressed.payload) == ("I will come", "1")
    assert written().payload is None
    assert "secret" not in repr(written(ButtonPayload="secret"))


def test_somebody_who_hides_the_number_is_known_by_another_id() -> None:
    to = {"To": f"whatsapp:{FROM}", "ExternalUserId": "US.13491208655302741918"}
    assert written(From="whatsapp:", **to).from_ == "US.13491208655302741918"
    assert written(From="", **to).from_ == "US.13491208655302741918"
    assert written(From="whatsapp:US.1349", **to).from_ == "US.1349"
    assert written(From="whatsapp:US.1349", WaId="15005550011", **to).from_ == "+15005550011"


@pytest.mark.parametrize(
    "parameters",
    [
        {"From": ""},
        {"From": "whatsapp:", "To": f"whatsapp:{FROM}"},
        {"From": "messenger:12345"},
        {"From": f"whatsapp:{TO}"},  # to a number of another channel
        {"To": f"rcs:{FROM}"},
        {"From": "\n"},
        {"MessageSid": "1111"},
    ],
)
def test_what_has_no_usable_address_is_unreadable(parameters: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        inbound(**parameters)


def test_a_status_at_the_address_for_what_comes_in_is_still_a_status() -> None:
    event = inbound(MessageStatus="delivered", SmsStatus="delivered")
    assert (event.kind, event.state) == (EventKind.MESSAGE_STATUS, MessageState.DELIVERED)


def test_nobodys_words_are_in_a_repr() -> None:
    shown = repr(inbound(Body="ich komme nicht"))
    for personal in (TO, FROM, "ich komme"):
        assert personal not in shown


def test_each_message_is_one_event_and_none_of_them_a_status() -> None:
    assert inbound().dedup_key == inbound(Body="2").dedup_key
    different = [inbound(), inbound(MessageSid="SM" + "1" * 32), status("received")]
    assert len({event.dedup_key for event in different}) == len(different)


def _encodable(parameters: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}


@given(
    st.dictionaries(
        st.sampled_from(_WHO + _WHAT), st.text(max_size=40) | st.sampled_from(_ADDRESSES)
    )
)
@hypothesis_settings(max_examples=200, deadline=None)
def test_whatever_comes_in_becomes_an_event_or_says_why_not(parameters: dict[str, str]) -> None:
    for path in ("twilio/inbound", "twilio/messages", "twilio/digits"):
        known = {"AccountSid": LIVE_SID, "MessageSid": MESSAGE_SID, "From": TO, "To": FROM}
        try:
            event = parse(path, {**known, **_encodable(parameters)})
        except Unreadable:
            continue
        assert event.dedup_key
        assert event.inbound is None or event.inbound.from_
