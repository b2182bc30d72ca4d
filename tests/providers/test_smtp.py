"""E-mail through a mail server: what leaves, and what is known afterwards."""

import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.domain.outcomes import Reason
from gateway.domain.provider import Placement, Result
from gateway.domain.rendering import Rendered
from gateway.providers.smtp import SmtpProvider
from gateway.settings import InvalidSettings
from tests.providers import kits
from tests.providers.mail_stand_in import Post, mail_server
from tests.providers.mailing import configured, sent
from tests.providers.messages import MAIL_FROM, MAIL_TO, MESSAGE, UNSUBSCRIBE, message
from tests.providers.stand_in import StandIn

CERTIFICATES = Path(__file__).parents[1] / "certificates"
WORDS = "Olá, até amanhã às 9 <horas> & bom dia\n.\n..\nfim\n"


def read(post: Post) -> EmailMessage:
    """The one message handed over, as a mail program reads it: without the stuffed dots."""
    (raw,) = post.messages
    plain = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
    return message_from_bytes(plain, policy=policy.default)


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.row("C9")
def test_a_message_arrives_as_it_was_written() -> None:
    post = Post()
    placement = sent(post)
    identity = f"<{MESSAGE}@example.com>"
    assert placement == Placement(Result.ACCEPTED, identity, "sent", settled=True)
    letter = read(post)
    assert (part(letter, "plain"), part(letter, "html")) == (WORDS, "<p>Olá</p>\n")
    assert letter["subject"] == "Amanhã às 9"
    assert letter["from"].addresses[0].display_name == "Salão Eve"
    assert letter["from"].addresses[0].addr_spec == MAIL_FROM
    assert (letter["to"], letter["message-id"]) == (MAIL_TO, identity)
    assert letter["date"].datetime.tzinfo is not None
    assert post.commands[1:3] == [f"MAIL FROM:<{MAIL_FROM}>", f"RCPT TO:<{MAIL_TO}>"]
    assert all(len(line) <= 998 for line in post.messages[0].split(b"\r\n"))


@pytest.mark.row("C9")
def test_one_click_unsubscribes() -> None:
    post = Post()
    sent(post)
    assert f"List-Unsubscribe: <{UNSUBSCRIBE}>\r\n".encode() in post.messages[0]
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in post.messages[0]
    without = Post()
    sent(without, {"unsubscribe_url": None})
    assert b"List-Unsubscribe" not in without.messages[0]


@pytest.mark.row("F3")
def test_nothing_that_was_written_becomes_a_header_or_a_command() -> None:
    post = Post()
    evil = "Hi\r\nBcc: eve@example.org\r\n\r\nx"
    content = Rendered(text="a\r\n.\r\nMAIL FROM:<x@y.z>\r\n", subject=evil)
    url = "https://x.example/\r\nBcc: eve@example.org"
    assert sent(post, {"content": content, "unsubscribe_url": url}).result is Result.ACCEPTED
    letter = read(post)
    assert (letter["bcc"], letter["list-unsubscribe"]) == (None, None)
    assert letter["subject"] == "Hi Bcc: eve@example.org x"
    assert len(letter["subject"].splitlines()) == 1
    assert [line.split(" ")[0] for line in post.commands] == [
        "ehlo",
        "MAIL",
        "RCPT",
        "DATA",
        "QUIT",
    ]


