"""Whether something can be sent at all: which carrier and which sender serve a mode."""

from datetime import datetime

from gateway import settings
from gateway.domain.errors import NoProvider
from gateway.domain.provider import Provider
from gateway.models.sender import Sender
from gateway.providers import get, voice_default


def require_voice(organization_id: str, mode: str) -> None:
    """Raises NoProvider unless calls of this organization could be placed in this mode."""
    own = Sender.own(organization_id, mode, "voice")
    provider = get(own.provider) if own else voice_default()
    if provider.account(mode) is None or (own is None and _address(provider, mode) is None):
        missing = "SANDBOX_URL is not set" if mode == "test" else "no voice provider is set up"
        raise NoProvider(f"{missing}: calls in {mode} mode can't be placed")


def voice_sender(organization_id: str, mode: str, now: datetime) -> tuple[Provider, Sender]:
    """The carrier and the sender for an organization's calls: its own sender where it has one, else
    the configured number. Raises NoProvider."""
    provider = voice_default()
    account, address = provider.account(mode), _address(provider, mode)
    configured = (provider.name, account, address) if account and address else None
    sender = Sender.serving(organization_id, mode, "voice", configured)
    if sender is not None and sender.organization_id is not None:
        return get(sender.provider), sender
    if configured is None:
        raise NoProvider(f"no voice provider is set up for {mode} mode")
    return provider, Sender.shared(mode, "voice", *configured, _rate(mode), now, sender)


def in_use(provider: str, account: str) -> bool:
    """Whether any calls would be placed by this account as things are configured now."""
    voice = voice_default()
    shared = provider == voice.name and account in (voice.account("live"), voice.account("test"))
    return shared or Sender.any_own_at(provider, account)


def _address(provider: Provider, mode: str) -> str | None:
    """What stands for the line in our rows: the number, or the account of a carrier that calls
    from a number of its own choice."""
    return provider.sender(mode) or (provider.account(mode) if provider.own_numbers else None)


def _rate(mode: str) -> float | None:
    """Calls a second of a configured number. The carrier itself takes one a second and queues the
    rest for up to a day, past any use; a stand-in for it has no such queue."""
    configured = settings.current()
    if mode == "test":
        return None
    if configured.calls_per_second is not None:
        return configured.calls_per_second
    stand_in = configured.twilio_api_base_url is not None or configured.voice_provider != "twilio"
    return None if stand_in else 1.0
