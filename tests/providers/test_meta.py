"""WhatsApp through Meta: the contract, and what is its own."""

import json
from typing import Any

import pytest

from gateway.domain.callback import Callback, Forbidden
from gateway.domain.provider import Placement, Result
from gateway.domain.rendering import Rendered
from gateway.providers.meta import MetaProvider
from gateway.settings import InvalidSettings
from tests.providers.asking import Asking
from tests.providers.contract import Contract, placed
from tests.providers.kits import TO, settings
from tests.providers.message_kits import WAMID, MetaKit
from tests.providers.messages import MESSAGE
from tests.providers.stand_in import StandIn, answering

KIT = MetaKit()
TEXT = "Olá, até amanhã às 9"


class TestMeta(Contract, Asking):
    kit = KIT


def body_of(**changes: Any) -> dict[str, Any]:
    """The JSON that one message becomes."""
    _, carrier = placed(KIT, KIT.accepting, **changes)
    (seen,) = carrier.requests
    found: dict[str, Any] = json.loads(seen.body)
    return found


def test_free_words_name_their_attempt() -> None:
    assert body_of(content=Rendered(text=TEXT)) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "biz_opaque_callback_data": MESSAGE,
        "type": "text",
        "text": {"preview_url": False, "body": TEXT},
    }


@pytest.mark.row("C9")
@pytest.mark.parametrize(
    ("content_id", "language"), [("reminder_1", "pt_BR"), ("reminder_1:en_US", "en_US")]
)
def test_an_approved_template_gets_its_words_in_order(content_id: str, language: str) -> None:
    variables = {"10": "j", "2": "b\n  b\t", "1": "a"}
    content = Rendered(text=TEXT, content_id=content_id, content_variables=variables)
    found = body_of(content=content)
    assert (found["type"], found["template"]["name"]) == ("template", "reminder_1")
    assert found["template"]["language"] == {"code": language}
    (component,) = found["template"]["components"]
    assert [item["text"] for item in component["parameters"]] == ["a", "b b", "j"]
    bare = body_of(content=Rendered(text=TEXT, content_id=content_id))
    assert "components" not in bare["template"]


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "15005550011"},
        {"to": "ada@example.net"},
        {"from_": "+15005550099"},
        {"content": Rendered(text="x" * 4097)},
        {"content": Rendered(text="x", content_id="Not A Name")},
        {"content": Rendered(text="x", content_id="name:en-US/../x")},
    ],
)
def test_what_meta_would_refuse_is_refused_without_asking(changes: dict[str, Any]) -> None:
    placement, carrier = placed(KIT, KIT.accepting, **changes)
    assert (placement.result, carrier.connections) == (Result.REJECTED, 0)


def refused(status: int, code: int, **more: Any) -> Placement:
    error = {"message": f"(#{code}) no", "code": code, **more}
    return placed(KIT, answering(status, {"error": error}))[0]


@pytest.mark.parametrize(
    ("status", "code", "result", "kind", "reason"),
    [
        (400, 131047, "rejected", "permanent", "window_closed"),
        (400, 131026, "rejected", "permanent", "undeliverable"),
        (400, 131049, "rejected", "permanent", "carrier_filtered"),
        (400, 131050, "rejected", "permanent", "blocked"),
        (404, 132001, "rejected", "technical", "template"),
        (400, 132000, "rejected", "technical", "template"),
        (400, 131030, "rejected", "technical", "configuration"),
        (400, 131021, "rejected", "permanent", "invalid_number"),
        (400, 131008, "rejected", "technical", "provider_error"),
        (401, 190, "not_sent", "technical", "configuration"),
        (400, 190, "not_sent", "technical", "configuration"),
        (403, 10, "not_sent", "technical", "configuration"),
        (403, 200, "not_sent", "technical", "configuration"),
        (400, 131031, "not_sent", "technical", "configuration"),
        (400, 131042, "not_sent", "technical", "configuration"),
        (400, 131056, "not_sent", "temporary", "throttled"),
        (429, 130429, "not_sent", "temporary", "throttled"),
        (500, 130429, "not_sent", "temporary", "throttled"),
        (400, 131000, "not_sent", "temporary", "provider_error"),
        (500, 131000, "unknown", "technical", "provider_error"),
        (503, 131016, "unknown", "technical", "provider_error"),
        (500, 190, "unknown", "technical", "provider_error"),
        (409, 131026, "unknown", "technical", "provider_error"),
    ],
)
def test_a_code_says_whether_asking_again_is_any_use(
    status: int, code: int, result: str, kind: str, reason: str
) -> None:
    placement = refused(status, code)
    assert placement.failure is not None
    assert (placement.result, placement.failure.failure_class) == (result, kind)
    assert placement.failure.reason == reason
    if result != "unknown":
        assert placement.failure.provider_code == str(code)


