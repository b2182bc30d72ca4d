"""What SendGrid refuses, what faults do to it, and the address of its events."""

from typing import Any

import pytest
import requests

from gateway.sandbox.config import SendGridAccount
from tests.sandbox.conftest import Start
from tests.sandbox.mail_api import ACCOUNT, send
from tests.sandbox.running import Running


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start(sendgrid_accounts=(ACCOUNT, SendGridAccount("SG.two", "cd" * 31)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": None}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "ann"}]}]}, "personalizations.0.to.0.email"),
        ({"from": None}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"custom_args": {"attempt": 7}}, "custom_args"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(
    sandbox: Running, change: dict[str, Any], field: str
) -> None:
    answer = send(sandbox, **change)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, field)
    assert set(error) == {"message", "field", "help"}
    assert sandbox.look("ledger") == []


def test_a_key_that_nobody_knows_is_refused(sandbox: Running) -> None:
    assert send(sandbox, key="SG.three").status_code == 401
    assert send(sandbox, key="SG.three").json()["errors"][0]["message"]
    scopes = f"{sandbox.url}/v3/scopes"
    stranger, known = ({"Authorization": f"Bearer {key}"} for key in ("SG.three", "SG.one"))
    assert requests.get(scopes, headers=stranger, timeout=5).status_code == 401
    assert requests.get(scopes, headers=known, timeout=5).json() == {"scopes": ["mail.send"]}
    assert sandbox.look("ledger") == []


@pytest.mark.parametrize(
    ("behaviour", "status", "placed"),
    [
        ("error_503", 503, 0),
        ("error_500_accepted", 500, 1),
        ("throttle_429", 429, 0),
        ("reject", 400, 0),
        ("bad_credentials", 401, 0),
    ],
)
def test_faults_befall_mail_too(sandbox: Running, behaviour: str, status: int, placed: int) -> None:
    sandbox.fault(behaviour=behaviour, provider="sendgrid", next=1)
    answer = send(sandbox)
    assert (answer.status_code, len(sandbox.look("ledger"))) == (status, placed)
    assert answer.json()["errors"][0]["message"]
    assert ("X-RateLimit-Reset" in answer.headers) is (status == 429)


@pytest.mark.parametrize(("mailbox", "placed"), [("timeout", 1), ("drop", 0)])
def test_nobody_knows_what_became_of_a_request_without_an_answer(
    start: Start, mailbox: str, placed: int
) -> None:
    sandbox = start(sendgrid_accounts=(ACCOUNT,), hang_seconds=0.2)
    answer = send(sandbox, f"{mailbox}@simulator.invalid")
    assert answer.status_code == 500  # this server hands no connection over; gunicorn breaks it
    assert len(sandbox.look("ledger")) == placed
    assert [request["status"] for request in sandbox.look("requests")] == [None]


def test_events_can_be_lost_or_come_before_the_answer(sandbox: Running) -> None:
    sandbox.fault(behaviour="lost_callbacks", next=1)
    send(sandbox)
    assert sandbox.receiver.stays_at(0, 0.1)
    sandbox.fault(behaviour="early_callbacks", next=1)
    send(sandbox)
    assert len(sandbox.receiver.received) == 2


def test_the_address_of_events_can_be_changed(sandbox: Running) -> None:
    address = f"{sandbox.url}/sandbox/sendgrid"
    elsewhere = {"event_url": f"{sandbox.receiver.url}/elsewhere"}
    assert (
        requests.post(address, json=elsewhere, timeout=5).json()["event_url"]
        == (elsewhere["event_url"])
    )
    send(sandbox)
    assert sandbox.receiver.wait_for(1)[0].url == elsewhere["event_url"]
    wrongs: list[Any] = [{"event_url": "elsewhere"}, {"event_url": 7}, {}, []]
    for wrong in wrongs:
        assert requests.post(address, json=wrong, timeout=5).status_code == 422
