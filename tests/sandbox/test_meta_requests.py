"""What Meta's Cloud API refuses, the people who write to it, and the address of its webhooks."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.cloud_api import APP, gathered, genuine, send, template, values, words, write
from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Received, Reply
from tests.sandbox.running import Running, scenario


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start(meta_apps=(APP,))


@pytest.mark.parametrize(("last", "reply"), [("0108", "1"), ("0109", "STOP")])
def test_a_person_can_answer(sandbox: Running, last: str, reply: str) -> None:
    name = send(sandbox, scenario(last)).json()["messages"][0]["id"]
    (message,) = gathered(sandbox, "messages", 1)
    assert (message["from"], message["text"]) == (f"1202555{last}", {"body": reply})
    assert message["context"]["id"] == name
    assert words(gathered(sandbox, "statuses", 3)) == ["sent", "delivered", "read"]


def test_a_person_can_write_first(sandbox: Running) -> None:
    answer = write(sandbox, "+4915112345678", "Grüße", to=APP.number)
    (post,) = sandbox.receiver.received
    (message,) = gathered(sandbox, "messages", 1)

    assert (answer.status_code, answer.json()["status"]) == (201, 204)
    assert answer.json()["external_id"] == message["id"]
    assert genuine(post)
    assert b"Gr\\u00fc\\u00dfe" in post.body
    assert (message["type"], message["text"]["body"]) == ("text", "Grüße")
    assert next(values(sandbox))["contacts"][0]["wa_id"] == "4915112345678"


def test_a_person_can_send_pictures(sandbox: Running) -> None:
    write(sandbox, "+4915112345678", "Look", media=2)
    first, second = gathered(sandbox, "messages", 2)
    assert (first["type"], first["image"]["caption"]) == ("image", "Look")
    assert "caption" not in second["image"]
    for wrong in ({"media": -1}, {"to": "+12"}, {"channel": "sms"}, {"extra": 1}):
        assert write(sandbox, "+4915112345678", "Look", **wrong).status_code == 422
    assert write(sandbox, "ann", "Look").status_code == 422
    assert write(sandbox, scenario("0100"), "Look", provider="plivo").status_code == 422


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"messaging_product": None}, 100, 400),
        ({"to": "ann"}, 131009, 400),
        ({"to": "+15005550001"}, 131009, 400),
        ({"to": APP.number}, 131021, 400),
        ({"text": {"body": ""}}, 100, 400),
        ({"text": {"body": "x" * 4097}}, 100, 400),
        ({"type": "sticker"}, 131051, 400),
        ({"type": "template", "template": {"name": "x"}}, 131008, 400),
        ({"type": "template", "template": {**template(), "name": "missing"}}, 132001, 404),
        ({"sender": "1"}, 100, 400),
        ({"token": "EAAother"}, 190, 401),
    ],
)
def test_what_is_wrong_has_a_code_and_nothing_is_sent(
    sandbox: Running, change: dict[str, Any], code: int, status: int
) -> None:
    answer = send(sandbox, **change)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["type"] == "OAuthException"
    assert sandbox.look("ledger") == []
    assert [request["status"] for request in sandbox.look("requests")] == [status]


@pytest.mark.parametrize(
    ("fault", "status", "code", "placed"),
    [
        ({"behaviour": "error_503"}, 503, 131016, 0),
        ({"behaviour": "error_500_accepted"}, 500, 131000, 1),
        ({"behaviour": "throttle_429"}, 429, 130429, 0),
        ({"behaviour": "reject", "code": 131056}, 400, 131056, 0),
        ({"behaviour": "bad_credentials"}, 401, 190, 0),
    ],
)
def test_faults_befall_whatsapp_too(
    sandbox: Running, fault: dict[str, Any], status: int, code: int, placed: int
) -> None:
    sandbox.fault(provider="meta", next=1, **fault)
    answer = send(sandbox)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert len(sandbox.look("ledger")) == placed


@pytest.mark.parametrize(("last", "placed"), [("0110", 1), ("0111", 0)])
def test_nobody_knows_what_became_of_a_request_without_an_answer(
    start: Start, last: str, placed: int
) -> None:
    sandbox = start(meta_apps=(APP,), hang_seconds=0.2)
    assert send(sandbox, scenario(last)).status_code == 500  # gunicorn breaks the connection
    assert len(sandbox.look("ledger")) == placed


def test_a_number_throttles_twice(sandbox: Running) -> None:
    answers = [send(sandbox, scenario("0112")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]


def challenged(token: str) -> Any:
    """A webhook that gives the challenge back to whoever knows the token."""

    def reply(request: Received) -> Reply:
        asked = parse_qs(urlsplit(request.url).query)
        if "hub.challenge" not in asked:
            return 200, ""
        known = asked["hub.verify_token"] == [token] and asked["hub.mode"] == ["subscribe"]
        return (200, asked["hub.challenge"][0]) if known else (403, "")

    return reply


def test_the_address_of_webhooks_changes_after_a_handshake(sandbox: Running) -> None:
    address, elsewhere = f"{sandbox.url}/sandbox/meta", f"{sandbox.receiver.url}/elsewhere"
    sandbox.receiver.reply = challenged("another token")
    refused = requests.post(address, json={"webhook_url": elsewhere}, timeout=5)
    assert (refused.status_code, sandbox.look("meta")["webhook_url"] == elsewhere) == (422, False)

    sandbox.receiver.reply = challenged(APP.verify_token)
    taken = requests.post(address, json={"webhook_url": elsewhere}, timeout=5)
    assert taken.json()["webhook_url"] == elsewhere
    send(sandbox)
    assert sandbox.receiver.wait_for(3)[-1].url == elsewhere


def test_the_sender_can_be_asked_for(sandbox: Running) -> None:
    url = f"{sandbox.url}/v23.0/{APP.phone_number_id}"
    known = {"Authorization": f"Bearer {APP.access_token}"}
    assert requests.get(url, headers=known, timeout=5).json()["id"] == APP.phone_number_id
    assert requests.get(url, timeout=5).json()["error"]["code"] == 190
