"""Sending messages (https://www.twilio.com/docs/messaging/api/message-resource)."""

import json

from twilio.rest import Client

from gateway.domain.provider import MessageRequest, Placement
from gateway.domain.rendering import Rendered
from gateway.providers.reading import clean
from gateway.providers.transport import Transport
from gateway.providers.twilio import addresses, placing
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.resources import MESSAGES

MOST_CHARACTERS = 1600  # of a Body; more is error 21617


def send(transport: Transport, account: Account | None, request: MessageRequest) -> Placement:
    """Create the message. Never raises; whatever goes wrong once the request may have left is
    UNKNOWN."""

    def create(twilio: Client) -> object:
        return twilio.messages.create(
            to=addresses.written(request.channel, request.to),
            from_=addresses.written(request.channel, request.from_),
            status_callback=placing.callback(request, "messages"),
            **_wording(request.channel, request.content),
        )

    return placing.ask(transport, account, request, MESSAGES.sid, create)


def _wording(channel: str, content: Rendered) -> dict[str, str]:
    """The approved template where there is one for WhatsApp, else the text itself."""
    if channel == "whatsapp" and content.content_id:
        variables = {name: clean(value) for name, value in content.content_variables.items()}
        found = {"content_sid": content.content_id}
        return found | ({"content_variables": json.dumps(variables)} if variables else {})
    text = clean(content.text)
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise placing.Unfit
    return {"body": text}
