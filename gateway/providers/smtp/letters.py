"""A message as it goes over the wire (RFC 5322, MIME), made with the standard library."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr

from gateway.domain.provider import MessageRequest
from gateway.providers import mail
from gateway.providers.reading import clean
from gateway.providers.smtp.accounts import Account


def message_id(request: MessageRequest) -> str:
    """The id that this attempt's mail has everywhere, angle brackets included (RFC 5322, 3.6.4):
    the attempt's own id at the sender's domain."""
    sender = mail.address(request.from_) or "invalid"
    return f"<{request.attempt_id}@{sender.rpartition('@')[2]}>"


def compose(
    request: MessageRequest, account: Account, now: datetime, *, international: bool
) -> bytes:
    """The whole message with CRLF line ends, not yet dot-stuffed. `international` allows headers in
    UTF-8 (RFC 6532). Raises ValueError for an address that no header can carry."""
    sender, to = mail.address(request.from_), mail.address(request.to)
    if sender is None or to is None:
        raise ValueError("not an address")
    name = account.sender.name if sender == mail.address(account.sender.address) else ""
    letter = EmailMessage(policy=SMTPUTF8 if international else SMTP)
    letter["From"] = formataddr((name, sender)) if sender.isascii() else sender
    letter["To"] = to
    letter["Subject"] = mail.subject(request)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(request)
    letter["Content-Language"] = request.locale
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
    letter.set_content(clean(request.content.text))
    if request.content.html is not None:
        letter.add_alternative(clean(request.content.html), subtype="html")
    # Written as they are: the library would break a long URL into encoded words.
    head = "".join(f"{name}: {value}\r\n" for name, value in mail.way_out(request))
    return head.encode("ascii") + letter.as_bytes()
