"""The settings of e-mail and of Meta: what is taken, and what is refused without repeating it."""

import pytest

from gateway.providers import mail
from gateway.settings import InvalidSettings, Settings

NEEDED = {
    "DATABASE_URL": "sqlite:////tmp/x.db",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "s" * 32,
}
MAIL = {"EMAIL_FROM": "Salon Eve <hello@example.com>"}


def problems(**environ: str) -> dict[str, str]:
    with pytest.raises(InvalidSettings) as fault:
        Settings.from_env(NEEDED | environ)
    return fault.value.problems


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mail.example.com",
        "smtp://us%40er:p%2Fw@mail.example.com:2525",
        "smtps://user:password@mail.example.com",
        "smtp://127.0.0.1:25?starttls=never",
    ],
)
def test_a_mail_server_may_be_named_so(url: str) -> None:
    assert Settings.from_env(NEEDED | MAIL | {"SMTP_URL": url}).smtp_url == url


@pytest.mark.row("D5")
@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://user@mail.example.com",
        "smtp://mail.example.com/inbox-secret",
        "smtp://mail.example.com?starttls=maybe",
        "smtps://mail.example.com?starttls=never",
        "smtp://user:secret@mail.example.com:port",
    ],
)
def test_another_mail_server_is_refused(url: str) -> None:
    found = problems(**MAIL, SMTP_URL=url)
    assert list(found) == ["SMTP_URL"]
    assert "secret" not in str(found)


@pytest.mark.row("D5")
@pytest.mark.parametrize(
    "sender", ["hello", "hello@", "a@b, c@d", "Eve hello@example.com", "<a@b", "x <a@b> y"]
)
def test_a_sender_is_one_address(sender: str) -> None:
    assert list(problems(EMAIL_FROM=sender)) == ["EMAIL_FROM"]


@pytest.mark.row("D5")
def test_what_needs_each_other_is_asked_for_together() -> None:
    assert list(problems(SMTP_URL="smtp://h")) == ["EMAIL_FROM"]
    assert list(problems(SENDGRID_API_KEY="SG.x")) == ["EMAIL_FROM"]
    found = problems(META_PHONE_NUMBER_ID="106540352242922")
    assert sorted(found) == ["META_ACCESS_TOKEN", "META_APP_SECRET", "META_FROM_NUMBER"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        ("a.b+c_d-e@x-y.example", "a.b+c_d-e@x-y.example"),
        ("zoë@bücher.example", "zoë@xn--bcher-kva.example"),
        ("ada@localhost", "ada@localhost"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_addresses_are_written_for_the_network(text: str, expected: str) -> None:
    assert mail.address(text) == expected


def test_a_name_and_its_address_are_told_apart() -> None:
    assert mail.mailbox(MAIL["EMAIL_FROM"]) == mail.Mailbox("hello@example.com", "Salon Eve")
    assert mail.mailbox("hello@example.com") == mail.Mailbox("hello@example.com", "")
