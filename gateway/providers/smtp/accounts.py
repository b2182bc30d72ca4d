"""The mail servers of this installation: the live one and the sandbox's."""

from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from gateway.providers.mail import Mailbox, mailbox
from gateway.settings import InvalidSettings, Settings

STARTTLS, FROM_THE_START, NEVER = "starttls", "from the start", "never"
_PORTS = {"smtp": 587, "smtps": 465}
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Account:
    """One server. `tls` says when encryption begins; without a user nobody logs in. `authorities`
    is a file of certificates that are trusted beside the system's."""

    name: str
    mode: str
    host: str
    port: int
    tls: str
    user: str | None = field(repr=False)
    password: str = field(repr=False)
    sender: Mailbox = field(repr=False)
    authorities: str | None = None


def configured(settings: Settings) -> tuple[Account, ...]:
    """Live when SMTP_URL is set, test when SANDBOX_SMTP_URL is. Raises InvalidSettings when both
    are one server, which could not tell test mail from live mail."""
    found: list[Account] = []
    if settings.smtp_url and settings.email_from:
        live = _account(settings.smtp_url, "live", settings.email_from)
        found.append(replace(live, authorities=settings.smtp_ca_file))
    if settings.sandbox_smtp_url:
        test = _account(settings.sandbox_smtp_url, "test", settings.sandbox_email_from)
        if any(test.name == live.name for live in found):
            problem = "must be another server than SMTP_URL"
            raise InvalidSettings({"SANDBOX_SMTP_URL": problem})
        found.append(replace(test, tls=NEVER))  # it holds no secrets and has no certificate
    return tuple(found)


def _account(url: str, mode: str, sender: str) -> Account:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    tls = FROM_THE_START if parts.scheme == "smtps" else STARTTLS
    if parts.query:
        tls = NEVER
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password or "")
    name = f"smtp:{host}:{port}"[:_LONGEST_NAME]
    return Account(name, mode, host, port, tls, user, password, mailbox(sender))
