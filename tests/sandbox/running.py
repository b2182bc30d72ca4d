"""A sandbox on a loopback port, and the ways in which tests talk to it."""

from threading import Thread
from typing import Any
from xml.sax.saxutils import quoteattr

import requests
from twilio.rest import Client
from werkzeug.serving import make_server

from gateway.sandbox.app import create_app
from gateway.sandbox.config import SandboxConfig, TwilioAccount
from gateway.sandbox.stage import EXTENSION
from tests.sandbox.receiver import Receiver

SENDER = "+15005550006"
ALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
SAY = "<Response><Say>Hello there,</Say><Say>see you at noon.</Say></Response>"


def scenario(last: str) -> str:
    """The number whose fate field.md 5.4 fixes."""
    return f"+1202555{last}"


def transcribed(url: str, more: str = "", track: str = "both_tracks") -> str:
    """TwiML that says a sentence and has the call transcribed to the URL."""
    noun = f"<Transcription statusCallbackUrl={quoteattr(url)} track={quoteattr(track)} />"
    return f"<Response><Start>{noun}</Start><Say>See you at noon.</Say>{more}</Response>"


class Running:
    """The sandbox served by werkzeug with a thread per connection."""

    def __init__(self, config: SandboxConfig, receiver: Receiver) -> None:
        self.config = config
        self.receiver = receiver
        self._app = create_app(config)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.account, self.voice_client = config.accounts[0], config.voice_clients[0]
        self.messages_url = f"{self.url}/2010-04-01/Accounts/{self.account.sid}/Messages.json"
        self.calls_url = f"{self.url}/2010-04-01/Accounts/{self.account.sid}/Calls.json"

    def auth(self) -> tuple[str, str]:
        """The first account's user and password."""
        return self.account.sid, self.account.token

    def client(self, token: str | None = None, account: TwilioAccount | None = None) -> Any:
        """The official client, pointed here."""
        account = account or self.account
        client = Client(account.sid, token or account.token)
        client.api.base_url = self.url
        return client

    def call(self, to: str, account: TwilioAccount | None = None, **options: Any) -> Any:
        """Place a call with all events called back to the receiver."""
        options = {
            "twiml": SAY,
            "status_callback": f"{self.receiver.url}/status?attempt=a-1",
            "status_callback_event": ALL_EVENTS,
            **options,
        }
        return self.client(account=account).calls.create(to=to, from_=SENDER, **options)

    def post_call(self, **form: Any) -> requests.Response:
        """The same with a bare request; None removes a parameter."""
        data = {"To": scenario("0100"), "From": SENDER, "Twiml": SAY, **form}
        return requests.post(self.calls_url, data=data, auth=self.auth(), timeout=10)

    def message(self, to: str, account: TwilioAccount | None = None, **options: Any) -> Any:
        """Send a message whose states are called back to the receiver; on the channel of `to`."""
        sender = f"whatsapp:{SENDER}" if to.startswith("whatsapp:") else SENDER
        options = {
            "from_": sender,
            "body": "See you at noon.",
            "status_callback": f"{self.receiver.url}/webhooks/twilio/messages?attempt=a-1",
            **options,
        }
        return self.client(account=account).messages.create(to=to, **options)

    def post_message(self, **form: Any) -> requests.Response:
        """The same with a bare request; None removes a parameter."""
        data = {"To": scenario("0100"), "From": SENDER, "Body": "See you at noon.", **form}
        return requests.post(self.messages_url, data=data, auth=self.auth(), timeout=10)

    def write(self, sender: str, text: str = "", **letter: Any) -> requests.Response:
        """Have a person write to the sender of these messages."""
        to = f"whatsapp:{SENDER}" if sender.startswith("whatsapp:") else SENDER
        body = {"from": sender, "to": to, "text": text} | letter
        return requests.post(f"{self.url}/sandbox/inbound", json=body, timeout=10)

    def voice(self, number: str, key: str | None = None, **body: Any) -> requests.Response:
        """Place a call with the generic provider."""
        content = {
            "phone_number": number,
            "message": "See you at noon.",
            "metadata": {"reminder_id": "r-1"},
            **body,
        }
        bearer = {"Authorization": f"Bearer {key or self.voice_client.key}"}
        return requests.post(f"{self.url}/voice/calls", json=content, headers=bearer, timeout=10)

    def fault(self, **fault: Any) -> requests.Response:
        return requests.post(f"{self.url}/sandbox/faults", json=fault, timeout=10)

    def look(self, what: str) -> Any:
        """The JSON of one of the sandbox's own windows."""
        return requests.get(f"{self.url}/sandbox/{what}", timeout=10).json()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._app.extensions[EXTENSION].close()
