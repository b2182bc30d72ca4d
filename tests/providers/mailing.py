"""Sending one e-mail through a mail server of the tests."""

from typing import Any

from gateway.domain.provider import Placement
from gateway.providers.smtp import SmtpProvider
from gateway.settings import Settings
from tests.providers import kits
from tests.providers.mail_stand_in import Post, mail_server
from tests.providers.messages import MAIL_FROM, message
from tests.providers.stand_in import StandIn


def configured(url: str, **values: Any) -> Settings:
    """Live mail through the server at this stand-in's URL."""
    given = {"smtp_url": url.replace("http:", "smtp:") + "?starttls=never"}
    given["email_from"] = f"Salão Eve <{MAIL_FROM}>"
    return kits.settings(**{**given, **values})


def sent(
    post: Post | None = None, changes: dict[str, Any] | None = None, **answers: bytes
) -> Placement:
    """Send one message through a server that answers like this."""
    with StandIn(mail_server(post or Post(), answers)) as server:
        provider = SmtpProvider(configured(server.url))
        return provider.place(message(provider, "email", "live", **(changes or {})))
