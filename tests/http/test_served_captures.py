"""What carriers really sent, once more, to a web process that runs: answered as each expects,
stored once, and refused when it is signed by somebody else."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from gateway.domain.callback import Callback
from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from tests.conftest import SECRET_KEY, Account, Configure
from tests.http.callbacks import FORM, JSON, SID, TOKEN, Sent
from tests.http.conftest import SETTINGS
from tests.http.test_served import ROOT, Served
from tests.providers.message_kits import MetaKit, SendGridKit, meta_callback, sendgrid_callback
from tests.servers import RedisServer

BEARER = "call-status"  # the generic provider's address
Sign = Callable[..., Sent]
DATA = Path(__file__).parents[1] / "providers" / "data"
MASKED = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX1"
CARRIERS = {
    name.upper(): str(value) for kit in (SendGridKit, MetaKit) for name, value in kit.live.items()
}


def _data(name: str) -> list[dict[str, str]]:
    found = json.loads((DATA / f"{name}.json").read_text())
    payloads: list[dict[str, str]] = found["payloads"] if isinstance(found, dict) else found
    return payloads


def _twilio(payload: dict[str, str], token: str = TOKEN) -> Sent:
    path, body = f"/webhooks/{payload['path']}", payload["body"].replace(MASKED, SID)
    told = dict(parse_qsl(body, keep_blank_values=True))
    signature = RequestValidator(token).compute_signature(SETTINGS["PUBLIC_BASE_URL"] + path, told)
    return Sent(path, body.encode(), {"X-Twilio-Signature": signature}, FORM)


def _sent(signed: Callback) -> Sent:
    headers = {name: value for name, value in signed.headers.items() if name != "content-type"}
    return Sent(f"/webhooks/{signed.path}", signed.body, headers, JSON)


def _sendgrid(payload: dict[str, str], number: str = "c0ffee") -> Sent:
    signed = sendgrid_callback(number, payload["body"].encode(), int(time.time()))
    return _sent(signed)


def _meta(payload: dict[str, str], secret: str = MetaKit.current_secret) -> Sent:
    signed = meta_callback(secret, payload["body"].encode())
    return _sent(signed)


TWILIO = [one for name in ("payloads", "twilio_messages") for one in _data(name)]
TWILIO = [one for one in TWILIO if one["content_type"].startswith(FORM) and one["path"] != BEARER]


@pytest.fixture
def served(
    configure: Configure, database_url: str, redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:  # fmt: skip
    """The Procfile's web process, with every carrier live."""
    configure(**SETTINGS, **CARRIERS)
    path = tmp_path_factory.mktemp("web") / "s"
    environ = {"PATH": os.environ["PATH"], "WEB_PROCESSES": "1", **SETTINGS, **CARRIERS,
               "DATABASE_URL": database_url, "REDIS_URL": redis_server.url,
               "SECRET_KEY": SECRET_KEY}  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", "gateway/cli/gunicorn_conf.py"]
    process = subprocess.Popen([*command, "--bind", f"unix:{path}"], cwd=ROOT, env=environ)
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield Served(path, Account("", "", ""))
    finally:
        process.terminate()
        process.wait(20)


def _kept(provider: str) -> list[str]:
    with base.connection():
        rows = ProviderEvent.select(ProviderEvent.kind).where(ProviderEvent.provider == provider)
        return [row.kind for row in rows]


@pytest.mark.row("F2")
@pytest.mark.row("F3")
@pytest.mark.row("D3")
def test_what_carriers_really_sent_is_answered_and_kept_once_by_the_running_process(
    served: Served, subtests: pytest.Subtests
) -> None:
    carriers: dict[str, tuple[list[dict[str, str]], Sign, str, int]] = {
        "twilio": (TWILIO, _twilio, "another token", 204),
        "sendgrid": (_data("sendgrid"), _sendgrid, "beefed", 204),
        "meta": (_data("meta"), _meta, "another secret", 200),
    }
    for name, (payloads, signed, stranger, taken) in carriers.items():
        assert payloads
        for payload in payloads:
            with subtests.test(f"{name} {payload['id']}"):
                assert served.send(signed(payload, stranger)) == 401
                before = len(_kept(name))
                answers = {served.send(signed(payload)) for _ in range(2)}
                assert answers <= {taken, 200}
                once = len(_kept(name))
                served.send(signed(payload))
                assert len(_kept(name)) == once
                assert once >= before
    assert len(_kept("twilio")) >= len({one["body"] for one in TWILIO}) - 2
    assert "unreadable" not in _kept("sendgrid") + _kept("meta")
