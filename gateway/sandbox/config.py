"""What a sandbox needs to know before it can play a provider."""

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path


def _random_token() -> str:
    return secrets.token_hex(16)


def _random_webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything is given by whoever starts the sandbox; nothing is read from the environment.

    All durations are seconds. `webhook_secret` starting with `whsec_` makes the generic provider
    sign by Standard Webhooks; any other text is sent as a bearer secret. The stale secrets are the
    ones from before a rotation, used by the number ending in 0131.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    gateway_url: str
    voice_api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    ledger_path: Path
    stale_auth_token: str = field(default_factory=_random_token, repr=False)
    stale_webhook_secret: str = field(default_factory=_random_webhook_secret, repr=False)
    ring_seconds: float = 0.15
    talk_seconds: float = 0.25
    number_delay: float = 30.0
    transcript_delay: float = 20.0
    hang_seconds: float = 60.0
    senders: int = 16
