"""Several accounts in one sandbox: each has its own calls, callbacks and signatures."""

from pathlib import Path

import pytest
import requests
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from twilio.base.exceptions import TwilioRestException

from gateway.sandbox.config import SandboxConfig, TwilioAccount, VoiceClient
from tests.sandbox.conftest import ACCOUNT, SECRET, Start
from tests.sandbox.receiver import Received
from tests.sandbox.running import SAY, SENDER, Running, scenario, transcribed
from tests.sandbox.test_callbacks import signed_by

LIVE = TwilioAccount("AC" + "fedcba9876543210" * 2, "live-token", "live-token-before")
LIVE_SECRET = "whsec_" + "bGl2ZSBzZWNyZXQgb2YgdGhlIHRlc3Rz"
STALE_SECRET = "whsec_" + "c3RhbGUgc2VjcmV0IG9mIHRoZSB0ZXN0"
CLIENTS = (
    VoiceClient("voice-key", SECRET),
    VoiceClient("live-key", LIVE_SECRET, STALE_SECRET),
)


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start(accounts=(ACCOUNT, LIVE), voice_clients=CLIENTS)


def of(received: list[Received], account: TwilioAccount) -> list[Received]:
    return [request for request in received if request["AccountSid"] == account.sid]


def proved(request: Received, secret: str) -> bool:
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


def test_every_callback_of_a_call_names_its_account_and_is_signed_with_its_token(
    sandbox: Running,
) -> None:
    twiml = transcribed(f"{sandbox.receiver.url}/transcript")
    sids = {
        account.sid: sandbox.call(scenario("0100"), account, twiml=twiml).sid
        for account in (ACCOUNT, LIVE)
    }
    received = sandbox.receiver.wait_for(16)

    for account, other in ((ACCOUNT, LIVE), (LIVE, ACCOUNT)):
        own = of(received, account)
        assert len(own) == 8
        assert {request["CallSid"] for request in own} == {sids[account.sid]}
        assert all(signed_by(account.token, request) for request in own)
        assert not any(signed_by(other.token, request) for request in own)


@pytest.mark.parametrize("account", [ACCOUNT, LIVE])
def test_a_stale_signature_is_made_with_the_previous_token_of_the_same_account(
    sandbox: Running, account: TwilioAccount
) -> None:
    assert account.stale_token
    sandbox.call(scenario("0131"), account)
    received = sandbox.receiver.wait_for(4)
    assert all(signed_by(account.stale_token, request) for request in received)


def test_a_forged_signature_matches_no_token_of_any_account(sandbox: Running) -> None:
    sandbox.call(scenario("0130"), LIVE)
    tokens = [token for known in (ACCOUNT, LIVE) for token in (known.token, known.stale_token)]
    for request in sandbox.receiver.wait_for(4):
        assert not any(signed_by(token or "", request) for token in tokens)


def test_an_account_without_a_stale_token_signs_by_one_that_nobody_knows(start: Start) -> None:
    fresh = TwilioAccount(LIVE.sid, LIVE.token)
    sandbox = start(accounts=(ACCOUNT, fresh))
    sandbox.call(scenario("0131"), fresh)
    for request in sandbox.receiver.wait_for(4):
        assert not any(signed_by(t, request) for t in (LIVE.token, ACCOUNT.token, "", "None"))


def test_an_account_neither_lists_nor_touches_the_calls_of_another(start: Start) -> None:
    sandbox = start(accounts=(ACCOUNT, LIVE), ring_seconds=30.0)
    sid = sandbox.call(scenario("0100"), LIVE).sid
    call = sandbox.client().calls(sid)

    for touch in (call.fetch, call.delete, lambda: call.update(status="canceled")):
        with pytest.raises(TwilioRestException) as refusal:
            touch()
        assert (refusal.value.status, refusal.value.code) == (404, 20404)
    assert sandbox.client().calls.list() == []
    assert sandbox.client().calls.list(to=scenario("0100")) == []
    (listed,) = sandbox.client(account=LIVE).calls.list(to=scenario("0100"))
    fetched = sandbox.client(account=LIVE).calls(sid).fetch()
    assert (listed.sid, fetched.account_sid, fetched.status) == (sid, LIVE.sid, "queued")
    assert f"/Accounts/{LIVE.sid}/" in fetched.uri


def test_another_accounts_path_is_not_found(sandbox: Running) -> None:
    path = sandbox.calls_url.replace(ACCOUNT.sid, LIVE.sid)
    form = {"To": scenario("0100"), "From": SENDER, "Twiml": SAY}
    answer = requests.post(path, data=form, auth=sandbox.auth(), timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert sandbox.look("ledger") == []


@pytest.mark.parametrize("token", ["wrong", ACCOUNT.token, LIVE.stale_token])
def test_only_an_accounts_own_current_token_lets_it_in(sandbox: Running, token: str) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        sandbox.client(token, LIVE).calls.create(to=scenario("0100"), from_=SENDER, twiml=SAY)
    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    assert sandbox.look("ledger") == []


def test_the_call_that_a_wrong_answer_names_is_one_of_the_same_account(sandbox: Running) -> None:
    sandbox.call(scenario("0100"))
    first = sandbox.call(scenario("0100"), LIVE).sid
    sandbox.call(scenario("0100"))
    sandbox.fault(behaviour="same_sid", next=1)
    assert sandbox.call(scenario("0100"), LIVE).sid == first


@pytest.mark.parametrize(
    ("key", "secret", "other"),
    [("voice-key", SECRET, LIVE_SECRET), ("live-key", LIVE_SECRET, SECRET)],
)
def test_a_webhook_is_signed_with_the_secret_of_whose_key_placed_the_call(
    sandbox: Running, key: str, secret: str, other: str
) -> None:
    assert sandbox.voice(scenario("0100"), key).status_code == 201
    (webhook,) = sandbox.receiver.wait_for(1)
    assert proved(webhook, secret)
    assert not proved(webhook, other)


def test_a_stale_webhook_is_signed_with_the_previous_secret_of_its_client(
    sandbox: Running,
) -> None:
    sandbox.voice(scenario("0131"), "live-key")
    (webhook, *_) = sandbox.receiver.wait_for(1)
    assert proved(webhook, STALE_SECRET)


def test_each_client_is_throttled_by_itself(sandbox: Running) -> None:
    keys = ("voice-key", "live-key", "voice-key", "voice-key", "live-key")
    answers = [sandbox.voice(scenario("0112"), key).status_code for key in keys]
    assert answers == [429, 429, 429, 201, 429]


@pytest.mark.parametrize(
    ("accounts", "clients", "what"),
    [
        ((LIVE, TwilioAccount(LIVE.sid, "other-token")), CLIENTS, "SID"),
        ((LIVE,), (CLIENTS[0], VoiceClient("voice-key", LIVE_SECRET)), "key"),
    ],
)
def test_accounts_that_cannot_be_told_apart_are_refused(
    accounts: tuple[TwilioAccount, ...],
    clients: tuple[VoiceClient, ...],
    what: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=f"the same {what}") as refusal:
        SandboxConfig(accounts, clients, "http://127.0.0.1:1", tmp_path / "ledger.jsonl")
    assert "token" not in str(refusal.value)
