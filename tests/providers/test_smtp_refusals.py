"""A mail server that refuses, hangs or goes away: what is known of the message then."""

import time

import pytest

from gateway.domain.outcomes import FailureClass
from gateway.domain.provider import Result
from gateway.providers.smtp import SmtpProvider
from tests.providers.mail_stand_in import CLOSES, DRIPS, FLOODS, HANGS, RESETS, Post, mail_server
from tests.providers.mailing import configured, sent
from tests.providers.messages import message
from tests.providers.stand_in import StandIn


@pytest.mark.parametrize(
    ("step", "answer", "result", "kind", "reason"),
    [
        ("greeting", b"421 4.3.2 later\r\n", "not_sent", "temporary", "provider_error"),
        ("greeting", b"554 5.7.1 blocked\r\n", "not_sent", "technical", "provider_error"),
        ("MAIL", b"451 4.3.0 later\r\n", "not_sent", "temporary", "throttled"),
        ("MAIL", b"530 5.7.0 log in first\r\n", "not_sent", "technical", "configuration"),
        ("MAIL", b"550 5.7.60 not your address\r\n", "rejected", "technical", "configuration"),
        ("RCPT", b"450 4.2.0 greylisted\r\n", "not_sent", "temporary", "undeliverable"),
        ("RCPT", b"451 4.7.1 greylisted\r\n", "not_sent", "temporary", "throttled"),
        ("RCPT", b"452 4.2.2 full\r\n", "not_sent", "temporary", "undeliverable"),
        ("RCPT", b"421 4.7.0 closing\r\n", "not_sent", "temporary", "provider_error"),
        ("RCPT", b"550-5.1.1 there is\r\n550 5.1.1 nobody\r\n", "rejected", "permanent",
         "unreachable"),
        ("RCPT", b"550 no such user\r\n", "rejected", "permanent", "unreachable"),
        ("RCPT", b"501 5.1.3 syntax\r\n", "rejected", "permanent", "invalid_address"),
        ("RCPT", b"553 what is that\r\n", "rejected", "permanent", "invalid_address"),
        ("RCPT", b"550 5.1.2 no such host\r\n", "rejected", "permanent", "unreachable"),
        ("RCPT", b"556 5.1.10 null MX\r\n", "rejected", "permanent", "unreachable"),
        ("RCPT", b"550 5.2.1 disabled\r\n", "rejected", "permanent", "unreachable"),
        ("RCPT", b"552 5.2.2 full\r\n", "rejected", "permanent", "undeliverable"),
        ("RCPT", b"550 5.7.1 not from you\r\n", "rejected", "permanent", "blocked"),
        ("RCPT", b"530 5.7.0 log in first\r\n", "not_sent", "technical", "configuration"),
        ("DATA", b"451 4.3.0 later\r\n", "not_sent", "temporary", "throttled"),
        ("DATA", b"554 5.5.1 nobody valid\r\n", "rejected", "permanent", "undeliverable"),
        ("content", b"451 4.3.0 later\r\n", "not_sent", "temporary", "throttled"),
        ("content", b"421 4.4.2 closing\r\n", "not_sent", "temporary", "provider_error"),
        ("content", b"550 5.7.1 spam\r\n", "rejected", "permanent", "carrier_filtered"),
        ("content", b"554 transaction failed\r\n", "rejected", "permanent", "carrier_filtered"),
        ("content", b"552 5.3.4 too big\r\n", "rejected", "technical", "template"),
    ],
)  # fmt: skip
def test_a_refusal_says_whether_asking_again_is_any_use(
    step: str, answer: bytes, result: str, kind: str, reason: str
) -> None:
    placement = sent(None, None, **{step: answer})
    assert placement.failure is not None
    assert (placement.result, placement.failure.failure_class) == (result, kind)
    assert placement.failure.reason == reason
    assert (placement.failure.provider_code or "").split()[0] == answer[:3].decode()


@pytest.mark.row("A4")
@pytest.mark.parametrize("how", [HANGS, CLOSES, RESETS, DRIPS, FLOODS, b"\x00\xff no\r\n", b"250"])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"])
def test_only_after_the_last_dot_its_fate_is_unknown(step: str, how: bytes) -> None:
    begun = time.monotonic()
    post = Post()
    with StandIn(mail_server(post, {step: how})) as server:
        provider = SmtpProvider(configured(server.url))
        placement = provider.place(message(provider, "email", "live"))
        took = time.monotonic() - begun
        assert server.connections == 1
    expected = Result.UNKNOWN if step == "content" else Result.NOT_SENT
    assert (placement.result, bool(post.messages)) == (expected, step == "content")
    assert took < 3


@pytest.mark.row("A4")
@pytest.mark.parametrize("how", [HANGS, CLOSES, RESETS, b"500 what?\r\n"])
def test_what_follows_the_acceptance_changes_nothing(how: bytes) -> None:
    assert sent(None, None, QUIT=how).result is Result.ACCEPTED


def test_an_unreachable_server_was_not_asked() -> None:
    with StandIn(mail_server(Post())) as server:
        url = server.url
    provider = SmtpProvider(configured(url))
    placement = provider.place(message(provider, "email", "live"))
    assert placement.result is Result.NOT_SENT
    assert placement.failure is not None
    assert placement.failure.failure_class is FailureClass.TEMPORARY
    assert "can't be reached" in (provider.check() or "")
