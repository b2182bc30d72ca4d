"""The SMTP server in the sandbox's own process, as `python -m gateway sandbox` starts it."""

import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.cli.embedded_redis import free_port
from gateway.settings import Settings, environment
from tests.waiting import until

ROOT = Path(__file__).parents[2]
SECRET_KEY = "a-secret-key-of-at-least-32-characters"
LETTER = "Subject: Hello\r\nMessage-ID: <ml_1@example.com>\r\n\r\nSee you at ten.\r\n"


def healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/sandbox/health", timeout=2).ok
    except requests.RequestException:
        return False


class Process:
    """A sandbox of its own, with mail on a port that the system picked."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "gateway", "sandbox", "--port", str(port)]
        env = {**environment(), "SECRET_KEY": SECRET_KEY, "PUBLIC_BASE_URL": self.url}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--smtp-port", "0"], cwd=ROOT, env=env, stderr=log
            )
        until(lambda: healthy(self.url), "the sandbox", 30)
        told = re.search(r"mail comes in on port (\d+)", self.log.read_text())
        assert told, self.log.read_text()
        self.smtp_port = int(told[1])

    def mail(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5)

    def ledger(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = requests.get(f"{self.url}/sandbox/ledger", timeout=5).json()
        return rows


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Process]:
    sandbox = Process(tmp_path)
    yield sandbox
    sandbox.process.kill()
    sandbox.process.wait()


def test_mail_comes_in_beside_http_until_the_process_ends(sandbox: Process) -> None:
    shared = Settings.from_env(
        {"DATABASE_URL": "sqlite:///x", "REDIS_URL": "redis://x", "SECRET_KEY": SECRET_KEY}
    ).sandbox_credentials
    with sandbox.mail() as client:
        client.login(shared["smtp_user"], shared["smtp_password"])
        client.sendmail("clinic@example.com", ["ann@example.com"], LETTER)
    (row,) = sandbox.ledger()
    assert (row["provider"], row["text"]) == ("smtp", "See you at ten.")

    sandbox.process.send_signal(signal.SIGTERM)
    assert sandbox.process.wait(timeout=20) == 0
    with pytest.raises(ConnectionError):
        sandbox.mail()
    assert "Traceback" not in sandbox.log.read_text()
    assert "ann@example.com" not in sandbox.log.read_text()


def test_what_is_shared_with_the_gateway_is_known_there(sandbox: Process) -> None:
    shared = Settings.from_env(
        {"DATABASE_URL": "sqlite:///x", "REDIS_URL": "redis://x", "SECRET_KEY": SECRET_KEY}
    ).sandbox_credentials
    mail = {"Authorization": f"Bearer {shared['sendgrid_api_key']}"}
    assert requests.get(f"{sandbox.url}/v3/scopes", headers=mail, timeout=5).ok
    whatsapp = {"Authorization": f"Bearer {shared['meta_access_token']}"}
    sender = f"{sandbox.url}/v23.0/{shared['meta_phone_number_id']}"
    assert requests.get(sender, headers=whatsapp, timeout=5).ok
    settings = requests.get(f"{sandbox.url}/sandbox/sendgrid", timeout=5).json()
    assert settings["event_url"] == f"{sandbox.url}/webhooks/sendgrid/events"
