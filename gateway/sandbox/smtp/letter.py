"""A message as it came over SMTP, read as far as the ledger tells of it."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid

from gateway.sandbox.mailboxes import DOMAIN


@dataclass(frozen=True, slots=True)
class Letter:
    """`text` is the plain part, empty where there is none; `unsubscribe_url` is the first web
    address of List-Unsubscribe (RFC 8058)."""

    message_id: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str


def read_letter(content: bytes) -> Letter:
    """Read a message (RFC 5322). One without a Message-ID is given one, as a server does."""
    message = message_from_bytes(content, EmailMessage, policy=policy.default)
    return Letter(
        message_id=str(message["Message-ID"] or make_msgid(domain=DOMAIN)).strip(),
        subject=str(message["Subject"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        unsubscribe_url=unsubscribe_url(str(message["List-Unsubscribe"] or "")),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except LookupError:  # a character set that nobody knows
        text = bytes(part.get_payload(decode=True) or b"").decode(errors="replace")
    return text.replace("\r\n", "\n").removesuffix("\n")


def unsubscribe_url(header: str) -> str:
    """The first http or https address in a List-Unsubscribe header; empty without one."""
    targets = (target.strip().strip("<>") for target in header.split(","))
    return next((url for url in targets if url.startswith(("http://", "https://"))), "")
