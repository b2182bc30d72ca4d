"""A request to send e-mail through SendGrid, read and checked (v3 mail/send)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.sandbox.smtp.letter import unsubscribe_url

MOST_PERSONALIZATIONS = 1000
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


class MailOrderError(ValueError):
    """HTTP 400; names the field and holds none of its content."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person."""

    to: str = field(repr=False)
    sender: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    unsubscribe_url: str = field(repr=False)
    custom_args: Mapping[str, str]
    categories: tuple[str, ...]


def read_mails(body: object) -> list[Mail]:
    """Every message that a request asks for. Raises MailOrderError."""
    if not isinstance(body, dict):
        raise MailOrderError(None, "Bad Request")
    personalizations = body.get("personalizations")
    if not isinstance(personalizations, list) or not personalizations:
        raise MailOrderError("personalizations", "The personalizations field is required.")
    if len(personalizations) > MOST_PERSONALIZATIONS:
        raise MailOrderError("personalizations", "There are too many personalizations.")
    contents = _contents(body.get("content"))
    whole: dict[str, Any] = {
        "sender": _address(body.get("from"), "from"),
        "text": contents.get("text/plain", ""),
        "html": contents.get("text/html", ""),
        "categories": _categories(body),
    }
    mails: list[Mail] = []
    for number, personal in enumerate(personalizations):
        where = f"personalizations.{number}"
        if not isinstance(personal, dict):
            raise MailOrderError(where, "A personalization must be an object.")
        own: dict[str, Any] = {
            "subject": _subject(personal.get("subject", body.get("subject"))),
            "unsubscribe_url": _unsubscribe(_texts("headers", body, personal)),
            "custom_args": _texts("custom_args", body, personal),
        }
        mails += [Mail(to=to, **whole, **own) for to in _recipients(personal, where)]
    return mails


def _recipients(personal: Mapping[str, Any], where: str) -> Iterator[str]:
    listed = personal.get("to")
    if not isinstance(listed, list) or not listed:
        raise MailOrderError(f"{where}.to", "The to array is required, with at least one person.")
    for kind in ("to", "cc", "bcc"):
        for number, person in enumerate(personal.get(kind) or []):
            yield _address(person, f"{where}.{kind}.{number}")


def _address(person: object, where: str) -> str:
    given = person.get("email") if isinstance(person, dict) else None
    address = given.strip() if isinstance(given, str) else ""
    name, _, domain = address.rpartition("@")
    if not name or "." not in domain or any(character.isspace() for character in address):
        raise MailOrderError(f"{where}.email", "Does not contain a valid address.")
    return address


def _contents(listed: object) -> dict[str, str]:
    if not isinstance(listed, list) or not listed:
        raise MailOrderError("content", "There must be at least one content with a type and value.")
    contents: dict[str, str] = {}
    for number, part in enumerate(listed):
        kind = part.get("type") if isinstance(part, dict) else None
        value = part.get("value") if isinstance(part, dict) else None
        if not isinstance(kind, str) or "/" not in kind:
            raise MailOrderError(f"content.{number}.type", "The content type is required.")
        if not isinstance(value, str) or not value:
            raise MailOrderError(
                f"content.{number}.value", "The content value must be a string of some length."
            )
        if kind == "text/plain" and contents:
            raise MailOrderError("content", "text/plain must be the first content.")
        contents[kind] = value
    return contents


def _subject(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise MailOrderError("subject", "The subject is required.")
    return given


def _texts(name: str, *owners: Mapping[str, Any]) -> dict[str, str]:
    """What they give under this name; the later ones win."""
    texts: dict[str, str] = {}
    for owner in owners:
        given = owner.get(name) or {}
        if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
            raise MailOrderError(name, f"The values of {name} must be strings.")
        texts |= given
    return texts


def _unsubscribe(headers: Mapping[str, str]) -> str:
    named = {name.lower(): value for name, value in headers.items()}
    return unsubscribe_url(named.get("list-unsubscribe", ""))


def _categories(body: Mapping[str, Any]) -> tuple[str, ...]:
    given = body.get("categories") or []
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise MailOrderError("categories", "Categories must be strings.")
    return tuple(given)
