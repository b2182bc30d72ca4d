"""Placing, finding and ending calls at Twilio, over real sockets."""

import base64
from xml.etree import ElementTree

import pytest

from gateway.domain.breaker import Verdict, judge
from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import Result
from gateway.providers.twilio import TwilioProvider, twiml
from gateway.settings import InvalidSettings
from tests.providers.contract import placed
from tests.providers.kits import (
    ATTEMPT,
    FROM,
    LIVE_SID,
    PUBLIC_URL,
    TO,
    TwilioKit,
    request,
    settings,
)
from tests.providers.stand_in import StandIn, answering

KIT = TwilioKit()


@pytest.mark.row("D2")
def test_a_call_is_placed_with_its_text_and_addresses_that_name_the_attempt() -> None:
    placement, carrier = placed(KIT, answering(201, KIT.accepted))
    (seen,) = carrier.requests
    form = seen.form
    account = TwilioProvider(settings(sandbox_url="http://x")).account("test")
    assert placement.result is Result.ACCEPTED
    assert seen.target == f"/2010-04-01/Accounts/{account}/Calls.json"
    login = base64.b64decode(seen.headers["authorization"].removeprefix("Basic ")).decode()
    assert login.startswith(f"{account}:")
    assert (form["To"], form["From"]) == ([TO], [FROM])
    assert form["StatusCallback"] == [
        f"{PUBLIC_URL}/webhooks/twilio/voice?attempt={ATTEMPT}#rc=5&rp=all"
    ]
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    document = ElementTree.fromstring(form["Twiml"][0])
    assert [child.tag for child in document] == ["Start", "Say", "Pause"]
    assert document[1].text == "Olá, até amanhã às 9 <horas> & bom dia"
    assert document[1].get("language") == "pt-BR"
    assert document[0][0].attrib == {
        "statusCallbackUrl": (
            f"{PUBLIC_URL}/webhooks/twilio/transcription?attempt={ATTEMPT}#rc=5&rp=all"
        ),
        "statusCallbackMethod": "POST",
        "track": "both_tracks",
        "inboundTrackLabel": "contact",
        "outboundTrackLabel": "gateway",
        "languageCode": "pt-BR",
    }


@pytest.mark.parametrize(
    ("code", "result", "kind", "reason"),
    [
        (21211, Result.REJECTED, FailureClass.PERMANENT, Reason.INVALID_NUMBER),
        (21217, Result.REJECTED, FailureClass.PERMANENT, Reason.INVALID_NUMBER),
        (21214, Result.REJECTED, FailureClass.PERMANENT, Reason.UNREACHABLE),
        (21215, Result.REJECTED, FailureClass.TECHNICAL, Reason.CONFIGURATION),
        (21216, Result.REJECTED, FailureClass.PERMANENT, Reason.BLOCKED),
        (21610, Result.REJECTED, FailureClass.PERMANENT, Reason.OPTED_OUT),
        (21210, Result.REJECTED, FailureClass.TECHNICAL, Reason.CONFIGURATION),
        (12345, Result.REJECTED, FailureClass.TECHNICAL, Reason.PROVIDER_ERROR),
        (20003, Result.NOT_SENT, FailureClass.TECHNICAL, Reason.CONFIGURATION),
        (20005, Result.NOT_SENT, FailureClass.TECHNICAL, Reason.CONFIGURATION),
        (20429, Result.NOT_SENT, FailureClass.TEMPORARY, Reason.THROTTLED),
    ],
)
def test_a_documented_refusal_says_why(
    code: int, result: Result, kind: FailureClass, reason: Reason
) -> None:
    placement, _ = placed(KIT, answering(400, {"code": code, "message": "no", "status": 400}))
    assert placement.result is result
    assert placement.failure is not None
    assert (placement.failure.failure_class, placement.failure.reason) == (kind, reason)
    assert placement.failure.provider_code == str(code)


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("code", [21210, 21215, 13227])
def test_a_refusal_of_one_call_says_nothing_against_the_account(status: int, code: int) -> None:
    placement, _ = placed(KIT, answering(status, {"code": code, "status": status}))
    assert placement.result is Result.REJECTED
    assert judge(placement) is Verdict.NEITHER


@pytest.mark.parametrize(
    ("code", "result"),
    [(20500, Result.UNKNOWN), (20503, Result.NOT_SENT), (20429, Result.NOT_SENT)],
)
def test_a_server_error_is_unknown_unless_twilio_says_it_was_not_processed(
    code: int, result: Result
) -> None:
    assert placed(KIT, answering(503, {"code": code}))[0].result is result


def test_an_rfc_9457_problem_is_understood() -> None:
    body = {"type": "about:blank", "title": "No", "status": 400, "code": 21211}
    placement, _ = placed(KIT, answering(400, body))
    assert placement.failure is not None
    assert placement.failure.reason is Reason.INVALID_NUMBER


def test_a_text_longer_than_twilio_takes_is_refused_without_asking() -> None:
    placement, carrier = placed(KIT, answering(201, KIT.accepted), say="&" * 1000)
    assert (placement.result, carrier.connections) == (Result.REJECTED, 0)
    assert placement.failure is not None
    assert placement.failure.reason is Reason.TEMPLATE


def test_a_callback_host_that_twilio_refuses_is_not_asked_with() -> None:
    placement, carrier = placed(
        KIT, answering(201, KIT.accepted), callback_base_url="https://my_host.example.com"
    )
    assert (placement.result, carrier.connections) == (Result.NOT_SENT, 0)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("pt-BR", "pt-BR"),
        ("pt_pt", "pt-PT"),
        ("en", "en-US"),
        ("pl", "pl-PL"),
        ("de-CH", "de-DE"),
        ("zh-TW", "cmn-TW"),
        ("no", "nb-NO"),
        ("tlh", None),
        ("", None),
    ],
)
def test_a_locale_becomes_a_language_that_twilio_speaks(locale: str, language: str | None) -> None:
    assert twiml.language(locale) == language


def test_code_points_that_xml_forbids_are_not_spoken() -> None:
    document = twiml.document("a\x00\x0b\ud800\ufffe\U0001f98a\tb", "en", None)
    assert "".join(ElementTree.fromstring(document).itertext()) == "a\U0001f98a\tb"
    assert "Transcription" not in document


def test_a_live_call_goes_to_the_configured_address_and_not_to_the_sandbox() -> None:
    with StandIn(answering(201, KIT.accepted)) as live, StandIn(answering(201)) as sandbox:
        provider = TwilioProvider(
            settings(sandbox_url=sandbox.url, twilio_api_base_url=live.url, **KIT.live)
        )
        assert provider.place(request(provider, "live")).result is Result.ACCEPTED
        assert (len(live.requests), len(sandbox.requests)) == (1, 0)
        assert provider.place(request(provider, "test")).result is Result.UNKNOWN
        assert (len(live.requests), len(sandbox.requests)) == (1, 1)


def test_region_and_edge_of_the_environment_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    assert placed(KIT, answering(201, KIT.accepted))[0].result is Result.ACCEPTED


@pytest.mark.parametrize("same", ["sandbox_account_sid", "sandbox_auth_token"])
def test_live_and_sandbox_credentials_must_differ(same: str) -> None:
    value = {"sandbox_account_sid": LIVE_SID, "sandbox_auth_token": "live token"}[same]
    with pytest.raises(InvalidSettings):
        TwilioProvider(settings(sandbox_url="http://x", **{same: value}, **KIT.live))
