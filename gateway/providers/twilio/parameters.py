"""A callback's parameters, each read strictly where it is used."""

import re

from gateway.domain.callback import Callback, Unreadable
from gateway.providers.reading import clean, count
from gateway.providers.twilio.callbacks import form, is_json

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Parameters:
    """The form of one callback. Raises Unreadable when it is none."""

    def __init__(self, callback: Callback) -> None:
        if is_json(callback.headers.get("content-type", "")):
            raise Unreadable("JSON events of Twilio are not handled yet")
        pairs = list(form(callback.body))
        try:
            self._values = {name.decode(): clean(value.decode()) for name, value in pairs}
        except UnicodeDecodeError:
            raise Unreadable("the body is not UTF-8") from None
        if len(self._values) < len(pairs):
            raise Unreadable("a parameter is repeated")

    def get(self, name: str) -> str | None:
        """The value; None when absent or empty."""
        return self._values.get(name) or None

    def sid(self, name: str, *prefixes: str) -> str:
        """A SID with one of these prefixes. Raises Unreadable."""
        value = self._values.get(name, "")
        if not is_sid(value, *prefixes):
            raise Unreadable(f"{name} is not a SID")
        return value

    def word(self, name: str) -> str:
        """A status word. Raises Unreadable."""
        value = self._values.get(name, "")
        if not _WORD.fullmatch(value):
            raise Unreadable(f"{name} is not a word")
        return value

    def sequence(self, name: str) -> int | None:
        """A running number when there is one. Raises Unreadable."""
        raw = self.get(name)
        if raw is not None and count(raw, 10**9) is None:
            raise Unreadable(f"{name} is not a number")
        return count(raw, 10**9)

    def code(self, name: str) -> str | None:
        """An error code; None when there is none, which Twilio also writes 0."""
        raw = self.get(name)
        return raw if raw != "0" and count(raw) is not None else None


def is_sid(text: str, *prefixes: str) -> bool:
    """Whether a text is a SID with one of these prefixes."""
    return bool(_SID.fullmatch(text)) and text[:2] in prefixes
