"""A request to send a WhatsApp message through Meta's Cloud API, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.sandbox.numbers import is_e164

MOST_CHARACTERS = 4096
MOST_OPAQUE = 512
INVALID, MISSING, GENERIC, UNSUPPORTED, ONESELF, NO_TEMPLATE = (
    131009, 131008, 100, 131051, 131021, 132001,
)  # fmt: skip
_REFUSED_NUMBER = "+15005550001"


class WhatsAppOrderError(ValueError):
    """HTTP 400 (404 for a template that is not there) with one of Meta's codes; holds nothing of
    the request."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.status = 404 if code == NO_TEMPLATE else 400


@dataclass(frozen=True, slots=True)
class WhatsAppOrder:
    """One message. `asked` is the recipient as given, `to` in E.164 form; `template` is the name of
    a template, empty for free words, which need an open window."""

    asked: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    template: str
    opaque: str


def read_order(body: object, sender: str) -> WhatsAppOrder:
    """Check a JSON body. Raises WhatsAppOrderError."""
    if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
        raise WhatsAppOrderError(GENERIC, "The parameter messaging_product is required.")
    asked = body.get("to")
    if not isinstance(asked, str) or not asked:
        raise WhatsAppOrderError(GENERIC, "The parameter to is required.")
    digits = "".join(character for character in asked if character not in "+-() ")
    to = f"+{digits}"
    if not is_e164(to) or to == _REFUSED_NUMBER:
        raise WhatsAppOrderError(INVALID, "to is not a valid number")
    if to == sender:
        raise WhatsAppOrderError(ONESELF, "Sender and recipient are the same")
    opaque = body.get("biz_opaque_callback_data", "")
    if not isinstance(opaque, str) or len(opaque) > MOST_OPAQUE:
        raise WhatsAppOrderError(GENERIC, "biz_opaque_callback_data is not valid")
    kind = body.get("type", "text")
    if kind == "text":
        return WhatsAppOrder(asked, to, _words(body.get("text")), "", opaque)
    if kind == "template":
        name, text = _template(body.get("template"))
        return WhatsAppOrder(asked, to, text, name, opaque)
    raise WhatsAppOrderError(UNSUPPORTED, "type must be text or template")


def _words(text: object) -> str:
    words = text.get("body") if isinstance(text, dict) else None
    if not isinstance(words, str) or not words.strip():
        raise WhatsAppOrderError(GENERIC, "The parameter text['body'] is required.")
    if len(words) > MOST_CHARACTERS:
        raise WhatsAppOrderError(GENERIC, f"text['body'] is longer than {MOST_CHARACTERS}")
    return words


def _template(template: object) -> tuple[str, str]:
    """The name, and for the ledger `name (language): parameter, parameter`."""
    if not isinstance(template, dict):
        raise WhatsAppOrderError(MISSING, "template is missing")
    name, language = template.get("name"), template.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not isinstance(name, str) or not name or not isinstance(code, str) or not code:
        raise WhatsAppOrderError(MISSING, "template needs a name and a language with a code")
    if name.startswith("missing"):
        raise WhatsAppOrderError(NO_TEMPLATE, "There is no such template in this language")
    parameters = [
        str(parameter.get("text", ""))
        for component in _objects(template.get("components"))
        for parameter in _objects(component.get("parameters"))
    ]
    return name, f"{name} ({code}): {', '.join(parameters)}" if parameters else f"{name} ({code})"


def _objects(listed: object) -> list[Mapping[str, Any]]:
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise WhatsAppOrderError(INVALID, "components and parameters must be lists of objects")
    return listed
