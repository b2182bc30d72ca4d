"""SendGrid's and Meta's deliveries at the web process: authentic or 401, each event stored once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import wallclock
from gateway.http import create_app
from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import inbox
from tests.conftest import Configure
from tests.http.callbacks import stored
from tests.providers.message_kits import (
    MetaKit,
    SendGridKit,
    email_event,
    meta_body,
    meta_callback,
    meta_status,
    sendgrid_callback,
)

DATA = Path(__file__).parents[1] / "providers" / "data"
SENDGRID = json.loads((DATA / "sendgrid.json").read_text())
META = json.loads((DATA / "meta.json").read_text())
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


class Web:
    """The application with both carriers live, at a moment of its own."""

    def __init__(self, configure: Configure, folder: Path, now: datetime, **given: str) -> None:
        clock = str(folder / "clock")
        wallclock.set_reading(clock, now, 0.001)
        live = {**SendGridKit.live, **MetaKit.live}
        environ = {name.upper(): str(value) for name, value in live.items()} | given
        settings = configure(GATEWAY_TESTING="1", GATEWAY_CLOCK_FILE=clock, **environ)
        wallclock.follow(clock)
        self.client: FlaskClient = create_app(settings).test_client()

    def post(self, path: str, headers: dict[str, str], body: bytes) -> TestResponse:
        given = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        kind = "application/json"
        return self.client.post(f"/webhooks/{path}", data=body, headers=given, content_type=kind)


@pytest.fixture(autouse=True)
def _real_time() -> Iterator[None]:
    yield
    wallclock.follow(None)


def rows() -> list[ProviderEvent]:
    with base.connection():
        return list(ProviderEvent.select().order_by(ProviderEvent.id))


@pytest.mark.row("F2")
@pytest.mark.row("F3")
@pytest.mark.parametrize("vector", SENDGRID["vectors"], ids=lambda vector: vector["id"])
def test_sendgrids_signatures_are_answered_rightly(
    configure: Configure, tmp_path: Path, vector: dict[str, Any]
) -> None:
    now = datetime.fromtimestamp(vector["now"], UTC)
    web = Web(configure, tmp_path, now, SENDGRID_WEBHOOK_PUBLIC_KEY=vector["key"])
    answer = web.post("sendgrid/events", vector["headers"], vector["body"].encode())
    assert answer.status_code == (204 if vector["valid"] else 401)
    assert stored() == int(vector["valid"])


@pytest.mark.row("F2")
@pytest.mark.row("F3")
@pytest.mark.parametrize("vector", META["vectors"], ids=lambda vector: vector["id"])
def test_metas_signatures_are_answered_rightly(
    configure: Configure, tmp_path: Path, vector: dict[str, Any]
) -> None:
    web = Web(configure, tmp_path, NOW, META_APP_SECRET=vector["key"])
    answer = web.post("meta/events", vector["headers"], vector["body"].encode())
    assert answer.status_code == (200 if vector["valid"] else 401)
    assert stored() == int(vector["valid"])


@pytest.mark.row("F2")
@pytest.mark.row("D3")
def test_captured_deliveries_are_stored_once(configure: Configure, tmp_path: Path) -> None:
    web = Web(configure, tmp_path, NOW)
    signed = [sendgrid_callback("c0ffee", one["body"].encode()) for one in SENDGRID["payloads"]]
    secret = MetaKit.current_secret
    signed += [meta_callback(secret, one["body"].encode()) for one in META["payloads"]]
    for callback in signed:
        for _ in range(2):
            answer = web.post(callback.path, dict(callback.headers), callback.body)
            assert answer.status_code in (200, 204)
    found = rows()
    assert len({(row.provider, row.dedup_key) for row in found}) == len(found)
    assert [row.kind for row in found if row.kind == "unreadable"] == []
    assert len([row for row in found if row.provider == "sendgrid"]) == 19


@pytest.mark.row("D3")
def test_the_readable_part_of_a_batch_counts_and_the_rest_is_parked_for_itself(
    configure: Configure, tmp_path: Path
) -> None:
    web = Web(configure, tmp_path, NOW)
    for callback in (
        sendgrid_callback("c0ffee", json.dumps([email_event(), {"event": 5}, 7]).encode()),
        meta_callback(MetaKit.current_secret, meta_body(statuses=[meta_status(), {}, 7])),
    ):
        answer = web.post(callback.path, dict(callback.headers), callback.body)
        assert answer.status_code in (200, 204)
    found = rows()
    assert [row.kind for row in found] == ["message-status"] * 6
    with base.connection():
        inbox.apply_each([row.id for row in found], NOW)
    reasons = sorted((str(row.reason), row.next_attempt_at is None) for row in rows())
    assert reasons == [
        ("a status is no JSON object", True),
        ("a status without a message's id", True),
        ("an event is no JSON object", True),
        ("event is no word", True),
        ("no message is known by this id", False),
        ("no message is known by this id", False),
    ]
    assert {row.state for row in rows()} == {"parked"}


@pytest.mark.row("F3")
def test_metas_handshake_is_answered_in_plain_text(configure: Configure, tmp_path: Path) -> None:
    web = Web(configure, tmp_path, NOW)
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    for token, status in ((str(MetaKit.live["meta_verify_token"]), 200), ("another", 401)):
        query = urlencode({**asked, "hub.verify_token": token})
        answer = web.client.get(f"/webhooks/meta/events?{query}")
        assert answer.status_code == status
        assert (answer.text == "1158201444") is (status == 200)
        assert (answer.mimetype == "text/plain") is (status == 200)
    assert web.client.get("/webhooks/sendgrid/events").status_code == 405