@pytest.mark.parametrize(
    "to",
    ["", "ada", "ada@", "@x.y", "a b@x.y", "a@x.y>\r\nDATA", "a@x.y\nRCPT TO:<b@x.y>", "a@@x.y",
     "<a@x.y>", "a@x.y,b@x.y", "a@" + "x" * 400, "a@-.y", "a@x..y", "\x00a@x.y"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_asking(to: str) -> None:
    post = Post()
    placement = sent(post, {"to": to})
    assert (placement.result, post.commands) == (Result.REJECTED, [])
    assert placement.failure is not None
    assert placement.failure.reason is Reason.INVALID_ADDRESS


@pytest.mark.parametrize("text", ["", "  ", "\x00"])
def test_an_empty_text_is_refused_without_asking(text: str) -> None:
    post = Post()
    placement = sent(post, {"content": Rendered(text=text, subject="Hi")})
    assert (placement.result, post.commands) == (Result.REJECTED, [])


def test_addresses_of_any_script_are_sent_to_where_the_server_can() -> None:
    post = Post()
    assert sent(post, {"to": "zoë@bücher.example"}).result is Result.ACCEPTED
    assert post.commands[2] == "RCPT TO:<zoë@xn--bcher-kva.example>"
    assert "To: zoë@xn--bcher-kva.example\r\n".encode() in post.messages[0]
    placement = sent(Post(), {"to": "zoë@bücher.example"}, EHLO=b"250 old\r\n")
    assert placement.result is Result.REJECTED


@pytest.mark.row("A7")
def test_a_refused_login_is_a_matter_of_configuration() -> None:
    for answer, reason in (
        (b"535 5.7.8 no\r\n", Reason.CONFIGURATION),
        (b"454 4.7.0 later\r\n", Reason.PROVIDER_ERROR),
    ):
        with StandIn(mail_server(Post(), {"AUTH": answer})) as server:
            url = server.url.replace("http://", "smtp://us%40er:p%2Fw@") + "?starttls=never"
            provider = SmtpProvider(configured(server.url, smtp_url=url))
            placement = provider.place(message(provider, "email", "live"))
            problem = provider.check() or ""
        assert placement.result is Result.NOT_SENT
        assert placement.failure is not None
        assert (placement.failure.reason, bool(placement.failure.provider_code)) == (reason, True)
        assert ("refuses" in problem) is (reason is Reason.CONFIGURATION)
        assert "p/w" not in problem + repr(provider.account("live")) + repr(provider)


@pytest.mark.row("F3")
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(
    ("certificate", "result"), [("server", "accepted"), ("elsewhere", "not_sent")]
)
def test_a_password_goes_to_a_proved_server_only(
    certificate: str, result: str, *, at_once: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    post = Post()
    ehlo = b"250-stand-in\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
    with StandIn(mail_server(post, {"EHLO": ehlo}, context, at_once=at_once)) as server:
        scheme = "smtps" if at_once else "smtp"
        url = server.url.replace("http://", f"{scheme}://user:secret@")
        authority = str(CERTIFICATES / "authority.pem")
        provider = SmtpProvider(configured(url, smtp_url=url, smtp_ca_file=authority))
        placement = provider.place(message(provider, "email", "live"))
        problem = provider.check()
    assert placement.result == result
    assert any(line.startswith("AUTH") for line in post.commands) is (result == "accepted")
    assert (problem is None) is (result == "accepted")


@pytest.mark.row("F3")
def test_a_server_that_lost_its_tls_gets_nothing() -> None:
    post = Post()
    with StandIn(mail_server(post)) as server:
        url = server.url.replace("http://", "smtp://user:secret@")
        provider = SmtpProvider(configured(url, smtp_url=url))
        placement = provider.place(message(provider, "email", "live"))
        problem = provider.check()
    assert placement.result is Result.NOT_SENT
    assert placement.failure is not None
    assert placement.failure.reason is Reason.CONFIGURATION
    assert {line.split(" ")[0].upper() for line in post.commands} == {"EHLO"}
    assert "knows no tls" in (problem or "")


def test_modes_never_mix() -> None:
    live = SmtpProvider(configured("smtp://127.0.0.1:1"))
    assert (live.account("live"), live.sender("live")) == ("smtp:127.0.0.1:1", MAIL_FROM)
    assert (live.account("test"), live.sender("test")) == (None, None)
    assert live.account("live", "sms") is None
    test = SmtpProvider(kits.settings(sandbox_smtp_url="smtp://127.0.0.1:2"))
    assert (test.account("live"), test.account("test")) == (None, "smtp:127.0.0.1:2")
    assert test.sender("test") == "sandbox@example.com"
    with pytest.raises(InvalidSettings):
        SmtpProvider(configured("smtp://127.0.0.1:1", sandbox_smtp_url="smtp://127.0.0.1:1"))
    assert "not configured" in (SmtpProvider(kits.settings()).check() or "")


def test_an_unknown_account_asks_nobody() -> None:
    post = Post()
    assert sent(post, {"account": "smtp:elsewhere:25"}).result is Result.NOT_SENT
    assert post.commands == []
