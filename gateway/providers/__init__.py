"""The carriers of this process: one folder each, one line each in `load`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.domain.callback import Route
from gateway.domain.provider import Provider
from gateway.providers.meta import MetaProvider
from gateway.providers.sendgrid import SendGridProvider
from gateway.providers.smtp import SmtpProvider
from gateway.providers.twilio import TwilioProvider
from gateway.providers.voice_api import VoiceApiProvider
from gateway.settings import Settings


@dataclass(frozen=True)
class _Registry:
    carriers: tuple[Provider, ...]
    defaults: Mapping[str, str]  # by channel


_registry: _Registry | None = None


def load(settings: Settings, extra: Sequence[Provider] = ()) -> None:
    """Build every carrier from the settings; again for other settings. `extra` are carriers of the
    caller's own making, such as one inside this process. Raises InvalidSettings when live and
    sandbox credentials can't be told apart."""
    global _registry
    carriers: tuple[Provider, ...] = (
        TwilioProvider(settings),
        VoiceApiProvider(settings),
        SmtpProvider(settings),
        SendGridProvider(settings),
        MetaProvider(settings),
        *extra,
    )
    # One assignment: a thread sees the old set or the new one, never a mixture.
    _registry = _Registry(carriers, _defaults(settings))


def all_providers() -> Sequence[Provider]:
    """Every carrier, configured or not. Raises RuntimeError before `load`."""
    return _loaded().carriers


def get(name: str) -> Provider:
    """The carrier of this name. Raises LookupError for a name without a carrier."""
    for carrier in _loaded().carriers:
        if carrier.name == name:
            return carrier
    raise LookupError(f"no carrier is named {name}")


def for_channel(channel: str) -> Provider:
    """The carrier of a channel where a sender names no other: VOICE_PROVIDER, Twilio for SMS,
    WHATSAPP_PROVIDER, EMAIL_PROVIDER. Raises LookupError for a channel that there is none of."""
    name = _loaded().defaults.get(channel)
    if name is None:
        raise LookupError(f"no carrier serves {channel}")
    return get(name)


def voice_default() -> Provider:
    """The carrier that places voice calls (VOICE_PROVIDER)."""
    return for_channel("voice")


def route(path: str) -> tuple[Provider, Route] | None:
    """The carrier and its webhook address for the path that follows /webhooks/."""
    for carrier in _loaded().carriers:
        for known in carrier.routes:
            if known.path == path:
                return carrier, known
    return None


def _defaults(settings: Settings) -> Mapping[str, str]:
    return {
        "voice": settings.voice_provider,
        "sms": "twilio",
        "whatsapp": settings.whatsapp_provider,
        "email": settings.email_provider or ("smtp" if settings.smtp_url else "sendgrid"),
    }


def _loaded() -> _Registry:
    if _registry is None:
        raise RuntimeError("providers.load(settings) was not called in this process")
    return _registry
