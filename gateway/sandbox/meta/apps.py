"""The apps at Meta that a sandbox plays, and where their webhooks go."""

import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

import requests

from gateway.sandbox.account_webhook import AccountWebhook, Told
from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.config import MetaApp
from gateway.sandbox.meta.events import UNDELIVERABLE, WINDOW_CLOSED, EventWriter, received
from gateway.sandbox.meta.orders import WhatsAppOrder
from gateway.sandbox.numbers import Throttle
from gateway.sandbox.stage import Stage
from gateway.sandbox.wallclock import now

PROVIDER = "meta"
WEBHOOK_PATH = "/webhooks/meta/events"
EXTENSION = "ringback-sandbox-meta"
WINDOW = timedelta(hours=24)
HANDSHAKE_SECONDS = 10.0
# Twilio's numbers that can't be reached, or not by messages.
_UNREACHABLE = ("+15005550002", "+15005550009")


class Tenant:
    """One app with its sender, its webhook, and the people who wrote to it."""

    def __init__(self, desk: "Meta", stage: Stage, app: MetaApp) -> None:
        self.app = app
        self.throttle = Throttle()
        self.webhook = AccountWebhook(stage, PROVIDER, lambda: desk.webhook_url, EventWriter(app))
        self._lock = Lock()
        self._wrote: dict[str, datetime] = {}
        self._last_name: str | None = None

    def has_token(self, token: str) -> bool:
        """Whether this is the app's access token."""
        return hmac.compare_digest(token.encode(), self.app.access_token.encode())

    def behaviour(self, stage: Stage, order: WhatsAppOrder) -> Behaviour:
        """The fate of a message: as the number has it, or a fault in force. Free words fail where
        a window is asked for that is not open."""
        own = stage.behaviour(PROVIDER, order.to, self.throttle, "message")
        if order.to in _UNREACHABLE:
            return replace(own, name="unreachable", outcome="failed", error_code=UNDELIVERABLE)
        if not own.windowed:
            return own
        with self._lock:
            wrote = self._wrote.get(order.to)
        if order.template or (wrote is not None and now() - wrote < WINDOW):
            name = "delivered" if own.name == "outside_window" else own.name
            return replace(own, name=name, outcome="delivered", error_code=None, windowed=False)
        return replace(own, outcome="failed", error_code=WINDOW_CLOSED)

    def hear(self, sender: str, text: str, media: int = 0, reply_to: str = "") -> list[Told]:
        """A person writes: their window is open from now on. What the webhook has to tell."""
        moment = now()
        with self._lock:
            self._wrote[sender] = moment
        return received(sender, text, moment, media, reply_to, self.app.number)

    def swap_last_name(self, name: str) -> str:
        """Remember this message and give the one before it (itself, if it is the first)."""
        with self._lock:
            previous, self._last_name = self._last_name or name, name
            return previous


class Meta:
    """All apps. `webhook_url` is the one address that everything is posted to; at first it is that
    of the gateway."""

    def __init__(self, stage: Stage) -> None:
        self.webhook_url = stage.config.gateway_url.rstrip("/") + WEBHOOK_PATH
        self.tenants = tuple(Tenant(self, stage, app) for app in stage.config.meta_apps)

    def tenant(self, token: str) -> Tenant | None:
        """The app with this access token."""
        return next((tenant for tenant in self.tenants if tenant.has_token(token)), None)

    def of_number(self, number: str) -> Tenant | None:
        """The app that sends from this number; the first one for an empty number."""
        matching = (each for each in self.tenants if number in ("", each.app.number))
        return next(matching, None)

    def subscribe(self, url: str) -> str | None:
        """Make this the address of the webhook, after the handshake that Meta begins such a change
        with; for a problem it says which, and nothing changes. An empty address posts nothing."""
        for tenant in self.tenants if url else ():
            problem = _handshake(url, tenant.app.verify_token)
            if problem is not None:
                return problem
        self.webhook_url = url
        return None


def _handshake(url: str, verify_token: str) -> str | None:
    challenge = str(secrets.randbelow(10**10))
    asked = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": verify_token,
    }
    try:
        answer = requests.get(url, params=asked, timeout=HANDSHAKE_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return "the address does not answer"
    if answer.status_code != 200:
        return f"the address answers the handshake with {answer.status_code}"
    if answer.text != challenge:
        return "the address does not give the challenge back"
    return None
