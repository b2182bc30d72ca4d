"""Sending messages through Twilio, over real sockets."""

import json

import pytest

from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.domain.rendering import Rendered
from gateway.providers.twilio import TwilioProvider
from tests.providers.contract import placed
from tests.providers.kits import FROM, LIVE_SID, PUBLIC_URL, TO, TwilioMessageKit, settings
from tests.providers.messages import MESSAGE, message
from tests.providers.stand_in import StandIn, answering

SMS, WHATSAPP = TwilioMessageKit("sms"), TwilioMessageKit("whatsapp")
CONTENT_ID = "HX" + "0" * 32
TEMPLATE = Rendered(
    text="Olá Ana, até às 9",
    content_id=CONTENT_ID,
    content_variables={"1": "Ana", "2": "às 9"},
)


@pytest.mark.row("C9")
def test_a_text_is_sent_with_an_address_that_names_the_attempt() -> None:
    placement, carrier = placed(SMS, SMS.accepting, text="  Olá, até <amanhã>\n")
    (seen,) = carrier.requests
    account = TwilioProvider(settings(sandbox_url="http://x")).account("test", "sms")
    assert placement == SMS.taken
    assert seen.target == f"/2010-04-01/Accounts/{account}/Messages.json"
    assert seen.form == {
        "To": [TO],
        "From": [FROM],
        "Body": ["  Olá, até <amanhã>\n"],
        "StatusCallback": [f"{PUBLIC_URL}/webhooks/twilio/messages?attempt={MESSAGE}#rc=5&rp=all"],
    }


@pytest.mark.row("A2")
def test_whatsapp_takes_both_numbers_with_a_prefix() -> None:
    _, carrier = placed(WHATSAPP, WHATSAPP.accepting, text="Olá")
    form = carrier.requests[0].form
    assert (form["To"], form["From"]) == ([f"whatsapp:{TO}"], [f"whatsapp:{FROM}"])
    assert form["Body"] == ["Olá"]


@pytest.mark.row("A2")
def test_an_approved_template_is_sent_by_its_id_and_not_as_text() -> None:
    _, carrier = placed(WHATSAPP, WHATSAPP.accepting, content=TEMPLATE)
    form = carrier.requests[0].form
    assert form["ContentSid"] == [CONTENT_ID]
    assert json.loads(form["ContentVariables"][0]) == {"1": "Ana", "2": "às 9"}
    assert "Body" not in form


def test_a_template_without_variables_names_none() -> None:
    _, carrier = placed(
        WHATSAPP, WHATSAPP.accepting, content=Rendered(text="", content_id=CONTENT_ID)
    )
    assert "ContentVariables" not in carrier.requests[0].form


def test_an_sms_is_sent_as_text_even_where_there_is_a_template_for_whatsapp() -> None:
    _, carrier = placed(SMS, SMS.accepting, content=TEMPLATE)
    form = carrier.requests[0].form
    assert (form["Body"], "ContentSid" in form) == ([TEMPLATE.text], False)


@pytest.mark.parametrize(("length", "asked"), [(1600, 1), (1601, 0)])
def test_a_text_longer_than_twilio_takes_is_refused_without_asking(length: int, asked: int) -> None:
    placement, carrier = placed(SMS, SMS.accepting, text="é" * length)
    assert len(carrier.requests) == asked
    if not asked:
        assert placement.failure is not None
        assert (placement.result, placement.failure.reason) == (Result.REJECTED, Reason.TEMPLATE)


def test_a_channel_that_twilio_does_not_have_asks_nobody() -> None:
    with StandIn(answering(201)) as carrier:
        provider = TwilioProvider(settings(sandbox_url=carrier.url))
        asked = message(provider, "email", account=provider.account("test"))
        assert provider.place(asked).result is Result.NOT_SENT
        assert carrier.connections == 0


@pytest.mark.parametrize("sid", ["MM" + "a" * 32, "SM" + "0" * 32])
def test_a_message_is_named_by_either_kind_of_sid(sid: str) -> None:
    placement, _ = placed(SMS, answering(201, {"sid": sid, "status": "accepted"}))
    assert placement == Placement(Result.ACCEPTED, sid, "accepted")


def test_a_calls_sid_is_none_of_a_message() -> None:
    placement, _ = placed(SMS, answering(201, {"sid": "CA" + "0" * 32, "status": "queued"}))
    assert placement.result is Result.UNKNOWN


REFUSALS = [
    (21211, Result.REJECTED, FailureClass.PERMANENT, Reason.INVALID_NUMBER),
    (21614, Result.REJECTED, FailureClass.PERMANENT, Reason.INVALID_NUMBER),
    (21635, Result.REJECTED, FailureClass.PERMANENT, Reason.INVALID_NUMBER),
    (21612, Result.REJECTED, FailureClass.PERMANENT, Reason.UNREACHABLE),
    (21610, Result.REJECTED, FailureClass.PERMANENT, Reason.OPTED_OUT),
    (21408, Result.REJECTED, FailureClass.TECHNICAL, Reason.CONFIGURATION),
    (21606, Result.REJECTED, FailureClass.TECHNICAL, Reason.CONFIGURATION),
    (63007, Result.REJECTED, FailureClass.TECHNICAL, Reason.CONFIGURATION),
    (21617, Result.REJECTED, FailureClass.TECHNICAL, Reason.TEMPLATE),
    (21656, Result.REJECTED, FailureClass.TECHNICAL, Reason.TEMPLATE),
    (63016, Result.REJECTED, FailureClass.PERMANENT, Reason.WINDOW_CLOSED),
    (99999, Result.REJECTED, FailureClass.TECHNICAL, Reason.PROVIDER_ERROR),
    (21611, Result.NOT_SENT, FailureClass.TEMPORARY, Reason.THROTTLED),
    (63018, Result.NOT_SENT, FailureClass.TEMPORARY, Reason.THROTTLED),
    (63038, Result.NOT_SENT, FailureClass.TEMPORARY, Reason.THROTTLED),
    (20003, Result.NOT_SENT, FailureClass.TECHNICAL, Reason.CONFIGURATION),
]


@pytest.mark.parametrize(("code", "result", "kind", "reason"), REFUSALS)
@pytest.mark.parametrize("kit", [SMS, WHATSAPP], ids=["sms", "whatsapp"])
def test_a_documented_refusal_says_why(
    kit: TwilioMessageKit, code: int, result: Result, kind: FailureClass, reason: Reason
) -> None:
    placement, _ = placed(kit, answering(400, {"code": code, "message": TO, "status": 400}))
    assert placement.result is result
    assert placement.failure is not None
    assert (placement.failure.failure_class, placement.failure.reason) == (kind, reason)
    assert placement.failure.provider_code == str(code)
    assert TO not in repr(placement)


@pytest.mark.parametrize("code", [21610, 21614, 63016])
def test_a_refusal_of_one_message_says_nothing_against_the_account(code: int) -> None:
    for status in (401, 403, 404):
        placement, _ = placed(SMS, answering(status, {"code": code, "status": status}))
        assert placement.result is Result.REJECTED


def test_each_channel_has_its_own_sender() -> None:
    live = TwilioProvider(
        settings(
            twilio_account_sid=LIVE_SID,
            twilio_auth_token="t",
            twilio_from_number=FROM,
            twilio_whatsapp_from="+14155238886",
        )
    )
    assert [live.sender("live", channel) for channel in ("voice", "sms", "whatsapp", "email")] == [
        FROM,
        FROM,
        "+14155238886",
        None,
    ]
    assert live.account("live", "whatsapp") == LIVE_SID
