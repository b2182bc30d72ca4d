"""Messages for the tests of the carriers that send them."""

from typing import Any

from gateway.domain.provider import MessageRequest, Provider
from gateway.domain.rendering import Rendered
from tests.providers.kits import FROM, PUBLIC_URL, TO

MESSAGE = "ml_0123456789abcdefghijklmnop"
MAIL_TO, MAIL_FROM = "ada@example.net", "hello@example.com"
UNSUBSCRIBE = f"{PUBLIC_URL}/unsubscribe/tok-{'x' * 90}"


def message(provider: Provider, channel: str, mode: str = "test", **changes: Any) -> MessageRequest:
    """One message of this channel; for e-mail with a subject, HTML and a way out."""
    email = channel == "email"
    values: dict[str, Any] = {
        "attempt_id": MESSAGE,
        "account": provider.account(mode, channel),
        "channel": channel,
        "to": MAIL_TO if email else TO,
        "from_": MAIL_FROM if email else FROM,
        "content": Rendered(
            text="Olá, até amanhã às 9 <horas> & bom dia\n.\n..\nfim",
            subject="Amanhã às 9" if email else None,
            html="<p>Olá</p>" if email else None,
        ),
        "locale": "pt-BR",
        "callback_base_url": PUBLIC_URL,
        "unsubscribe_url": UNSUBSCRIBE if email else None,
    }
    return MessageRequest(**{**values, **changes})
