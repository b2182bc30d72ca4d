"""What every e-mail has, whoever carries it: addresses that work, a subject, a way out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import MessageRequest
from gateway.providers.reading import clean

LONGEST_ADDRESS = 320
LONGEST_SUBJECT = 200

_LOCAL = r"[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+(?:\.[^\x00-\x20\x7f()<>\[\]:;@\\,\".]+)*"
_DOMAIN = r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_URL = re.compile(r"https?://[!-~]{1,900}")
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Mailbox:
    """An address and the name shown with it, which may be empty."""

    address: str = field(repr=False)
    name: str = field(repr=False)


def mailbox(text: str) -> Mailbox:
    """A setting in the form `address` or `Name <address>`."""
    name, address = parseaddr(text)
    return Mailbox(address, name)


def address(text: str) -> str | None:
    """The address as the network takes it, with the domain in its ASCII form (IDNA); None when mail
    can't be sent there. The part before the @ may have any letters (RFC 6531)."""
    if len(text) > LONGEST_ADDRESS or not text.isprintable() or not _ADDRESS.fullmatch(text):
        return None
    local, _, domain = text.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None


def objection(request: MessageRequest) -> Failure | None:
    """Why a message can't be sent by anybody; None where nothing is wrong with it."""
    if address(request.to) is None:
        return Failure(FailureClass.PERMANENT, Reason.INVALID_ADDRESS)
    if address(request.from_) is None:
        return Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)
    if not clean(request.content.text).strip():
        return Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)
    return None


def subject(request: MessageRequest) -> str:
    """One line without control characters: the subject, else the beginning of the text."""
    line = _BLANKS.sub(" ", clean(request.content.subject or "")).strip()
    if not line:
        words = clean(request.content.text).strip().partition("\n")[0]
        line = _BLANKS.sub(" ", words).strip()
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def way_out(request: MessageRequest) -> Sequence[tuple[str, str]]:
    """The headers by which a mail program unsubscribes with one click (RFC 8058), where there is an
    address for it. Anything that could end a header is no such address."""
    url = request.unsubscribe_url
    if url is None or not _URL.fullmatch(url) or "<" in url or ">" in url:
        return ()
    return (
        ("List-Unsubscribe", f"<{url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
