"""The SendGrid accounts that a sandbox plays, and where their events go."""

import hmac

from gateway.sandbox.account_webhook import AccountWebhook
from gateway.sandbox.config import SendGridAccount
from gateway.sandbox.sendgrid.events import EventWriter
from gateway.sandbox.sendgrid.signing import EventSigner
from gateway.sandbox.stage import Stage

PROVIDER = "sendgrid"
EVENT_PATH = "/webhooks/sendgrid/events"
EXTENSION = "ringback-sandbox-sendgrid"


class Tenant:
    """One account with its key and its webhook."""

    def __init__(self, desk: "SendGrid", stage: Stage, account: SendGridAccount) -> None:
        self._key = account.key
        self.signer = EventSigner(account.signing_key)
        writer = EventWriter(self.signer)
        self.webhook = AccountWebhook(stage, PROVIDER, lambda: desk.event_url, writer)

    def has_key(self, key: str) -> bool:
        """Whether this is the account's API key."""
        return hmac.compare_digest(key.encode(), self._key.encode())


class SendGrid:
    """All accounts. `event_url` is the one address that events are posted to; at first it is that
    of the gateway."""

    def __init__(self, stage: Stage) -> None:
        config = stage.config
        self.event_url = config.gateway_url.rstrip("/") + EVENT_PATH
        self.tenants = tuple(Tenant(self, stage, each) for each in config.sendgrid_accounts)

    def tenant(self, key: str) -> Tenant | None:
        """The account with this API key."""
        return next((tenant for tenant in self.tenants if tenant.has_key(key)), None)
