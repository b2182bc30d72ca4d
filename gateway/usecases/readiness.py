"""Whether something can be sent at all: which carrier and which sender serve a channel and mode."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from gateway import settings
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import NoProvider
from gateway.domain.provider import Provider
from gateway.models.hold import channel_scope
from gateway.models.notification import Notification
from gateway.models.sender import Sender, Wanted
from gateway.providers import for_channel, get

_TAKEN_IF_USABLE = ("booking", "request")


def require(
    organization_id: str,
    mode: str,
    plans: Iterable[Iterable[str]],
    own: Mapping[str, str] | None = None,
) -> None:
    """Raises NoProvider unless this organization could send on one channel at least of each of
    these plans. `own` are the providers of its own senders by channel, where that is known."""
    wanted = {tuple(plan) for plan in plans}
    known = {
        channel: usable(organization_id, mode, channel)
        if own is None
        else _usable(mode, channel, own.get(channel))
        for channel in {channel for plan in wanted for channel in plan}
    }
    for plan in sorted(wanted):
        if not any(known[channel] for channel in plan):
            stand_in = mode == "test" and settings.current().sandbox_url is None
            missing = "SANDBOX_URL is not set" if stand_in else "no provider is set up"
            raise NoProvider(f"{missing}: nothing can be sent by {plan[0]} in {mode} mode")


def usable(organization_id: str, mode: str, channel: str) -> bool:
    """Whether this organization could send on a channel."""
    own = Sender.own(organization_id, mode, channel)
    return _usable(mode, channel, own.provider if own else None)


def _usable(mode: str, channel: str, own: str | None) -> bool:
    """The same where the provider of its own sender is known."""
    provider = get(own) if own else for_channel(channel)
    if provider.account(mode, channel) is None:
        return False
    return own is not None or _address(provider, mode, channel) is not None


def sender_for(
    organization_id: str, mode: str, channel: str, now: datetime
) -> tuple[Provider, Sender]:
    """The carrier and the sender for what an organization sends on a channel: its own sender where
    it has one, else the configured address. Raises NoProvider."""
    provider, configured = for_channel(channel), _configured(mode, channel)
    sender = Sender.serving(organization_id, mode, channel, configured)
    if sender is not None and sender.organization_id is not None:
        provider = get(sender.provider)
        if provider.account(mode, channel) is None:
            raise NoProvider(f"{provider.name} is not set up for {mode} mode")
        return provider, sender
    if configured is None:
        raise NoProvider(f"no {channel} provider is set up for {mode} mode")
    rate = _rate(mode, channel)
    return provider, Sender.shared(mode, channel, *configured, rate, now, sender)


def wanted(row: Notification) -> Wanted:
    """What is looked for to serve a notification's step."""
    mode, channel = row.mode, row.channel
    return Wanted(row.organization_id, mode, channel, _configured(mode, channel))


def _configured(mode: str, channel: str) -> tuple[str, str, str] | None:
    """The shared sender of a channel by the settings: provider, account, address."""
    provider = for_channel(channel)
    account, address = provider.account(mode, channel), _address(provider, mode, channel)
    return (provider.name, account, address) if account and address else None


def is_lost(row: Notification) -> bool:
    """Whether the channel of a notification's step, which can't be used now, could be before, and
    is the last of its plan. What was booked or asked for on this channel alone was only taken since
    it could be used; else a sender is known."""
    if row.step + 1 < len(row.plan):
        return False
    alone = len(row.plan) == 1 and row.subject_type in _TAKEN_IF_USABLE
    return alone or Sender.ever(row.organization_id, row.mode, row.channel)


def unserved(row: Notification) -> str:
    """The name under which a notification waits for its channel to be usable again."""
    own = Sender.own(row.organization_id, row.mode, row.channel)
    return channel_scope(row.mode, row.channel, row.organization_id if own else None)


def served_again(scope: str) -> bool:
    """Whether the channel that rows wait for under this name can be used by now."""
    _, mode, channel, *organization = scope.split("|")
    return usable(organization[0] if organization else "", mode, channel)


def in_use(provider: str, account: str) -> bool:
    """Whether anything would be sent by this account as things are configured now."""
    shared = any(
        carrier.name == provider
        and account in (carrier.account("live", channel), carrier.account("test", channel))
        for channel in CHANNELS
        if (carrier := for_channel(channel))
    )
    return shared or Sender.any_own_at(provider, account)


def _address(provider: Provider, mode: str, channel: str) -> str | None:
    """What stands for the line in our rows: the address, or the account of a carrier that sends
    from one of its own choice."""
    own = provider.account(mode, channel) if provider.own_numbers else None
    return provider.sender(mode, channel) or own


def _rate(mode: str, channel: str) -> float | None:
    """What a configured sender sends a second. The carrier itself takes about that much and queues
    the rest for hours, past any use; a stand-in for it has no such queue."""
    configured = settings.current()
    if mode == "test" or channel == "email":
        return None
    if channel != "voice":
        return configured.messages_per_second
    if configured.calls_per_second is not None:
        return configured.calls_per_second
    stand_in = configured.twilio_api_base_url is not None or configured.voice_provider != "twilio"
    return None if stand_in else 1.0
