"""Whether a webhook comes from the voice provider: Standard Webhooks 1.0.0
(https://www.standardwebhooks.com) with a whsec_ secret, else the secret itself as bearer."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from gateway.domain.callback import Callback, Forbidden, Verified
from gateway.providers.voice_api.accounts import Account

TOLERANCE_SECONDS = 300

_TIMESTAMP = re.compile("[1-9][0-9]{0,10}")
_ID = re.compile("[!-~]{1,200}")
_SIGNATURES = re.compile("[^ ,]+,[^ ,]+(?: [^ ,]+,[^ ,]+)*")


def is_authentic(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether this secret proves the webhook. Never raises."""
    return signed_content(secret, headers, body, now) is not None


def signed_content(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> bytes | None:
    """The bytes that the secret vouches for, or None. A bearer vouches for the body."""
    try:
        given = {name.lower(): value for name, value in headers.items()}
        if secret.startswith("whsec_"):
            return _signed(secret, given, body, now)
        made = f"Bearer {secret}".encode()
        scheme, _, credentials = given["authorization"].partition(" ")
        sent = f"{scheme.capitalize()} {credentials.strip()}".encode("ascii")
        return body if hmac.compare_digest(made, sent) else None
    except Exception:  # noqa: BLE001 - whatever was sent to break this, it was not the provider
        return None


def verify(callback: Callback, now: datetime, accounts: tuple[Account, ...]) -> Verified:
    """Find the account whose secret proves the callback. Raises Forbidden."""
    for account in accounts:
        for key, secret in account.secrets:
            content = signed_content(secret, callback.headers, callback.body, now)
            if content is not None:
                return Verified((account.name,), key, hashlib.sha256(content).hexdigest())
    raise Forbidden("no webhook secret of ours proves this")


def _signed(secret: str, given: Mapping[str, str], body: bytes, now: datetime) -> bytes | None:
    """Own code in place of the library's verify(): that reads the wall clock, takes broken
    timestamps, raises on signatures without a comma, and knows text only."""
    identity, timestamp = given["webhook-id"], given["webhook-timestamp"]
    signatures = given["webhook-signature"]
    well_formed = _ID.fullmatch(identity) and _TIMESTAMP.fullmatch(timestamp)
    if not well_formed or not _SIGNATURES.fullmatch(signatures):
        return None
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        return None
    content = f"{identity}.{timestamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")  # more padding than needed is fine
    made = b"v1," + base64.b64encode(hmac.digest(key, content, "sha256"))
    matches = [hmac.compare_digest(made, sent.encode("ascii")) for sent in signatures.split(" ")]
    return content if key and any(matches) else None
