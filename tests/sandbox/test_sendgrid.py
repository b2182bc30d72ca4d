"""E-mail through SendGrid: one POST, and then signed batches of events."""

import json
from pathlib import Path

import pytest
import requests

from gateway.sandbox.config import SendGridAccount
from gateway.sandbox.sendgrid.signing import EventSigner
from tests.sandbox.conftest import Start
from tests.sandbox.mail_api import ACCOUNT, events, genuine, public_key, send, words
from tests.sandbox.receiver import Received
from tests.sandbox.running import Running

VECTORS = Path(__file__).parent / "data" / "signatures.json"


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start(sendgrid_accounts=(ACCOUNT, SendGridAccount("SG.two", "cd" * 31)))


def test_a_message_is_taken_and_its_events_are_posted_signed(sandbox: Running) -> None:
    answer = send(sandbox, headers={"List-Unsubscribe": "<https://example.com/u/1>"})
    told = events(sandbox, 3)
    message_id = answer.headers["X-Message-Id"]

    assert (answer.status_code, answer.content) == (202, b"")
    assert words(told) == ["processed", "delivered", "open"]
    assert all(event["attempt"] == "ml_1" for event in told)
    assert all(event["sg_message_id"].startswith(f"{message_id}.") for event in told)
    assert len({event["sg_event_id"] for event in told}) == 3
    for post in sandbox.receiver.received:
        assert post.url == f"{sandbox.receiver.url}/webhooks/sendgrid/events"
        assert post.body.endswith(b"]\r\n")
        assert genuine(post, public_key(sandbox))
    (row,) = sandbox.look("ledger")
    assert (row["kind"], row["provider"], row["channel"]) == ("message", "sendgrid", "email")
    assert (row["to"], row["text"]) == ("ann@example.com", "See you at ten — Zoë.")
    assert (row["external_id"], row["subject"]) == (message_id, "Your appointment")
    assert row["unsubscribe_url"] == "https://example.com/u/1"


def test_a_message_without_html_is_never_seen_to_be_opened(sandbox: Running) -> None:
    send(sandbox, content=[{"type": "text/plain", "value": "See you."}])
    assert words(events(sandbox, 2)) == ["processed", "delivered"]
    assert sandbox.receiver.stays_at(len(sandbox.receiver.received), 0.1)


@pytest.mark.parametrize(
    ("mailbox", "story"),
    [
        ("delivered", ["processed", "delivered", "open"]),
        ("bounce", ["processed", "bounce"]),
        ("complaint+label", ["processed", "delivered", "spamreport"]),
        ("ooto", ["processed", "delivered"]),
        ("unsubscribe", ["processed", "delivered", "unsubscribe"]),
        ("temp", ["processed", "deferred", "delivered", "open"]),
        ("early", ["delivered", "processed"]),
    ],
)
def test_the_mailbox_says_what_happens(sandbox: Running, mailbox: str, story: list[str]) -> None:
    requests.put(f"{sandbox.url}/sandbox/pace", json={"talk_seconds": 0.1}, timeout=5)
    send(sandbox, f"{mailbox}@simulator.invalid")
    assert words(events(sandbox, len(story))) == story


def test_an_event_told_twice_is_the_same_event(sandbox: Running) -> None:
    send(sandbox, "twice@simulator.invalid")
    told = events(sandbox, 6)
    assert len({event["sg_event_id"] for event in told}) == 3
    assert sorted(words(told)) == ["delivered", "delivered", "open", "open"] + ["processed"] * 2


def test_events_of_several_messages_come_in_one_post(sandbox: Running) -> None:
    people = [{"to": [{"email": f"{name}@example.com"}]} for name in ("ann", "ben", "cleo")]
    send(sandbox, personalizations=people)
    first = json.loads(sandbox.receiver.wait_for(1)[0].body)

    assert {event["email"] for event in first} == {
        "ann@example.com",
        "ben@example.com",
        "cleo@example.com",
    }
    assert [row["to"] for row in sandbox.look("ledger")] == [
        "ann@example.com",
        "ben@example.com",
        "cleo@example.com",
    ]


def test_a_post_that_is_not_taken_is_repeated(sandbox: Running) -> None:
    answers = iter([503, 204, 204])
    sandbox.receiver.reply = lambda request: (next(answers), "")
    send(sandbox, "ooto@simulator.invalid")
    first, second = sandbox.receiver.wait_for(2)
    assert first.body == second.body
    assert genuine(second, public_key(sandbox))


@pytest.mark.parametrize("behaviour", ["forged_signature", "stale_token"])
def test_a_signature_can_be_forged(sandbox: Running, behaviour: str) -> None:
    sandbox.fault(behaviour=behaviour, provider="sendgrid", next=1)
    send(sandbox)
    assert not genuine(sandbox.receiver.wait_for(1)[0], public_key(sandbox))


def test_each_account_signs_with_a_key_of_its_own(sandbox: Running) -> None:
    send(sandbox, key="SG.two")
    post = sandbox.receiver.wait_for(1)[0]
    ours, theirs = sandbox.look("sendgrid")["public_keys"]
    assert (genuine(post, ours), genuine(post, theirs)) == (False, True)


def test_the_signatures_are_those_of_the_official_library() -> None:
    """The same check that judges the simulator's signatures agrees with every vector."""
    vectors = [
        vector
        for vector in json.loads(VECTORS.read_text())["vectors"]
        if vector["provider"] == "sendgrid" and len(vector["headers"]) == 3
    ]
    assert len(vectors) >= 6
    for vector in vectors:
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        request = Received(vector["url"], headers, vector["body"].encode())
        assert genuine(request, vector["key"]) == vector["valid"], vector["id"]


def test_a_key_is_derived_from_its_number_alone() -> None:
    number = "ab" * 31
    assert EventSigner(number).public_key == EventSigner(number).public_key
    assert EventSigner(number).public_key != EventSigner("cd" * 31).public_key
