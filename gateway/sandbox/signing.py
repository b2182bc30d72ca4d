"""The two ways in which callbacks prove who sent them, done by the providers' own libraries."""

import secrets
from collections.abc import Mapping

from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator

from gateway.sandbox.behaviour import Signing
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.wallclock import now

STANDARD_PREFIX = "whsec_"


class TwilioSigner:
    """Makes X-Twilio-Signature with the current, a made-up or the previous auth token."""

    def __init__(self, config: SandboxConfig) -> None:
        self._validators = {
            Signing.CURRENT: RequestValidator(config.auth_token),
            Signing.STALE: RequestValidator(config.stale_auth_token),
            Signing.FORGED: RequestValidator(secrets.token_hex(16)),
        }

    def sign(self, signing: Signing, url: str, params: Mapping[str, str]) -> str:
        """The signature over this URL, which has no fragment, and these form parameters."""
        return str(self._validators[signing].compute_signature(url, params))


class WebhookSigner:
    """Standard Webhooks headers for a `whsec_` secret; else the secret itself, as a bearer."""

    def __init__(self, config: SandboxConfig) -> None:
        standard = config.webhook_secret.startswith(STANDARD_PREFIX)
        self._webhooks: dict[Signing, Webhook] = {}
        self._bearers = {
            Signing.CURRENT: config.webhook_secret,
            Signing.STALE: config.stale_webhook_secret,
            Signing.FORGED: secrets.token_hex(16),
        }
        if standard:
            self._webhooks = {
                Signing.CURRENT: Webhook(config.webhook_secret),
                Signing.STALE: Webhook(config.stale_webhook_secret),
                Signing.FORGED: Webhook(secrets.token_bytes(24)),
            }

    def headers(self, signing: Signing, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers for one attempt: the id stays, the timestamp (Unix seconds) is new."""
        if not self._webhooks:
            return {"Authorization": f"Bearer {self._bearers[signing]}"}
        moment = now()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._webhooks[signing].sign(message_id, moment, body.decode()),
        }
