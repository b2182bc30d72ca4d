"""What carriers are answered beyond 204: TwiML after a key was pressed, a GET handshake."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from flask import Flask
from twilio.request_validator import RequestValidator

from gateway import providers
from gateway.domain.callback import Callback, Forbidden, Route
from gateway.http import create_app
from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from gateway.providers.voice_api import VoiceApiProvider
from tests.conftest import Configure
from tests.http.callbacks import SID, TOKEN, Sent, stored, twilio
from tests.http.conftest import SETTINGS
from tests.http.stage import Api

CAPTURED = Path(__file__).parents[1] / "providers" / "data" / "twilio_messages.json"


@pytest.mark.row("F2")
def test_a_pressed_key_is_stored_and_the_call_is_told_how_to_go_on(api: Api) -> None:
    sent = twilio("/webhooks/twilio/digits?attempt=cl_" + "0" * 26, Digits="1")
    for _ in range(2):
        answer = sent.to(api)

        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        assert ElementTree.fromstring(answer.text)[0].tag == "Hangup"
        assert stored() == 1


@pytest.mark.row("F2")
@pytest.mark.row("F3")
def test_captured_callbacks_about_messages_are_answered_and_kept_as_they_came(
    api: Api, subtests: pytest.Subtests
) -> None:
    known: set[tuple[str, ...]] = set()
    for payload in json.loads(CAPTURED.read_text()):
        with subtests.test(payload["id"]):
            body = payload["body"].replace("ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX1", SID)
            path = f"/webhooks/{payload['path']}"
            told = dict(parse_qsl(body, keep_blank_values=True))
            url = SETTINGS["PUBLIC_BASE_URL"] + path
            signature = RequestValidator(TOKEN).compute_signature(url, told)
            sent = Sent(path, body.encode(), {"X-Twilio-Signature": signature})
            answer = sent.but(content_type=payload["content_type"]).to(api)

            assert (answer.status_code, answer.data) == (204, b"")
            assert sent.but(path=path + "?a=b").to(api).status_code == 401
            readable = told.get("AccountSid") == SID and len(told["MessageSid"]) == 34
            incoming = path.endswith("inbound")
            # Two of the published messages were given one id, which to us makes them one.
            event = ("inbound", told["MessageSid"]) if incoming and readable else (payload["id"],)
            again = event in known
            known.add(event)
            assert stored() == len(known)
            if not again:
                with base.connection():
                    kept = ProviderEvent.select().where(ProviderEvent.body == body).get()
                kind = "inbound" if incoming else "message-status"
                assert kept.kind == (kind if readable else "unreadable")


def _said(callback: Callback) -> str:
    if callback.query != "token=right&words=a%20b":
        raise Forbidden("the token is not ours")
    return "a b"


class Greeting(VoiceApiProvider):
    """A carrier that shakes hands at one of its addresses and not at the other."""

    name = "greeting"
    routes: Sequence[Route] = (
        Route("greeting/events", ("application/json",), challenge=_said),
        Route("greeting/silent", ("application/json",)),
    )


@pytest.fixture
def greeted(configure: Configure) -> Flask:
    settings = configure(**SETTINGS)
    app = create_app(settings)
    providers.load(settings, extra=[Greeting(settings)])
    return app


@pytest.mark.row("F2")
def test_a_carriers_own_handshake_is_answered_in_plain_text(greeted: Flask) -> None:
    answer = greeted.test_client().get("/webhooks/greeting/events?token=right&words=a%20b")

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "a b", "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.row("F3")
def test_a_handshake_without_the_token_is_refused(greeted: Flask) -> None:
    answer = greeted.test_client().get("/webhooks/greeting/events?token=wrong")

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert "wrong" not in answer.text


def test_other_methods_are_told_which_ones_there_are(greeted: Flask) -> None:
    client = greeted.test_client()
    for path, method, allowed in (
        ("greeting/events", "PUT", {"GET", "POST"}),
        ("greeting/events", "HEAD", {"GET", "POST"}),
        ("greeting/silent", "GET", {"POST"}),
        ("twilio/voice", "GET", {"POST"}),
        ("nobody", "GET", {"POST"}),
    ):
        answer = client.open(f"/webhooks/{path}", method=method)

        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == allowed
