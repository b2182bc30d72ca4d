"""What the contract asks of a carrier: one request of the kit's channel."""

from typing import Any

from gateway.domain.provider import Provider, Request
from gateway.domain.rendering import Rendered
from tests.providers.kits import Kit, request
from tests.providers.messages import message


def wanted(kit: Kit, provider: Provider, text: str | None = None, **changes: Any) -> Request:
    """A request with these words, else with some of its own about "amanhã"."""
    if kit.channel == "voice":
        return request(provider, **({} if text is None else {"say": text}), **changes)
    if text is not None:
        changes["content"] = Rendered(text=text, subject="Amanhã")
    return message(provider, kit.channel, **changes)
