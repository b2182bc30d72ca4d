"""The templates that everybody has: version 0 of each name, in each language."""

from gateway.domain.builtin_texts import TEXTS
from gateway.domain.templates import ANY, Template

# "name" is for any channel, "name/voice" is for calls; "name/messages" is for the two channels on
# which people answer with words.
_CHANNELS = {"": (ANY,), "voice": ("voice",), "messages": ("sms", "whatsapp")}


def _made() -> tuple[Template, ...]:
    return tuple(
        Template(name, channel, locale, 0, body, subject or None)
        for locale, texts in TEXTS.items()
        for key, (subject, body) in texts.items()
        for name, _, form in [key.partition("/")]
        for channel in _CHANNELS[form]
    )


BUILT_IN = _made()
NAMES = tuple(dict.fromkeys(one.name for one in BUILT_IN))


def of(name: str) -> list[Template]:
    """Ours of this name, in all languages and for all channels."""
    return [one for one in BUILT_IN if one.name == name]
