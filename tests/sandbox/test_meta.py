"""WhatsApp through Meta's Cloud API: a POST a message, and then signed, nested batches."""

import json
from pathlib import Path

import pytest
import requests

from tests.sandbox.cloud_api import APP, gathered, genuine, send, template, values, words, write
from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Received
from tests.sandbox.running import Running, scenario

VECTORS = Path(__file__).parent / "data" / "signatures.json"


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start(meta_apps=(APP,))


def test_a_message_is_taken_and_its_statuses_are_posted_signed(sandbox: Running) -> None:
    answer = send(sandbox)
    statuses = gathered(sandbox, "statuses", 3)
    name = answer.json()["messages"][0]["id"]

    assert answer.status_code == 200
    assert answer.json()["contacts"] == [{"input": scenario("0100"), "wa_id": "12025550100"}]
    assert name.startswith("wamid.")
    assert words(statuses) == ["sent", "delivered", "read"]
    for status in statuses:
        assert (status["id"], status["recipient_id"]) == (name, "12025550100")
        assert status["biz_opaque_callback_data"] == "ml_1"
        assert status["timestamp"].isdecimal()
    for post in sandbox.receiver.received:
        assert post.url == f"{sandbox.receiver.url}/webhooks/meta/events"
        assert genuine(post)
    for value in values(sandbox):
        assert value["metadata"] == {
            "display_phone_number": "15005550006",
            "phone_number_id": APP.phone_number_id,
        }
    (row,) = sandbox.look("ledger")
    assert (row["kind"], row["provider"], row["channel"]) == ("message", "meta", "whatsapp")
    assert (row["to"], row["from"]) == (scenario("0100"), APP.number)
    assert (row["text"], row["external_id"]) == ("See you at ten — Zoë.", name)


def test_a_template_is_taken_with_its_parameters(sandbox: Running) -> None:
    answer = send(sandbox, type="template", text=None, template=template("Ann", "ten"))
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    assert sandbox.look("ledger")[0]["text"] == "reminder (de): Ann, ten"


def test_free_words_need_an_open_window_and_templates_do_not(sandbox: Running) -> None:
    person = scenario("0113")
    send(sandbox, person)
    (failed,) = gathered(sandbox, "statuses", 1)
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131047)

    send(sandbox, person, type="template", text=None, template=template())
    assert words(gathered(sandbox, "statuses", 4)[1:]) == ["sent", "delivered", "read"]
    write(sandbox, person, "Hello")
    send(sandbox, person)
    assert words(gathered(sandbox, "statuses", 7)[4:]) == ["sent", "delivered", "read"]


@pytest.mark.parametrize(("last", "code"), [("0101", 131026), ("0102", 131049)])
def test_a_message_can_fail_after_it_was_sent(sandbox: Running, last: str, code: int) -> None:
    assert send(sandbox, scenario(last)).status_code == 200
    sent, failed = gathered(sandbox, "statuses", 2)
    assert (sent["status"], failed["status"]) == ("sent", "failed")
    assert failed["errors"][0]["code"] == code
    assert failed["errors"][0]["error_data"]["details"]


def test_the_number_says_how_statuses_come(sandbox: Running) -> None:
    send(sandbox, scenario("0103"))
    assert words(gathered(sandbox, "statuses", 1)) == ["sent"]
    assert sandbox.receiver.stays_at(1, 0.1)

    send(sandbox, scenario("0106"))
    early = gathered(sandbox, "statuses", 4)
    assert words(early) == ["sent", "sent", "delivered", "read"]
    assert len(sandbox.receiver.received) == 4

    send(sandbox, scenario("0104"))
    tripled = gathered(sandbox, "statuses", 13)[4:]
    assert sorted(words(tripled)) == ["delivered"] * 3 + ["read"] * 3 + ["sent"] * 3


def test_statuses_can_come_backwards(sandbox: Running) -> None:
    requests.put(f"{sandbox.url}/sandbox/pace", json={"ring_seconds": 0.2}, timeout=5)
    requests.put(f"{sandbox.url}/sandbox/pace", json={"talk_seconds": 0.2}, timeout=5)
    send(sandbox, scenario("0105"))
    assert words(gathered(sandbox, "statuses", 3)) == ["read", "delivered", "sent"]


@pytest.mark.parametrize(("last", "secret"), [("0130", None), ("0131", APP.stale_app_secret)])
def test_a_signature_can_be_forged_or_stale(
    sandbox: Running, last: str, secret: str | None
) -> None:
    send(sandbox, scenario(last))
    post = sandbox.receiver.wait_for(1)[0]
    assert not genuine(post)
    assert secret is None or genuine(post, secret)


def test_the_signatures_are_those_that_meta_makes() -> None:
    """The same check that judges the simulator's signatures agrees with every vector, one of which
    Meta itself signed."""
    every = json.loads(VECTORS.read_text())["vectors"]
    vectors = [vector for vector in every if vector["provider"] == "meta"]
    assert len(vectors) >= 6
    for vector in vectors:
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        request = Received(vector["url"], headers, vector["body"].encode())
        assert genuine(request, vector["key"]) == vector["valid"], vector["id"]
