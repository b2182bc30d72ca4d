"""The two ways in which callbacks prove who sent them, done by the providers' own libraries."""

import base64
import secrets
from collections.abc import Mapping

from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator

from gateway.sandbox.behaviour import Signing
from gateway.sandbox.config import TwilioAccount, VoiceClient
from gateway.sandbox.wallclock import now

STANDARD_PREFIX = "whsec_"


class TwilioSigner:
    """Makes X-Twilio-Signature with an account's current, a made-up or its previous auth token."""

    def __init__(self, account: TwilioAccount) -> None:
        self._validators = {
            Signing.CURRENT: RequestValidator(account.token),
            Signing.STALE: RequestValidator(account.stale_token or secrets.token_hex(16)),
            Signing.FORGED: RequestValidator(secrets.token_hex(16)),
        }

    def sign(self, signing: Signing, url: str, params: Mapping[str, str]) -> str:
        """The signature over this URL, which has no fragment, and these form parameters."""
        return str(self._validators[signing].compute_signature(url, params))


class WebhookSigner:
    """Standard Webhooks headers for a `whsec_` secret; else the secret itself, as a bearer."""

    def __init__(self, client: VoiceClient) -> None:
        current = client.webhook_secret
        self._secrets = {
            Signing.CURRENT: current,
            Signing.STALE: client.stale_webhook_secret or _unknown_secret(current),
            Signing.FORGED: _unknown_secret(current),
        }
        self._webhooks = {
            signing: Webhook(secret)
            for signing, secret in self._secrets.items()
            if secret.startswith(STANDARD_PREFIX)
        }

    def headers(self, signing: Signing, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers for one attempt: the id stays, the timestamp (Unix seconds) is new."""
        webhook = self._webhooks.get(signing)
        if webhook is None:
            return {"Authorization": f"Bearer {self._secrets[signing]}"}
        moment = now()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": webhook.sign(message_id, moment, body.decode()),
        }


def _unknown_secret(like: str) -> str:
    """A random secret that proves in the same way as this one."""
    if like.startswith(STANDARD_PREFIX):
        return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode("ascii")
    return secrets.token_hex(16)
