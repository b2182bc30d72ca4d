"""E-mail over SMTP: what the simulated server takes, refuses, and never answers."""

import smtplib
import socket
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.app import create_app
from gateway.sandbox.config import SandboxConfig, SmtpDoor
from gateway.sandbox.stage import EXTENSION
from tests.sandbox.conftest import Start
from tests.sandbox.running import Running

FROM = "clinic@example.com"


@pytest.fixture
def sandbox(start: Start) -> Running:
    """A sandbox with an SMTP server."""
    listener = socket.create_server(("127.0.0.1", 0))
    return start(smtp=SmtpDoor(listener, "ringback", "a password"))


@pytest.fixture
def port(sandbox: Running) -> int:
    assert sandbox.config.smtp is not None
    return int(sandbox.config.smtp.listener.getsockname()[1])


def letter(to: str, **headers: str) -> EmailMessage:
    """A reminder in plain text and HTML."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = FROM, to, "Your appointment — 10:00"
    message["Message-ID"] = "<ml_1@example.com>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Grüezi, see you at ten.\n.\nBye")
    message.add_alternative("<p>See you at ten.</p>", subtype="html")
    return message


def send(port: int, to: str, timeout: float = 5, **headers: str) -> None:
    """Send as the standard library does."""
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as client:
        client.send_message(letter(to, **headers))


def rows(sandbox: Running) -> list[dict[str, Any]]:
    ledger: list[dict[str, Any]] = sandbox.look("ledger")
    return ledger


def test_a_letter_is_taken_and_stands_in_the_ledger(sandbox: Running, port: int) -> None:
    url = "https://example.com/u/abc"
    send(port, "ann@example.com", List_Unsubscribe=f"<mailto:x@example.com>, <{url}>")
    (row,) = rows(sandbox)

    assert (row["kind"], row["provider"], row["channel"]) == ("message", "smtp", "email")
    assert (row["to"], row["from"]) == ("ann@example.com", FROM)
    assert row["text"] == "Grüezi, see you at ten.\n.\nBye"
    assert row["subject"] == "Your appointment — 10:00"
    assert row["external_id"] == "<ml_1@example.com>"
    assert row["unsubscribe_url"] == url


def test_each_recipient_is_a_line_and_a_refused_one_is_none(sandbox: Running, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        recipients = ["ann@example.com", "bounce@simulator.invalid", "ben@example.com"]
        refused = client.send_message(letter("many@example.com"), to_addrs=recipients)

    assert refused["bounce@simulator.invalid"][0] == 550
    assert [row["to"] for row in rows(sandbox)] == ["ann@example.com", "ben@example.com"]
    assert len({row["external_id"] for row in rows(sandbox)}) == 1


@pytest.mark.parametrize(("name", "code"), [("bounce", 550), ("temp+label", 451)])
def test_a_mailbox_can_be_unknown_or_busy(
    sandbox: Running, port: int, name: str, code: int
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(port, f"{name}@simulator.invalid")

    (answer,) = caught.value.recipients.values()
    assert answer[0] == code
    assert rows(sandbox) == []
    assert [request["status"] for request in sandbox.look("requests")] == [code]


def test_a_letter_can_be_taken_without_an_answer(sandbox: Running, port: int) -> None:
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(port, "timeout@simulator.invalid")

    assert [row["mode"] for row in rows(sandbox)] == ["timeout_accepted"]


def test_a_connection_can_break_before_the_letter_is_over(sandbox: Running, port: int) -> None:
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(port, "drop@simulator.invalid")

    assert rows(sandbox) == []
    assert [request["mode"] for request in sandbox.look("requests")] == ["dropped"]


def test_who_logs_in_must_do_so_rightly(sandbox: Running, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.login("ringback", "a password")
        client.send_message(letter("ann@example.com"))
    stranger = smtplib.SMTP("127.0.0.1", port, timeout=5)
    with stranger, pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        stranger.login("ringback", "another password")

    assert caught.value.smtp_code == 535
    assert len(rows(sandbox)) == 1
    first, *others = [request["status"] for request in sandbox.look("requests")]
    assert (first, set(others)) == (250, {535})


@pytest.mark.parametrize(
    ("behaviour", "code", "placed"),
    [
        ("error_503", 452, 0),
        ("error_500_accepted", 451, 1),
        ("throttle_429", 451, 0),
        ("reject", 554, 0),
        ("bad_credentials", 530, 0),
    ],
)
def test_faults_befall_letters_too(
    sandbox: Running, port: int, behaviour: str, code: int, placed: int
) -> None:
    sandbox.fault(behaviour=behaviour, provider="smtp", next=1)
    with pytest.raises(smtplib.SMTPResponseException) as caught:
        send(port, "ann@example.com")
    assert (caught.value.smtp_code, len(rows(sandbox))) == (code, placed)

    send(port, "ann@example.com")
    assert len(rows(sandbox)) == placed + 1


@pytest.mark.parametrize(
    ("behaviour", "placed"), [("reset_accepted", 1), ("timeout_not_accepted", 0)]
)
def test_nobody_knows_what_became_of_a_letter_without_an_answer(
    sandbox: Running, port: int, behaviour: str, placed: int
) -> None:
    sandbox.fault(behaviour=behaviour, provider="smtp", next=1)
    with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
        send(port, "ann@example.com")
    assert len(rows(sandbox)) == placed


def test_faults_of_others_leave_letters_alone(sandbox: Running, port: int) -> None:
    sandbox.fault(behaviour="reject", provider="sendgrid", share=1)
    sandbox.fault(behaviour="lost_callbacks", share=1)
    send(port, "ann@example.com")
    assert len(rows(sandbox)) == 1


def test_nobody_listens_once_the_sandbox_is_closed(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    door = SmtpDoor(listener, "ringback", "a password")
    ledger = tmp_path / "ledger.jsonl"
    app = create_app(SandboxConfig((), (), "http://127.0.0.1:1", ledger, smtp=door))
    connected = smtplib.SMTP("127.0.0.1", port, timeout=5)
    app.extensions[EXTENSION].close()

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        connected.noop()
    connected.close()
    with pytest.raises(ConnectionError):
        smtplib.SMTP("127.0.0.1", port, timeout=5)