def test_a_wrong_parameter_is_the_number_or_the_sender_where_meta_says_so() -> None:
    number = refused(400, 131009, error_data={"details": "to is not a valid number"})
    sender = refused(400, 100, error_subcode=33)
    assert number.failure is not None
    assert sender.failure is not None
    assert (number.result, number.failure.reason) == (Result.REJECTED, "invalid_number")
    assert (sender.result, sender.failure.reason) == (Result.NOT_SENT, "configuration")


@pytest.mark.parametrize("messages", [None, [], [None], [{"id": None}], [{"id": ""}], [7], {}])
def test_an_acceptance_without_an_id_is_unknown(messages: object) -> None:
    assert placed(KIT, answering(200, {"messages": messages}))[0].result is Result.UNKNOWN


def test_a_message_that_meta_holds_back_is_taken_all_the_same() -> None:
    held = {"messages": [{"id": WAMID, "message_status": "held_for_quality_assessment"}]}
    placement, _ = placed(KIT, answering(200, held))
    assert placement == Placement(Result.ACCEPTED, WAMID, "held_for_quality_assessment")


@pytest.mark.row("F3")
def test_the_handshake_is_answered_to_those_who_know_the_word() -> None:
    provider = MetaProvider(settings(**KIT.live))
    (route,) = provider.routes
    assert route.challenge is not None
    word = "a%20word%20for%20the+handshake"
    good = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={word}"
    assert route.challenge(asked(good)) == "1158201444"
    for odd in (
        "",
        "&" * 50,
        "hub.verify_token=%ff%00",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        good.replace("word", "wort"),
        good.replace("subscribe", "x"),
        good.replace("1158", "a b"),
        good.replace("1158201444", "<script>alert(1)</script>" * 20),
    ):
        with pytest.raises(Forbidden):
            route.challenge(asked(odd))
    without = MetaProvider(settings(**{**KIT.live, "meta_verify_token": None}))
    assert without.routes[0].challenge is not None
    with pytest.raises(Forbidden):
        without.routes[0].challenge(asked(good))


def asked(query: str) -> Callback:
    return Callback("GET", "meta/events", "", query, {}, b"")


def test_live_and_sandbox_may_not_share_a_secret() -> None:
    test = settings(sandbox_url="http://127.0.0.1:1")
    for name in ("app_secret", "phone_number_id"):
        shared = {f"meta_{name}": test.sandbox_credentials[f"meta_{name}"]}
        with pytest.raises(InvalidSettings):
            MetaProvider(settings(**{**KIT.live, **shared}, sandbox_url="http://127.0.0.1:1"))


@pytest.mark.row("A7")
def test_a_check_tells_a_bad_token_from_a_bad_sender() -> None:
    for status, error, words in (
        (401, {"code": 190}, "access token"),
        (400, {"code": 190}, "code 190"),
        (400, {"code": 100, "error_subcode": 33}, "the sender"),
    ):
        with StandIn(answering(status, {"error": error})) as carrier:
            found = MetaProvider(settings(sandbox_url=carrier.url)).check()
        assert words in (found or "")
