"""A sandbox on a loopback port, and the ways in which tests talk to it."""

from threading import Thread
from typing import Any
from xml.sax.saxutils import quoteattr

import requests
from twilio.rest import Client
from werkzeug.serving import make_server

from gateway.sandbox.app import create_app
from gateway.sandbox.config import SandboxConfig
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
        self.calls_url = f"{self.url}/2010-04-01/Accounts/{config.account_sid}/Calls.json"

    def client(self, token: str | None = None) -> Any:
        """The official client, pointed here."""
        client = Client(self.config.account_sid, token or self.config.auth_token)
        client.api.base_url = self.url
        return client

    def call(self, to: str, **options: Any) -> Any:
        """Place a call with all events called back to the receiver."""
        options = {
            "twiml": SAY,
            "status_callback": f"{self.receiver.url}/status?attempt=a-1",
            "status_callback_event": ALL_EVENTS,
            **options,
        }
        return self.client().calls.create(to=to, from_=SENDER, **options)

    def post_call(self, **form: Any) -> requests.Response:
        """The same with a bare request; None removes a parameter."""
        data = {"To": scenario("0100"), "From": SENDER, "Twiml": SAY, **form}
        auth = (self.config.account_sid, self.config.auth_token)
        return requests.post(self.calls_url, data=data, auth=auth, timeout=10)

    def voice(self, number: str, key: str | None = None, **body: Any) -> requests.Response:
        """Place a call with the generic provider."""
        content = {
            "phone_number": number,
            "message": "See you at noon.",
            "metadata": {"reminder_id": "r-1"},
            **body,
        }
        bearer = {"Authorization": f"Bearer {key or self.config.voice_api_key}"}
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
