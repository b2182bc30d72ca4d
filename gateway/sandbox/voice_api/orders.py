"""A request to the generic voice provider, read and checked (others.md 1)."""

from dataclasses import dataclass
from typing import Any

from gateway.sandbox.numbers import is_e164

MOST_CHARACTERS = 4000
_REFUSED_NUMBERS = frozenset(f"+1500555000{last}" for last in range(1, 5))


class VoiceOrderError(ValueError):
    """HTTP 422; the text names the field and holds none of its content."""


@dataclass(frozen=True, slots=True)
class VoiceOrder:
    """Whom to call and what to say; `metadata` comes back as it was given."""

    phone_number: str
    message: str
    metadata: dict[str, Any]


def read_voice_order(body: object) -> VoiceOrder:
    """Check a JSON body. Raises VoiceOrderError."""
    if not isinstance(body, dict):
        raise VoiceOrderError("the body must be a JSON object")
    number, message = body.get("phone_number"), body.get("message")
    metadata = body.get("metadata", {})
    if not isinstance(number, str) or not is_e164(number) or number in _REFUSED_NUMBERS:
        raise VoiceOrderError("phone_number must be a number in E.164 form that can be called")
    if not isinstance(message, str) or not 0 < len(message) <= MOST_CHARACTERS:
        raise VoiceOrderError(f"message must be a text of 1 to {MOST_CHARACTERS} characters")
    if not isinstance(metadata, dict):
        raise VoiceOrderError("metadata must be a JSON object")
    return VoiceOrder(number, message, metadata)
