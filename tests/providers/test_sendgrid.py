"""E-mail through SendGrid: the contract, and what is its own."""

import json
from typing import Any

import pytest

from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.domain.rendering import Rendered
from gateway.providers.sendgrid import SendGridProvider
from gateway.settings import InvalidSettings
from tests.providers.asking import Asking
from tests.providers.contract import Contract, placed
from tests.providers.kits import settings
from tests.providers.message_kits import SendGridKit
from tests.providers.messages import MAIL_TO, MESSAGE, UNSUBSCRIBE, message
from tests.providers.stand_in import StandIn, answering

KIT = SendGridKit()


class TestSendGrid(Contract, Asking):
    kit = KIT


def body_of(**changes: Any) -> dict[str, Any]:
    """The JSON that one message becomes."""
    _, carrier = placed(KIT, KIT.accepting, **changes)
    (seen,) = carrier.requests
    found: dict[str, Any] = json.loads(seen.body)
    return found


@pytest.mark.row("C9")
def test_a_message_names_its_attempt_and_the_way_out() -> None:
    found = body_of()
    assert found["personalizations"] == [
        {"to": [{"email": MAIL_TO}], "custom_args": {"attempt_id": MESSAGE}}
    ]
    assert [part["type"] for part in found["content"]] == ["text/plain", "text/html"]
    assert found["content"][0]["value"].startswith("Olá, até amanhã às 9 <horas>")
    assert found["subject"] == "Amanhã às 9"
    assert found["headers"] == {
        "List-Unsubscribe": f"<{UNSUBSCRIBE}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert found["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert "headers" not in body_of(unsubscribe_url=None)


def test_no_header_is_made_of_what_was_written() -> None:
    content = Rendered(text="x", subject="Hi\r\nBcc: eve@example.org")
    for url in (
        "https://x.example/\r\nBcc: eve@example.org",
        "https://x.example/>,<mailto:eve@example.org",
        "javascript:alert(1)",
    ):
        found = body_of(content=content, unsubscribe_url=url)
        assert (found["subject"], found.get("headers")) == ("Hi Bcc: eve@example.org", None)


def test_the_name_goes_with_its_own_address_only() -> None:
    with StandIn(KIT.accepting) as carrier:
        live = {**KIT.live, "sendgrid_api_base_url": carrier.url}
        provider = SendGridProvider(settings(**live))
        for from_ in ("hello@example.com", "other@example.com"):
            request = message(provider, "email", "live", from_=from_)
            assert provider.place(request).result is Result.ACCEPTED
    senders = [json.loads(seen.body)["from"] for seen in carrier.requests]
    assert senders == [
        {"email": "hello@example.com", "name": "Eve"},
        {"email": "other@example.com"},
    ]
    assert {seen.target for seen in carrier.requests} == {"/v3/mail/send"}
    assert carrier.requests[0].headers["authorization"] == "Bearer SG.live"


def refused(status: int, field: str | None) -> Placement:
    errors = {"errors": [{"message": "no", "field": field, "help": None}]}
    return placed(KIT, answering(status, errors))[0]


@pytest.mark.parametrize(
    ("status", "field", "result", "kind", "reason"),
    [
        (400, "personalizations.0.to.0.email", "rejected", "permanent", "invalid_address"),
        (400, "from.email", "rejected", "technical", "configuration"),
        (403, "from", "rejected", "technical", "configuration"),
        (403, None, "not_sent", "technical", "configuration"),
        (401, None, "not_sent", "technical", "configuration"),
        (400, "content.0.value", "rejected", "technical", "template"),
        (400, "subject", "rejected", "technical", "template"),
        (413, None, "rejected", "technical", "template"),
        (400, "something", "rejected", "permanent", "unknown"),
    ],
)
def test_a_refusal_says_what_it_is_about(
    status: int, field: str | None, result: str, kind: str, reason: str
) -> None:
    placement = refused(status, field)
    assert placement.failure is not None
    assert (placement.result, placement.failure.failure_class) == (result, kind)
    assert (placement.failure.reason, placement.failure.provider_code) == (reason, str(status))


def test_the_end_of_throttling_is_read_by_the_carriers_own_clock() -> None:
    headers = {"X-RateLimit-Reset": "1795291260", "Date": "Sat, 21 Nov 2026 20:00:00 GMT"}
    placement, _ = placed(KIT, answering(429, {}, headers))
    assert placement.retry_after == 60.0
    assert placement.failure is not None
    assert placement.failure.reason is Reason.THROTTLED
    for odd in ({"X-RateLimit-Reset": "soon"}, {"X-RateLimit-Reset": "9" * 5000}):
        assert placed(KIT, answering(429, {}, odd))[0].retry_after is None


def test_what_is_no_address_is_refused_without_asking() -> None:
    for to in ("", "ada", "a@x.y,b@x.y", "a@x.y\r\n"):
        placement, carrier = placed(KIT, KIT.accepting, to=to)
        assert (placement.result, carrier.connections) == (Result.REJECTED, 0)
        assert placement.failure is not None
        assert placement.failure.failure_class is FailureClass.PERMANENT


@pytest.mark.row("A7")
def test_a_key_that_may_not_send_is_noticed() -> None:
    with StandIn(answering(200, {"scopes": ["stats.read"]})) as carrier:
        found = SendGridProvider(settings(sandbox_url=carrier.url)).check()
    assert "may not send" in (found or "")


@pytest.mark.parametrize("key", ["nonsense", "AAAA", "é"])
def test_a_key_that_is_none_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(InvalidSettings) as fault:
        SendGridProvider(settings(**{**KIT.live, "sendgrid_webhook_public_key": key}))
    assert key not in str(fault.value)
    assert list(fault.value.problems) == ["SENDGRID_WEBHOOK_PUBLIC_KEY"]
