"""E-mail and Meta against the sandbox: two independent readings of each protocol agree."""

from urllib.parse import urlencode

import pytest
import requests

from gateway.domain.callback import Callback, EventKind
from gateway.domain.lifecycle import MessageState
from gateway.domain.provider import Provider, Result
from gateway.providers.meta import MetaProvider
from gateway.providers.sendgrid import SendGridProvider
from gateway.providers.smtp import SmtpProvider
from tests.providers.kits import FROM
from tests.providers.messages import MAIL_TO, MESSAGE, UNSUBSCRIBE, message
from tests.providers.play import Play

READS, UNREACHABLE = "+12025550100", "+15005550009"
BOUNCES, HANGS, LEAVES = (
    f"{name}@simulator.invalid" for name in ("bounce", "timeout", "unsubscribe")
)
M = MessageState


def ledger(play: Play) -> list[dict[str, object]]:
    answer = requests.get(f"{play.settings.sandbox_url}/sandbox/ledger", timeout=5)
    found: list[dict[str, object]] = answer.json()
    return found


def states(play: Play, provider: Provider, to: str, last: MessageState) -> list[str]:
    """Send one message and hear of it until the last of its states."""
    (channel,) = provider.channels
    placement = provider.place(message(provider, channel, to=to))
    assert placement.result is Result.ACCEPTED
    events = play.until(provider, lambda found: any(event.state is last for event in found))
    assert {event.external_id for event in events} == {placement.external_id}
    assert {event.attempt_id for event in events} == {MESSAGE}
    return sorted({str(event.state) for event in events})


@pytest.mark.row("C9")
def test_mail_plays_through_the_mail_server(play: Play) -> None:
    provider = SmtpProvider(play.settings)
    assert provider.check() is None
    placement = provider.place(message(provider, "email"))
    assert (placement.result, placement.settled) == (Result.ACCEPTED, True)
    (placed,) = ledger(play)
    assert placed["external_id"] == placement.external_id
    assert (placed["to"], placed["subject"]) == (MAIL_TO, "Amanhã às 9")
    assert placed["unsubscribe_url"] == UNSUBSCRIBE
    assert str(placed["text"]).rstrip() == "Olá, até amanhã às 9 <horas> & bom dia\n.\n..\nfim"


@pytest.mark.row("A4")
def test_mail_of_unknown_fate_was_taken_all_the_same(play: Play) -> None:
    provider = SmtpProvider(play.settings)
    assert provider.place(message(provider, "email", to=HANGS)).result is Result.UNKNOWN
    assert len(ledger(play)) == 1


@pytest.mark.row("C9")
def test_mail_plays_through_sendgrid(play: Play) -> None:
    provider = SendGridProvider(play.settings)
    assert provider.check() is None
    assert states(play, provider, MAIL_TO, M.READ) == ["delivered", "read", "sent"]
    (placed,) = ledger(play)
    assert placed["unsubscribe_url"] == UNSUBSCRIBE


def test_mail_that_bounces_says_so(play: Play) -> None:
    provider = SendGridProvider(play.settings)
    assert states(play, provider, BOUNCES, M.UNDELIVERED) == ["sent", "undelivered"]
    (bounce,) = (event for event in play.events(provider) if event.failure)
    assert bounce.failure is not None
    assert (bounce.failure.reason, bounce.failure.provider_code) == ("unreachable", "5.1.1")


@pytest.mark.row("C9")
def test_who_leaves_sendgrids_list_opts_out(play: Play) -> None:
    provider = SendGridProvider(play.settings)
    provider.place(message(provider, "email", to=LEAVES))
    play.until(provider, lambda found: any(event.kind is EventKind.OPT_OUT for event in found))


@pytest.mark.row("C9")
def test_whatsapp_plays_through_meta(play: Play) -> None:
    provider = MetaProvider(play.settings)
    assert provider.check() is None
    assert states(play, provider, READS, M.READ) == ["delivered", "read", "sent"]


def test_whatsapp_to_nobody_fails_with_metas_code(play: Play) -> None:
    provider = MetaProvider(play.settings)
    assert states(play, provider, UNREACHABLE, M.FAILED) == ["failed"]
    (failed,) = (event for event in play.events(provider) if event.failure)
    assert failed.failure is not None
    assert (failed.failure.reason, failed.failure.provider_code) == ("undeliverable", "131026")


def test_what_somebody_writes_to_metas_sender_is_read(play: Play) -> None:
    provider = MetaProvider(play.settings)
    person = {"provider": "meta", "channel": "whatsapp", "from": READS, "text": "1"}
    url = f"{play.settings.sandbox_url}/sandbox/inbound"
    assert requests.post(url, json=person, timeout=5).status_code == 201
    (event,) = play.until(provider, lambda found: bool(found))
    assert event.inbound is not None
    assert (event.inbound.from_, event.inbound.to, event.inbound.text) == (READS, FROM, "1")


@pytest.mark.row("F3")
def test_metas_handshake_is_answered(play: Play) -> None:
    provider = MetaProvider(play.settings)
    shared = play.settings.sandbox_credentials
    asked = {"hub.mode": "subscribe", "hub.challenge": "123", "hub.verify_token": ""}
    asked["hub.verify_token"] = shared["meta_verify_token"]
    (route,) = provider.routes
    assert route.challenge is not None
    callback = Callback("GET", "meta/events", "", urlencode(asked), {}, b"")
    assert route.challenge(callback) == "123"
