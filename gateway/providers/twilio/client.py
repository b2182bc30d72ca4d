"""Twilio's official SDK over our own transport."""

import threading
import time

import requests
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateway.providers.transport import Answer, Transport
from gateway.providers.twilio.accounts import Account


class Line(HttpClient):  # type: ignore[misc]
    """What the SDK speaks through for one task: every request of it goes to this account's own
    address and shares one deadline; the last answer is kept whole, headers included."""

    def __init__(self, transport: Transport, account: Account, *, placing: bool = False) -> None:
        self.is_async = False
        self.asked = False
        self.answer: Answer | None = None
        self._transport = transport
        self._address = account.base_url.rstrip("/") + "/"
        self._deadline = time.monotonic() + transport.deadline_seconds
        self._placing = placing

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request of the SDK. Raises NotSent and Unanswered."""
        # A list names its next page itself: credentials must not follow it to another host.
        if not uri.startswith(self._address):
            raise ValueError("the address is not this account's")
        request = requests.Request(
            method.upper(), uri, params=params, data=data, headers=headers, auth=auth
        )
        seconds = max(0.001, self._deadline - time.monotonic())
        self.asked = True
        self.answer = self._transport.send(request, seconds=seconds, placing=self._placing)
        return Response(self.answer.status, self.answer.text, self.answer.headers)


_kept = threading.local()


def client(account: Account, line: Line) -> Client:
    """The SDK for this account, over this line until it is asked for again in this thread: what it
    is made of is the same each time. The environment that it would read is replaced, since
    TWILIO_REGION and TWILIO_EDGE would change the host."""
    which = account.sid, account.token, account.base_url
    if getattr(_kept, "which", None) != which:
        made = Client(
            account.sid, account.token, http_client=line, environment={"TWILIO_ACCOUNT_SID": ""}
        )
        made.api.base_url = account.base_url
        _kept.which, _kept.client = which, made
    kept: Client = _kept.client
    kept.http_client = line
    return kept
