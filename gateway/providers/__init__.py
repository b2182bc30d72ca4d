"""The carriers of this process: one folder each, one line each in `load`."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.provider import Provider, Route
from gateway.providers.twilio import TwilioProvider
from gateway.providers.voice_api import VoiceApiProvider
from gateway.settings import Settings


@dataclass(frozen=True)
class _Registry:
    carriers: tuple[Provider, ...]
    voice: str


_registry: _Registry | None = None


def load(settings: Settings, extra: Sequence[Provider] = ()) -> None:
    """Build every carrier from the settings; again for other settings. `extra` are carriers of the
    caller's own making, such as one inside this process. Raises InvalidSettings when live and
    sandbox credentials can't be told apart."""
    global _registry
    carriers: tuple[Provider, ...] = (
        TwilioProvider(settings),
        VoiceApiProvider(settings),
        *extra,
    )
    # One assignment: a thread sees the old set or the new one, never a mixture.
    _registry = _Registry(carriers, settings.voice_provider)


def all_providers() -> Sequence[Provider]:
    """Every carrier, configured or not. Raises RuntimeError before `load`."""
    return _loaded().carriers


def get(name: str) -> Provider:
    """The carrier of this name. Raises LookupError for a name without a carrier."""
    for carrier in _loaded().carriers:
        if carrier.name == name:
            return carrier
    raise LookupError(f"no carrier is named {name}")


def voice_default() -> Provider:
    """The carrier that places voice calls (VOICE_PROVIDER)."""
    return get(_loaded().voice)


def route(path: str) -> tuple[Provider, Route] | None:
    """The carrier and its webhook address for the path that follows /webhooks/."""
    for carrier in _loaded().carriers:
        for known in carrier.routes:
            if known.path == path:
                return carrier, known
    return None


def _loaded() -> _Registry:
    if _registry is None:
        raise RuntimeError("providers.load(settings) was not called in this process")
    return _registry
