"""The Twilio accounts of this installation and how each is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.settings import InvalidSettings, Settings

_TWILIO = "https://api.twilio.com"


@dataclass(frozen=True)
class Account:
    """One account. `senders` are its numbers (E.164) by channel; `tokens` its Auth Tokens by name,
    the current one first."""

    sid: str
    mode: str
    base_url: str
    senders: Mapping[str, str | None] = field(repr=False)
    tokens: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def token(self) -> str:
        """The Auth Token that requests are made with."""
        return self.tokens[0][1]


def configured(settings: Settings) -> tuple[Account, ...]:
    """The live account when there is one, and the sandbox's when there is a sandbox. A test account
    knows no address but the sandbox's. Raises InvalidSettings when both have one SID or token."""
    found: list[Account] = []
    if settings.twilio_account_sid and settings.twilio_auth_token:
        tokens = [("current", settings.twilio_auth_token)]
        if settings.twilio_auth_token_previous:
            tokens.append(("previous", settings.twilio_auth_token_previous))
        base = settings.twilio_api_base_url or _TWILIO
        number = settings.twilio_from_number
        senders = {"voice": number, "sms": number, "whatsapp": settings.twilio_whatsapp_from}
        found.append(Account(settings.twilio_account_sid, "live", base, senders, tuple(tokens)))
    if settings.sandbox_url:
        shared = settings.sandbox_credentials
        _apart(found, shared["account_sid"], shared["auth_token"])
        tokens = [("current", shared["auth_token"])]
        senders = dict.fromkeys(("voice", "sms", "whatsapp"), settings.sandbox_from_number)
        found.append(
            Account(shared["account_sid"], "test", settings.sandbox_url, senders, tuple(tokens))
        )
    return tuple(found)


def _apart(others: list[Account], sid: str, token: str) -> None:
    for other in others:
        if other.sid == sid or token in dict(other.tokens).values():
            why = "and SANDBOX_AUTH_TOKEN must differ from Twilio's own"
            raise InvalidSettings({"SANDBOX_ACCOUNT_SID": why})
